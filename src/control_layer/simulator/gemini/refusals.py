"""How the Gemini API refuses a request."""

from __future__ import annotations

from control_layer.simulator.strictness import Refusal

__all__ = ["refusal"]


def refusal(message: str) -> Refusal:
    return Refusal(400, "INVALID_ARGUMENT", message)
