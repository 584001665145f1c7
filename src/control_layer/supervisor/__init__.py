"""One host's processes: started, watched, started again, drained and ended. Sees both planes; neither sees it."""

from control_layer.supervisor.errors import CannotStart
from control_layer.supervisor.supervisor import Supervisor

__all__ = ["CannotStart", "Supervisor"]
