"""Ollama's own API, strict: https://docs.ollama.com/api, at `/ollama/api/…`."""

from control_layer.simulator.ollama.api import API

__all__ = ["API"]
