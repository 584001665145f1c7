"""The simulated provider's strict APIs, as the dialects ask them."""

from __future__ import annotations

import httpx
import msgspec
from tests.gateway.dialects.folding import fold
from tests.gateway.dialects.transcripts import plain

from control_layer.gateway.dialects.conversation import Answer, Conversation, ToolCall
from control_layer.gateway.dialects.dialect import Outgoing, ProviderDialect
from control_layer.gateway.dialects.events import Ended, Event


class Simulated:
    """One of them, over HTTP."""

    def __init__(self, client: httpx.Client, provider: ProviderDialect) -> None:
        self._client = client
        self._provider = provider

    def post(self, outgoing: Outgoing) -> bytes:
        query = "?" + outgoing.query.decode() if outgoing.query else ""
        answer = self._client.post(outgoing.path + query, content=outgoing.body)
        assert answer.status_code == 200, answer.text
        return answer.content

    def both(self, conversation: Conversation, model: str) -> Answer:
        """The answer, which is the same whole and streamed, but for ids."""
        streaming = msgspec.structs.replace(conversation, stream=True)
        body = self.post(self._provider.write_request(conversation, model, lenient=False))
        whole = self._provider.read_answer(body)
        stream = self.post(self._provider.write_request(streaming, model, lenient=False))
        events = self._read([stream])
        assert isinstance(events[-1], Ended)
        assert self._read([stream[at : at + 1] for at in range(len(stream))]) == events
        assert plain(unnamed(fold(events))) == plain(unnamed(whole))
        return whole

    def _read(self, pieces: list[bytes]) -> list[Event]:
        reader = self._provider.reader()
        events = [event for piece in pieces for event in reader.feed(piece)]
        return [*events, *reader.end()]


def unnamed(answer: Answer) -> Answer:
    """Without its id, and those of calls."""
    choices = []
    for choice in answer.choices:
        parts = [msgspec.structs.replace(part, id="") if isinstance(part, ToolCall) else part for part in choice.parts]
        choices.append(msgspec.structs.replace(choice, parts=tuple(parts)))
    return msgspec.structs.replace(answer, id="", choices=tuple(choices))
