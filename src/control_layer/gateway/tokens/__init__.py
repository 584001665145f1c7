"""Access tokens of endpoints whose credential is no token: got before the first request needs one, renewed long before
they expire.
"""

from __future__ import annotations

from control_layer.gateway.tokens.errors import TokenRefused, TokenUnavailable
from control_layer.gateway.tokens.source import TokenSource

__all__ = ["TokenRefused", "TokenSource", "TokenUnavailable"]
