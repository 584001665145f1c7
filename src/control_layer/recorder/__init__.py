"""Journal → Postgres, exactly once."""

from control_layer.recorder.recorder import Recorder

__all__ = ["Recorder"]
