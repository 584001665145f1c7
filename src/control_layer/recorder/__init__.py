"""Journal → Postgres, exactly once; and how long it stays there."""

from control_layer.recorder.recorder import Recorder
from control_layer.recorder.retention import Keep, Retention

__all__ = ["Keep", "Recorder", "Retention"]
