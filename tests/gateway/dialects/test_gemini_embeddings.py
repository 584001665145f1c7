"""Embeddings and counts of tokens, at the simulated Gemini API."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.gateway.dialects.gemini_requests import HELLO, NEWEST, said
from tests.gateway.dialects.simulated import Simulated

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.conversation import Conversation, Tool
from control_layer.gateway.dialects.dialect import UnreadableAnswer, Unsupported
from control_layer.gateway.dialects.embeddings import EmbeddingDialect, EmbeddingsAsked, EmbeddingsGiven
from control_layer.gateway.dialects.gemini import GEMINI

AS_PROVIDER: EmbeddingDialect = GEMINI


def test_each_text_has_its_vector(simulated_gemini: Simulated) -> None:
    asked = EmbeddingsAsked(texts=("one", "", "two", "one"), dimensions=8)
    given = AS_PROVIDER.read_embeddings(
        simulated_gemini.post(AS_PROVIDER.write_embeddings(asked, "sim-embed", lenient=False))
    )
    assert [len(vector) for vector in given.vectors] == [8] * 4
    assert given.vectors[0] == given.vectors[3]
    assert given.vectors[0] != given.vectors[2]
    longer = AS_PROVIDER.write_embeddings(EmbeddingsAsked(texts=("one",)), "models/sim-embed", lenient=False)
    assert len(AS_PROVIDER.read_embeddings(simulated_gemini.post(longer)).vectors[0]) > 8


def test_what_embeddings_have_no_word_for_is_refused_or_listed() -> None:
    asked = EmbeddingsAsked(texts=("one",), user="ana", others={"truncate": msgspec.Raw(b'"END"')})
    with pytest.raises(Unsupported) as refusal:
        AS_PROVIDER.write_embeddings(asked, "gemini-embedding-001", lenient=False)
    assert refusal.value.parameter == "truncate"
    outgoing = AS_PROVIDER.write_embeddings(asked, "gemini-embedding-001", lenient=True)
    assert outgoing.dropped == ("user", "truncate")
    assert outgoing.path == "/v1beta/models/gemini-embedding-001:batchEmbedContents"


def test_counts_come_where_they_are_told() -> None:
    body = b'{"embeddings":[{"values":[1,0.5]}],"usageMetadata":{"promptTokenCount":4}}'
    assert AS_PROVIDER.read_embeddings(body) == EmbeddingsGiven(((1.0, 0.5),), Tokens(4, source="provider"))


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"embeddings":[{"values":["x"]}]}', b"\xff"])
def test_what_is_no_answer_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        AS_PROVIDER.read_embeddings(body)
    with pytest.raises(UnreadableAnswer):
        GEMINI.read_count(body)


def test_a_whole_request_is_counted(simulated_gemini: Simulated) -> None:
    conversation = Conversation(messages=(said("system", "Be terse."), *HELLO), tools=(Tool("f"),), temperature=0.5)
    outgoing = GEMINI.write_count(conversation, "sim-small", lenient=False)
    (name, request) = next(iter(msgspec.json.decode(outgoing.body).items()))
    assert name == "generateContentRequest"
    assert request["model"] == "models/sim-small"
    assert {"systemInstruction", "tools", "contents"} <= set(request)
    assert GEMINI.read_count(simulated_gemini.post(outgoing)) > 0
    longer = msgspec.structs.replace(conversation, messages=(said("user", "Hello " * 100),))
    more = simulated_gemini.post(GEMINI.write_count(longer, "sim-small", lenient=False))
    assert GEMINI.read_count(more) > GEMINI.read_count(simulated_gemini.post(outgoing))


def test_what_a_request_cannot_say_cannot_be_counted() -> None:
    conversation: Any = Conversation(messages=HELLO, choices=2)
    with pytest.raises(Unsupported):
        GEMINI.write_count(conversation, NEWEST, lenient=False)
    assert GEMINI.write_count(conversation, NEWEST, lenient=True).dropped == ("n",)
