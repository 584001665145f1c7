"""What a chunk of a stream costs that is told in another dialect, against one that passes as it is.

In one process, without sockets: both are what the gateway does with a chunk between reading and writing it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import msgspec

from control_layer.gateway.dialects.anthropic import ANTHROPIC
from control_layer.gateway.dialects.bedrock import BEDROCK
from control_layer.gateway.dialects.conversation import Conversation
from control_layer.gateway.dialects.dialect import ClientDialect, ProviderDialect
from control_layer.gateway.dialects.gemini import GEMINI
from control_layer.gateway.dialects.openai_chat import OPENAI_CHAT
from control_layer.gateway.streaming import StreamObserver
from control_layer.simulator.bedrock.frames import event as bedrock_event

__all__ = ["Translation", "measure"]

_CHUNKS = 400
_ASKED = Conversation(messages=())
_TEXT = " and then a little more"


class Translation(msgspec.Struct, frozen=True):
    """One dialect told in another. Seconds of the fastest round."""

    provider: str
    client: str
    passed: float
    """A chunk of the provider's that passes; of Anthropic's where nobody speaks the provider's dialect."""
    told: float

    @property
    def ratio(self) -> float:
        return self.told / self.passed


def measure(*, rounds: int) -> list[Translation]:
    """Both in turn, so that other work on the machine falls on both."""
    openai, anthropic, bedrock, gemini = _openai(), _anthropic(), _bedrock(), _gemini()
    pairs: list[tuple[str, ProviderDialect, list[bytes], str, ClientDialect]] = [
        ("OpenAI", OPENAI_CHAT, openai, "Anthropic", ANTHROPIC),
        ("Anthropic", ANTHROPIC, anthropic, "OpenAI", OPENAI_CHAT),
        ("Bedrock", BEDROCK, bedrock, "OpenAI", OPENAI_CHAT),
        ("Bedrock", BEDROCK, bedrock, "Anthropic", ANTHROPIC),
        ("Gemini", GEMINI, gemini, "OpenAI", OPENAI_CHAT),
        ("Gemini", GEMINI, gemini, "Anthropic", ANTHROPIC),
    ]
    measured: list[Translation] = []
    for provider_name, provider, chunks, client_name, client in pairs:
        passing = anthropic if chunks is bedrock else chunks
        passed, told = _fastest(rounds, partial(_pass, passing), partial(_tell, chunks, provider, client))
        measured.append(Translation(provider_name, client_name, passed, told))
    return measured


def _fastest(rounds: int, *of: Callable[[], None]) -> list[float]:
    best = [float("inf")] * len(of)
    for _ in range(rounds):
        for place, work in enumerate(of):
            began = perf_counter()
            work()
            best[place] = min(best[place], (perf_counter() - began) / _CHUNKS)
    return best


def _pass(chunks: list[bytes]) -> None:
    observer = StreamObserver()
    for chunk in chunks:
        observer.feed(chunk)


def _tell(chunks: list[bytes], provider: ProviderDialect, client: ClientDialect) -> None:
    reader, writer = provider.reader(), client.writer(_ASKED, "alias")
    for chunk in chunks:
        writer.write(reader.feed(chunk))


# -- chunks, as the providers send them ------------------------------------------------------------------------------


def _openai() -> list[bytes]:
    choice = {"index": 0, "delta": {"content": _TEXT}, "logprobs": None, "finish_reason": None}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 7, "model": "m"}
    return [b"data: %b\n\n" % msgspec.json.encode({**head, "choices": [choice]})] * _CHUNKS


def _anthropic() -> list[bytes]:
    message = {"id": "msg_1", "type": "message", "usage": {"input_tokens": 3, "output_tokens": 1}}
    start = {"type": "message_start", "message": message}
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": _TEXT}}
    events: list[dict[str, Any]] = [start, block, *[delta] * (_CHUNKS - 2)]
    return [b"event: %b\ndata: %b\n\n" % (event["type"].encode(), msgspec.json.encode(event)) for event in events]


def _bedrock() -> list[bytes]:
    delta = {"contentBlockIndex": 0, "delta": {"text": _TEXT}, "p": "abcdefghijkl"}
    start = bedrock_event("messageStart", {"role": "assistant", "p": "abcdef"})
    return [start, *[bedrock_event("contentBlockDelta", delta)] * (_CHUNKS - 1)]


def _gemini() -> list[bytes]:
    """Each tells the counts anew."""
    candidate = {"content": {"parts": [{"text": _TEXT}], "role": "model"}, "index": 0}
    tail = {"modelVersion": "m", "responseId": "1"}
    chunks = []
    for number in range(_CHUNKS):
        details = [{"modality": "TEXT", "tokenCount": 1200}]
        usage = {"promptTokenCount": 1200, "candidatesTokenCount": number, "promptTokensDetails": details}
        chunk = {"candidates": [candidate], "usageMetadata": usage, **tail}
        chunks.append(b"data: %b\r\n\r\n" % msgspec.json.encode(chunk))
    return chunks
