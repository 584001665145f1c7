"""Google's Gemini API, strict: https://ai.google.dev/api/generate-content, at `/gemini/v1beta/…`."""

from control_layer.simulator.gemini.api import API

__all__ = ["API"]
