"""Journal → Postgres, exactly once; how it is added up, and how long it stays there."""

from control_layer.recorder.folding import Folding
from control_layer.recorder.recorder import Recorder
from control_layer.recorder.retention import Keep, Retention

__all__ = ["Folding", "Keep", "Recorder", "Retention"]
