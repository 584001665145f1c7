"""Google's Vertex AI, strict: Gemini models, Claude, vectors of text and the list of models; at `/vertex/…`."""

from __future__ import annotations

from control_layer.simulator.vertex.api import API

__all__ = ["API"]
