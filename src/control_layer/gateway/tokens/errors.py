"""Why a request did not leave: there was no access token for its provider."""

from __future__ import annotations

from control_layer.wire import ExchangeError

__all__ = ["TokenRefused", "TokenUnavailable"]


class TokenUnavailable(ExchangeError):
    """Whoever gives tokens does not answer, or not in time."""


class TokenRefused(ExchangeError):
    """Whoever gives tokens refuses the endpoint's credential."""
