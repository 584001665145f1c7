"""What is known of a model: the catalogue's word where its administrator has said nothing, theirs where they have."""

from __future__ import annotations

from typing import Any

import pytest
from tests.control.management import API, Management, answered
from tests.control.models.calls import MODELS, composite, standard

from control_layer.contract.model_apis import paths_of
from control_layer.contract.snapshot import Abilities
from control_layer.control.models.abilities import abilities_of, in_common, known_of

_FULL = ("tools", "structured_output", "vision", "documents")


def test_the_catalogue_is_asked_where_nobody_has_said_anything() -> None:
    known = known_of("gpt-4o-mini", "CHAT")
    assert known == Abilities(
        capabilities=_FULL,
        context_window=128_000,
        max_output_tokens=16_384,
        input_modalities=("text", "image", "document"),
        output_modalities=("text",),
        apis=("chat", "responses"),
    )
    assert abilities_of(known, [], {}) == known


def test_what_is_said_wins() -> None:
    said = {"context_window": 7, "max_output_tokens": 3, "apis": ["chat"]}
    known = abilities_of(known_of("gpt-4o-mini", "CHAT"), ["tools", "audio", "ours"], said, "Small.")
    assert known == Abilities(
        capabilities=("tools", "audio", "ours"),
        context_window=7,
        description="Small.",
        max_output_tokens=3,
        input_modalities=("text", "audio"),
        output_modalities=("text",),
        apis=("chat",),
    )


@pytest.mark.parametrize("kind", ["CHAT", None])
def test_what_nobody_knows_stays_unknown(kind: str | None) -> None:
    assert known_of("our-model", kind) is None
    assert abilities_of(None, None, None) is None
    assert abilities_of(None, ["text"], {"provider": "P"}) == Abilities(("text",), input_modalities=("text",))


def test_a_composite_model_can_what_all_its_components_can() -> None:
    one = Abilities(("tools", "vision", "audio"), 1000, "One.", 50, ("text", "image"), ("text",), ("chat", "responses"))
    other = Abilities(("audio", "tools"), 500, "Other.", 90, ("text",), ("text",), ("chat",))
    assert in_common([one, other]) == Abilities(("tools", "audio"), 500, None, 50, ("text",), ("text",), ("chat",))
    assert in_common([one, Abilities(context_window=2000)]) == Abilities(context_window=1000)
    assert in_common([one, None]) == Abilities() == in_common([])


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
    known = known_of(name, kind) or Abilities()
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


async def test_the_api_tells_what_the_components_that_are_asked_have_in_common(management: Management) -> None:
    mixed = await composite(management)
    url = f"{MODELS}/{mixed['id']}"

    async def told() -> Any:
        return (await answered(management.admin.get(f"{url}?include=abilities"), 200))["abilities"]

    async def add(name: str, **body: Any) -> None:
        part = await standard(management, model_name=name)
        await answered(management.admin.post(f"{url}/components/{part['id']}", json=body), 200)

    assert await told() == {}
    await add("gpt-4o-mini")
    assert (await told())["context_window"] == 128_000
    await add("claude-sonnet-4-5", weight=5)
    shared = await told()
    assert (shared["context_window"], shared["max_output_tokens"]) == (128_000, 16_384)
    assert set(shared["capabilities"]) == {"tools", "structured_output", "vision", "documents"}
    await add("our-model", enabled=False)
    assert await told() == shared
    listed = await answered(management.admin.get(f"{MODELS}?include=abilities&search={mixed['alias']}"), 200)
    assert [model["abilities"] for model in listed["data"]] == [shared]
    await answered(management.admin.patch(url, json={"metadata": {"context_window": 9}}), 200)
    assert await told() == shared | {"context_window": 9}


async def test_models_are_found_by_what_they_can_whoever_says_so(management: Management) -> None:
    sees = await standard(management, model_name="gpt-4o-mini")
    thinks = await standard(management, model_name="o3-mini")
    said = await standard(management, model_name="our-model", capabilities=["vision"])
    blind = await standard(management, model_name="gpt-4o", capabilities=["tools"])
    unknown = await standard(management, model_name="their-model")
    both, one = await composite(management), await composite(management)
    for mixed, parts in ((both, (sees, said)), (one, (sees, thinks))):
        for part in parts:
            await answered(management.admin.post(f"{MODELS}/{mixed['id']}/components/{part['id']}", json={}), 200)

    async def found(query: str) -> set[str]:
        page = await answered(management.admin.get(f"{MODELS}?limit=100&{query}"), 200)
        assert page["total_count"] == len(page["data"])
        return {model["id"] for model in page["data"]}

    assert await found("can=vision") == {sees["id"], said["id"], both["id"]}
    assert await found("capability=vision") == {said["id"]}
    assert await found("can=reasoning") == {thinks["id"]}
    assert await found("can=telepathy") == set()
    assert await found("can=tools&is_composite=true") == {one["id"]}
    assert unknown["id"] not in await found("can=tools")
    assert blind["id"] in await found("can=tools")
    page = await answered(management.admin.get(f"{MODELS}?include=facets,abilities&can=telepathy"), 200)
    assert page["facets"]["capabilities"] == ["tools", "vision"]
    assert {"reasoning", "structured_output"} < set(page["facets"]["known_capabilities"])
    uptime = await answered(management.admin.get(f"{API}/uptime?can=vision"), 200)
    assert uptime["total_count"] == 0
