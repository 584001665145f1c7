"""Google's Vertex AI, as a provider's dialect: two of them, by whose the model is."""

from __future__ import annotations

from control_layer.gateway.dialects.vertex.claude import VERTEX_CLAUDE, handed_count, handed_messages
from control_layer.gateway.dialects.vertex.gemini import VERTEX_GEMINI
from control_layer.gateway.dialects.vertex.models import Publisher, publisher_of

__all__ = ["VERTEX_CLAUDE", "VERTEX_GEMINI", "Publisher", "handed_count", "handed_messages", "publisher_of"]
