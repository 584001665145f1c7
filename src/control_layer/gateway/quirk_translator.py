"""Clients of chat completions at servers that speak their dialect, though not all of it: the request is handed on but
for what the server does not know, and the answer as it comes.
"""

from __future__ import annotations

from control_layer.gateway.dialects.conversation import Identity
from control_layer.gateway.dialects.openai_chat import OPENAI_CHAT, OpenAiChat, Quirks
from control_layer.gateway.dialects.openai_chat.handed_requests import handed_request
from control_layer.gateway.translation import Translation
from control_layer.gateway.translators import ConversationTranslator, Translator, error_writer, told_as_gateway_errors

__all__ = ["QuirkTranslator"]


class QuirkTranslator(Translator):
    """For a server with these quirks."""

    __slots__ = ("_quirks", "_translator", "_write_error")

    def __init__(self, quirks: Quirks, *, lenient: bool) -> None:
        provider = OpenAiChat(quirks)
        self._quirks = quirks
        self._translator = ConversationTranslator(OPENAI_CHAT, provider, lenient=lenient)
        self._write_error = error_writer(OPENAI_CHAT, provider)

    def translate(
        self, body: bytes | bytearray, alias: str, model: str, identity: Identity | None = None
    ) -> Translation:
        with told_as_gateway_errors():
            outgoing = handed_request(body, model, self._quirks)
        if outgoing is None:
            return self._translator.translate(body, alias, model, identity)
        return Translation(outgoing, self._write_error)
