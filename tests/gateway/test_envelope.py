"""The envelope of a JSON body: read strictly, rewritten so that one reading is left."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.gateway.envelope import read_envelope
from control_layer.gateway.errors import GatewayError

ASKED: list[dict[str, Any]] = [{}, {"include_usage": True}, {"include_usage": False}, {"include_usage": None}]
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=12
)
names = st.text(max_size=12).filter(lambda name: name.casefold() not in ("model", "models", "stream", "stream_options"))
options: st.SearchStrategy[dict[str, Any] | None] = st.none() | st.dictionaries(names, values, max_size=2).flatmap(
    lambda extra: st.sampled_from(ASKED).map(lambda asked: {**extra, **asked})
)
documents: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"model": st.text(min_size=1, max_size=40)},
    optional={"stream": st.booleans() | st.none(), "stream_options": options},
).flatmap(lambda known: st.dictionaries(names, values, max_size=4).map(lambda others: {**others, **known}))
separators = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\t")])


@given(documents, separators, st.booleans(), st.text(min_size=1, max_size=20), st.booleans())
def test_a_rewritten_body_differs_in_model_and_stream_options_only(
    document: dict[str, Any], spaces: tuple[str, str], ascii_only: bool, name: str, include_usage: bool
) -> None:
    body = json.dumps(document, separators=spaces, ensure_ascii=ascii_only).encode()
    written = json.loads(read_envelope(body).rewritten(model=name, include_usage=include_usage))
    expected = {**document, "model": name}
    if include_usage:
        expected["stream_options"] = {**(document.get("stream_options") or {}), "include_usage": True}
    assert written == expected


@given(documents, separators, st.booleans())
def test_a_body_in_which_nothing_must_change_keeps_its_bytes_or_its_meaning(
    document: dict[str, Any], spaces: tuple[str, str], ascii_only: bool
) -> None:
    body = json.dumps(document, separators=spaces, ensure_ascii=ascii_only).encode()
    written = read_envelope(body).rewritten(model=document["model"], include_usage=False)
    assert json.loads(written) == document


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"m","messages":[{"role":"user","content":"h\\u00e9 \\"model\\""}],"temperature":1.10}',
        b'{ "messages": [],\n "model": "m" }',
        b'{"model":"m","stream":true,"stream_options":{"include_usage":true}}',
    ],
)
def test_a_body_in_which_nothing_must_change_leaves_byte_for_byte(body: bytes) -> None:
    envelope = read_envelope(body)
    assert envelope.rewritten(model="m", include_usage=envelope.streaming) is body


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"allowed","model":"other"}',
        b'{"mod\\u0065l":"allowed","model":"other"}',
        b'{"model":"allowed","\\u006dodel":"other"}',
        b'{"model":"allowed", "stream":false, "model":"other"}',
    ],
)
def test_a_second_model_cannot_hide_behind_a_duplicate_or_escaped_name(body: bytes) -> None:
    envelope = read_envelope(body)
    written = envelope.rewritten(model=envelope.model, include_usage=False)
    assert written.count(b"odel") == 1
    assert json.loads(written)["model"] == envelope.model


@pytest.mark.parametrize("name", ["Model", "MODEL", "STREAM", "\u017ftream", "Stream_Options"])
def test_refuses_names_that_differ_from_ours_in_case_only(name: str) -> None:
    with pytest.raises(GatewayError) as refused:
        read_envelope(json.dumps({"model": "m", name: True}).encode())
    assert (refused.value.status, refused.value.code, refused.value.param) == (400, "unknown_parameter", name)


def test_a_second_include_usage_cannot_turn_counting_off() -> None:
    body = b'{"model":"m","stream":true,"stream_options":{"include_usage":false,"include_usage":true}}'
    written = read_envelope(body).rewritten(model="m", include_usage=True)
    assert written == b'{"model":"m","stream":true,"stream_options":{"include_usage":true}}'


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        (b"", "invalid_json", None),
        (b"{", "invalid_json", None),
        (b"[]", "invalid_json", None),
        (b'"model"', "invalid_json", None),
        (b"\xff\xfe{}", "invalid_json", None),
        (b'{"model":"m"} {}', "invalid_json", None),
        (b'{"model":"m","temperature":NaN}', "invalid_json", None),
        (b'{"model":"m","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "invalid_json", None),
        (b'{"model":"m","x":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}", "invalid_json", None),
        (b'{"\xff":1,"model":"m"}', "invalid_json", None),
        (b'{"model":"\xff"}', "invalid_json", None),
        (b'{"model":"\\ud800"}', "invalid_json", None),
        (b'{"model":"m","stream_options":{"\xff":1}}', "invalid_json", None),
        (b"{}", "missing_required_parameter", "model"),
        (b'{"model":null}', "missing_required_parameter", "model"),
        (b'{"model":""}', "missing_required_parameter", "model"),
        (b'{"model":7}', "invalid_type", "model"),
        (b'{"model":["m"]}', "invalid_type", "model"),
        (b'{"model":"m","stream":"true"}', "invalid_type", "stream"),
        (b'{"model":"m","stream":1}', "invalid_type", "stream"),
        (b'{"model":"m","stream_options":[]}', "invalid_type", "stream_options"),
        (b'{"model":"m","stream_options":{"include_usage":"yes"}}', "invalid_type", "stream_options.include_usage"),
        (b'{"model":"' + b"m" * 600 + b'"}', "model_not_found", "model"),
    ],
)
def test_says_what_is_wrong_with_a_body(body: bytes, code: str, param: str | None) -> None:
    with pytest.raises(GatewayError) as refused:
        read_envelope(body)
    assert (refused.value.code, refused.value.param) == (code, param)
    assert refused.value.status == (404 if code == "model_not_found" else 400)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(GatewayError):
        read_envelope(body)


def test_a_model_named_outside_the_body_takes_the_place_of_its_own() -> None:
    envelope = read_envelope(b'{"model":"other","input":1}', named="allowed")
    assert envelope.model == "allowed"
    assert envelope.rewritten(model="provider-name", include_usage=False) == b'{"model":"provider-name","input":1}'
    assert envelope.rewritten(model="allowed", include_usage=False) == b'{"model":"allowed","input":1}'


def test_a_model_named_outside_the_body_is_not_put_into_one_without() -> None:
    assert read_envelope(b'{"input":1}', named="allowed").rewritten(model="p", include_usage=False) == b'{"input":1}'


listed = st.lists(st.text(min_size=1, max_size=12), max_size=8)


@given(documents, separators, listed, st.booleans())
def test_a_list_of_models_is_read_and_does_not_reach_the_provider(
    document: dict[str, Any], spaces: tuple[str, str], models: list[str], named: bool
) -> None:
    asked = {**document, "models": models}
    if not named:
        del asked["model"]
        models = models or ["well"]
        asked["models"] = models
    envelope = read_envelope(json.dumps(asked, separators=spaces).encode(), fallbacks=True)
    assert envelope.model == (document["model"] if named else models[0])
    assert list(envelope.fallbacks or ()) == [each for each in dict.fromkeys(models) if each != envelope.model]
    sent = json.loads(envelope.rewritten(model="sent", include_usage=False))
    assert sent == {**{name: value for name, value in document.items() if name != "models"}, "model": "sent"}
    assert envelope.unambiguous


@given(documents, separators, listed)
def test_a_list_of_models_that_is_not_ours_to_read_is_passed_on(
    document: dict[str, Any], spaces: tuple[str, str], models: list[str]
) -> None:
    body = json.dumps({**document, "models": models}, separators=spaces).encode()
    envelope = read_envelope(body)
    assert not envelope.fallbacks
    assert json.loads(envelope.rewritten(model=envelope.model, include_usage=False))["models"] == models
