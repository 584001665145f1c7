"""What is known of a model: the catalogue's word where its administrator has said nothing, theirs where they have."""

from __future__ import annotations

from typing import Any

import pytest
from tests.control.management import Management, answered
from tests.control.models.calls import MODELS, composite, standard

from control_layer.contract.model_apis import paths_of
from control_layer.contract.snapshot import Abilities
from control_layer.control.models.abilities import abilities_of

_FULL = ("tools", "structured_output", "vision", "documents")


def test_the_catalogue_is_asked_where_nobody_has_said_anything() -> None:
    known = abilities_of("gpt-4o-mini", "CHAT", None, None)
    assert known == Abilities(
        capabilities=_FULL,
        context_window=128_000,
        max_output_tokens=16_384,
        input_modalities=("text", "image", "document"),
        output_modalities=("text",),
        apis=("chat", "responses"),
    )
    assert abilities_of("gpt-4o-mini", "CHAT", [], {}) == known


def test_what_is_said_wins() -> None:
    said = {"context_window": 7, "max_output_tokens": 3, "apis": ["chat"]}
    known = abilities_of("gpt-4o-mini", "CHAT", ["tools", "audio", "ours"], said, "Small.")
    assert known == Abilities(
        capabilities=("tools", "audio", "ours"),
        context_window=7,
        description="Small.",
        max_output_tokens=3,
        input_modalities=("text", "audio"),
        output_modalities=("text",),
        apis=("chat",),
    )


@pytest.mark.parametrize(("name", "kind"), [("our-model", "CHAT"), ("our-model", None), (None, "CHAT")])
def test_what_nobody_knows_stays_unknown(name: str | None, kind: str | None) -> None:
    assert abilities_of(name, kind, None, None) is None
    assert abilities_of(name, kind, ["text"], {"provider": "P"}) == Abilities(("text",), input_modalities=("text",))


@pytest.mark.parametrize(
    ("name", "kind", "paths"),
    [
        ("gpt-image-1", "CHAT", ("/v1/images/generations", "/v1/images/edits")),
        ("tts-1", "CHAT", ("/v1/audio/speech",)),
        ("whisper-1", "CHAT", ("/v1/audio/transcriptions", "/v1/audio/translations")),
        ("omni-moderation-latest", "CHAT", ("/v1/moderations",)),
        ("gpt-realtime", None, ("/v1/realtime",)),
        ("voyage-3.5", "CHAT", ("/v1/embeddings",)),
        ("gpt-image-1", "EMBEDDINGS", ("/v1/embeddings",)),
        ("our-model", "CHAT", ("/v1/chat/completions", "/v1/messages", "/v1/responses")),
        ("our-model", None, None),
    ],
)
def test_a_model_that_is_taken_for_chat_is_asked_where_it_really_is(
    name: str, kind: str | None, paths: tuple[str, ...] | None
) -> None:
    known = abilities_of(name, kind, None, None) or Abilities()
    assert paths_of(kind, known.apis) == paths


async def test_the_api_tells_it_of_a_model_and_takes_what_is_said(management: Management) -> None:
    async def told(model: dict[str, Any]) -> Any:
        return (await answered(management.admin.get(f"{MODELS}/{model['id']}?include=abilities"), 200))["abilities"]

    model = await standard(management, model_name="dall-e-3")
    assert "abilities" not in model
    assert await told(model) == {
        "capabilities": [],
        "input_modalities": ["text"],
        "output_modalities": ["image"],
        "endpoints": ["/ai/v1/images/generations"],
    }
    said = {"metadata": {"apis": ["images", "chat"], "max_output_tokens": 9}, "capabilities": ["vision"]}
    await answered(management.admin.patch(f"{MODELS}/{model['id']}", json=said), 200)
    assert await told(model) == {
        "capabilities": ["vision"],
        "input_modalities": ["text", "image"],
        "output_modalities": ["image"],
        "max_output_tokens": 9,
        "endpoints": ["/ai/v1/images/generations", "/ai/v1/chat/completions", "/ai/v1/messages"],
    }
    unknown = {"metadata": {"apis": ["telepathy"]}}
    assert (await management.admin.patch(f"{MODELS}/{model['id']}", json=unknown)).status_code == 422
    assert set(await told(await composite(management))) <= {"endpoints"}
