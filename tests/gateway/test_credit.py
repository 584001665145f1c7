"""Who has no credit calls what has no price: on every path, in every dialect, and wherever the model is named (S13)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import assert_never

import httpx
import pytest
from bench.processes import GatewayProcess
from tests.gateway.company import BROKE, OUTSIDER, Company
from tests.gateway.conftest import DEADLINE_SECONDS, Journal, Provider, chat
from tests.gateway.test_uploads import CONTENT_TYPE, END
from tests.gateway.test_uploads import field as form_field

from control_layer.gateway.paths import KNOWN, Handling, classify

_PRICED, _FREE = "priced", "sim-small"
_BEGINS = "Account balance too low. Please add credits to continue."
_UPGRADE = {
    "connection": "upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "a" * 22,
}
_UNKNOWN = ["/ai/v1/brand/new", "/ai/v3/chat/completions", "/ai/v1/messages/new"]
_SPELLINGS = ["/ai/v1/chat/completions/", "/ai/v1/%63hat/completions", "/ai/V1/Chat/Completions", "/ai/v1/messages/"]
_ASKING = [path.decode() for path, known in KNOWN.items() if known.handling is not Handling.MODELS]


@pytest.fixture(scope="module")
def company(simulator_url: str) -> Company:
    return Company(simulator_url, aliases=[_FREE, _PRICED], names={_PRICED: "sim-small"}, priced=[_PRICED])


@dataclass(frozen=True, slots=True)
class Way:
    """How a request may name its model."""

    method: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def _ways(handling: Handling, model: str) -> Iterator[Way]:
    """Every way in which a path of this handling lets a model be named."""
    in_json = Way("POST", headers={"content-type": "application/json"}, body=json.dumps(chat(model)).encode())
    form = form_field("model", model.encode()) + form_field("file", b"x" * 100, "a.bin") + END
    in_form = Way("POST", headers={"content-type": CONTENT_TYPE}, body=form)
    beside = Way("POST", headers={"content-type": CONTENT_TYPE, "x-model": model}, body=form_field("n", b"1") + END)
    match handling:
        case Handling.JSON:
            yield in_json
        case Handling.MULTIPART:
            yield from (in_json, in_form, beside)
        case Handling.REALTIME:
            yield Way("GET", f"?model={model}", _UPGRADE)
        case Handling.OPEN:
            yield from (in_json, in_form, beside, Way("GET", f"?model={model}"), Way("DELETE", f"?model={model}"))
            yield from (Way("GET", headers={name: model}) for name in ("x-model", "model-override"))
        case Handling.MODELS | Handling.CONTROL:
            return
        case _:
            assert_never(handling)


def _answers(gateway: GatewayProcess, secret: str, path: str, model: str) -> list[tuple[int, bytes]]:
    """What each way is answered, with the key in either dialect's header."""
    found = classify(path.encode())
    assert found is not None
    address, answers = gateway.base_url.removesuffix("/ai/v1"), []
    keys = {"authorization": f"Bearer {secret}"}, {"x-api-key": secret, "anthropic-version": "2023-06-01"}
    with httpx.Client(timeout=DEADLINE_SECONDS) as client:
        for way, key in product(_ways(found.handling, model), keys):
            headers = {**way.headers, **key}
            url = address + path + way.query
            with client.stream(way.method, url, headers=headers, content=way.body or None) as answer:
                answers.append((answer.status_code, b"" if answer.status_code == 101 else answer.read()))
    return answers


@pytest.mark.parametrize("path", [*_ASKING, *_UNKNOWN, *_SPELLINGS])
def test_no_path_lets_a_priced_model_be_called_without_credit(
    gateway: GatewayProcess, journal: Journal, provider: Provider, path: str
) -> None:
    recorded, asked = len(journal.records()), provider.stats()["requests"]
    anthropic = path.startswith(("/ai/v1/messages", "/ai/anthropic/"))
    refusals = _answers(gateway, BROKE, path, _PRICED)
    for status, body in refusals:
        assert status == 402, (path, body)
        said = json.loads(body)
        assert said["error"]["message"].startswith(_BEGINS)
        if anthropic:
            assert (said["type"], said["error"]["type"]) == ("error", "billing_error")
        else:
            assert (said["error"]["type"], said["error"]["code"]) == ("insufficient_quota", "insufficient_quota")
    assert (len(journal.records()), provider.stats()["requests"]) == (recorded, asked)
    assert refusals

    # The same requests are let in where the model has no price, or there is credit.
    with journal.admitted(2 * len(refusals)) as ends:
        _answers(gateway, BROKE, path, _FREE)
        _answers(gateway, gateway.secret, path, _PRICED)
    assert {end.model for end in ends} == {_FREE, _PRICED}


def test_models_are_shown_whatever_is_left(gateway: GatewayProcess) -> None:
    for path in ("/models", f"/models/{_PRICED}"):
        answer = httpx.get(gateway.base_url + path, headers={"authorization": f"Bearer {BROKE}"})
        assert answer.status_code == 200
        assert _PRICED in answer.text


def test_who_has_no_access_is_told_so_before_anything_of_credit(gateway: GatewayProcess) -> None:
    for secret, model, status in ((OUTSIDER, _PRICED, 403), (BROKE, "no-such", 404)):
        answer = httpx.post(
            gateway.base_url + "/chat/completions", json=chat(model), headers={"authorization": f"Bearer {secret}"}
        )
        assert answer.status_code == status
