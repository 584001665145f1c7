"""Anthropic's Messages API, strict: https://platform.claude.com/docs/en/api/messages, at `/anthropic/v1/…`."""

from control_layer.simulator.anthropic.api import API

__all__ = ["API"]
