"""Pictures to be changed, in forms: held for providers that take none, handed on as they came to those that do."""

from __future__ import annotations

import base64
import socket
import struct
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest
from bench.processes import GatewayProcess, World
from tests.gateway.conftest import DEADLINE_SECONDS, Journal, Provider, until
from tests.http_server import Handler, serving

from control_layer.contract.dialects import DIALECTS, DialectOptions
from control_layer.contract.guardrails import Guardrail
from control_layer.contract.pricing import Prices, Tariff
from control_layer.contract.routing import Balancing, Breaker, Fallback
from control_layer.contract.snapshot import Deployment, Endpoint, Update
from control_layer.simulator.endpoints import PIXEL

PNG = base64.b64decode(PIXEL)
BOUNDARY = b"boundary-of-the-test"
HEADERS = {"content-type": "multipart/form-data; boundary=" + BOUNDARY.decode()}
CAPTURED = 4096
LIMIT = 24 * 1024 * 1024
_SEEN = 258
"""Tokens of a picture that the simulated provider is shown."""


def part(name: str, value: bytes, filename: str | None = None) -> bytes:
    more = f'; filename="{filename}"' if filename else ""
    return b'--%b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n' % (
        BOUNDARY, name.encode(), more.encode(), value,
    )  # fmt: skip


END = b"--%b--\r\n" % BOUNDARY
PICTURE = part("image[]", PNG, "a.png")


def form(model: str, *parts: bytes, prompt: bytes = b"Make it blue.") -> bytes:
    return part("model", model.encode()) + part("prompt", prompt) + b"".join(parts or (PICTURE,)) + END


# -- who is asked ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class TakesForms:
    """A provider of OpenAI's API that keeps what it was sent."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)


@pytest.fixture(scope="module")
def takes_forms() -> Iterator[TakesForms]:
    told = TakesForms()

    class Keeping(Handler):
        def post(self, body: bytes) -> None:
            told.bodies.append(body)
            self.answer(200, b'{"created":1,"data":[{"b64_json":"form"}]}')

    with serving(Keeping) as address:
        told.url = f"{address}/v1"
        yield told


_MODELS: dict[str, list[tuple[str, str]]] = {
    "painter": [("gemini", "sim-image")],
    "lenient": [("lenient", "sim-image")],
    "slow": [("gemini", "sim-image-hang")],
    "broken": [("gemini", "sim-image-error-400")],
    "guarded": [("gemini", "sim-image")],
    "redacted": [("gemini", "sim-image")],
    "priced": [("gemini", "sim-image-error-500"), ("forms", "their-name")],
    "dead-then-forms": [("dead-gemini", "sim-image"), ("forms", "their-name")],
    "dead-then-painter": [("dead-forms", "sim-image"), ("gemini", "sim-image")],
    "fails-then-forms": [("gemini", "sim-image-error-500"), ("forms", "their-name")],
    "forms-then-painter": [("forms", "their-name"), ("gemini", "sim-image")],
    "guarded-forms": [("forms", "their-name"), ("gemini", "sim-image")],
    "only-forms": [("forms", "their-name")],
}
_CARD = r"\b4[0-9]{15}\b"
_TARIFF = Tariff(str(uuid.UUID(int=7)), "realtime", None, Prices(*(Decimal(1) for _ in Prices.__struct_fields__)))
_ON = Fallback(enabled=True, on_status=(500,))
_BOUNDED = msgspec.structs.replace(_ON, max_wasted_cost=Decimal(40_000))


@dataclass(slots=True)
class Painters(World):
    """Models of one or two deployments, the first of which is asked first."""

    forms: str = ""
    dead_port: int = 1

    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        gemini, dead = self.url.removesuffix("/v1") + "/gemini", f"http://127.0.0.1:{self.dead_port}"
        places = {
            "gemini": (gemini, "gemini", DialectOptions()),
            "lenient": (gemini, "gemini", DialectOptions(unsupported_parameters="drop")),
            "dead-gemini": (dead, "gemini", DialectOptions()),
            "dead-forms": (dead + "/v1", "openai", DialectOptions()),
            "forms": (self.forms, "openai", DialectOptions()),
        }
        ids = {name: str(uuid.UUID(int=900 + number)) for number, name in enumerate(places)}
        models = [
            msgspec.structs.replace(
                model,
                deployments=tuple(
                    Deployment(
                        str(uuid.uuid5(uuid.NAMESPACE_OID, f"{model.alias} {place}")), ids[place], name,
                        breaker=Breaker(failures=10**9, min_requests=10**9),
                    )
                    for place, name in _MODELS[model.alias]
                ),
                balancing=Balancing("priority"),
                fallback=_BOUNDED if model.alias == "priced" else _ON,
                tariffs=(_TARIFF,) if model.alias == "priced" else (),
            )
            for model in whole.models
        ]  # fmt: skip
        model_ids = {model.alias: model.id for model in models}
        return msgspec.structs.replace(
            whole,
            models=tuple(models),
            endpoints=tuple(
                Endpoint(ids[name], name, url, *DIALECTS[dialect].header, self.sealed(ids[name]), dialect=dialect,
                         options=options)
                for name, (url, dialect, options) in places.items()
            ),
            guardrails=(
                Guardrail("d", "no boats", 0, "request", "deny_pattern", (model_ids["guarded"],), pattern="boat"),
                *(
                    Guardrail(alias, "no cards", 1, "request", "redact", (model_ids[alias],), pattern=_CARD,
                              replacement="[card]")
                    for alias in ("redacted", "guarded-forms")
                ),
            ),
        )  # fmt: skip


@pytest.fixture(scope="module")
def settings() -> dict[str, Any]:
    return {"capture": {"enabled": True, "max_bytes": CAPTURED}}


@pytest.fixture(scope="module")
def company(simulator_url: str, takes_forms: TakesForms, dead_port: int) -> Painters:
    return Painters(simulator_url, aliases=tuple(_MODELS), forms=takes_forms.url, dead_port=dead_port)


def edited(client: httpx.Client, body: Any, **headers: str) -> httpx.Response:
    return client.post("/images/edits", content=body, headers=HEADERS | headers)


def seen(answer: httpx.Response) -> int:
    """How many pictures the provider was shown."""
    assert answer.status_code == 200, answer.text
    assert [picture["b64_json"] for picture in answer.json()["data"]] == [PIXEL]
    return int(answer.json()["usage"]["input_tokens_details"]["image_tokens"]) // _SEEN


def error(answer: httpx.Response) -> tuple[int, str, str | None]:
    told = answer.json()["error"]
    return answer.status_code, told["code"], told["param"]


# -- pictures are changed ----------------------------------------------------------------------------------------------


def test_it_does_not_matter_how_a_form_is_cut(client: httpx.Client) -> None:
    body = form("painter", PICTURE, part("image[]", PNG, "b.png"), part("n", b"1"))
    for cut in range(len(body) + 1):
        assert seen(edited(client, iter([body[:cut], body[cut:]]))) == 2
    assert seen(edited(client, iter([body[at : at + 1] for at in range(len(body))]))) == 2


def test_a_model_named_outside_the_form_is_asked(client: httpx.Client, provider: Provider) -> None:
    assert seen(edited(client, part("prompt", b"x") + PICTURE + END, **{"x-model": "painter"})) == 1
    body = part("model", b"secret-model") + part("prompt", b"x") + PICTURE + END
    assert seen(client.post("/images/edits?model=painter", content=body, headers=HEADERS)) == 1
    assert not any("secret" in name for name in provider.stats()["requests"])


def test_json_is_translated_too(client: httpx.Client) -> None:
    asked = {"model": "painter", "prompt": "Make it blue.", "n": 1}
    images: list[dict[str, str]] = [
        {"image_url": f"data:image/png;base64,{PIXEL}"},
        {"image_url": "https://example.com/a.png"},
    ]
    assert seen(client.post("/images/edits", json={**asked, "images": images})) == 2
    for wrong, code, param in (
        ([], "invalid_type", "images"),
        ([{}], "invalid_type", "images[0]"),
        ([{"file_id": "file-abc"}], "unsupported_parameter", "images[0]"),
    ):
        assert error(client.post("/images/edits", json={**asked, "images": wrong})) == (400, code, param)


def test_what_cannot_be_said_is_listed_where_that_was_chosen(client: httpx.Client) -> None:
    answer = edited(client, form("lenient", PICTURE, part("mask", PNG, "m.png"), part("quality", b"high")))
    assert seen(answer) == 1
    assert answer.headers["x-control-layer-dropped-parameters"] == "mask, quality"


def test_an_error_of_the_provider_is_said_in_the_clients_words(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        answer = edited(client, form("broken"))
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]
    assert ends[0].status == 400


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([part("prompt", b"x")], (400, "missing_required_parameter", "image")),
        ([PICTURE], (400, "missing_required_parameter", "prompt")),
        ([part("prompt", b"x"), part("image", b"no picture", "a.png")], (400, "invalid_value", "image")),
        ([part("prompt", b"x"), PICTURE, part("n", b"two")], (400, "invalid_type", "n")),
        ([part("prompt", b"x"), PICTURE, part("stream", b"perhaps")], (400, "invalid_type", "stream")),
        ([part("prompt", b"x"), PICTURE, part("prompt", b"y")], (400, "invalid_form", None)),
        ([part("prompt", b"x", "prompt.txt"), PICTURE], (400, "invalid_type", "prompt")),
        ([part("prompt", b"x"), PICTURE, part("svg[model]", b"y")], (400, "unsupported_parameter", "svg[model]")),
    ],
)
def test_says_what_is_wrong_with_a_form(client: httpx.Client, parts: list[bytes], told: tuple[Any, ...]) -> None:
    assert error(edited(client, part("model", b"painter") + b"".join(parts) + END)) == told


# -- how much of it ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", ["in the form", "in the head"])
@pytest.mark.parametrize("chunked", [True, False])
def test_a_form_that_is_too_large_to_be_held_is_refused(
    client: httpx.Client, journal: Journal, provider: Provider, named: str, chunked: bool
) -> None:
    def pieces(body: bytes) -> Iterator[bytes]:
        yield from (body[at : at + 256 * 1024] for at in range(0, len(body), 256 * 1024))

    before, asked = len(journal.records()), sum(provider.stats()["requests"].values())
    body = form("painter", part("image", PNG + b"x" * LIMIT, "a.png"))
    headers = {"x-model": "painter"} if named == "in the head" else {}
    try:
        answer = edited(client, pieces(body) if chunked else body, **headers)
    except httpx.WriteError:
        return  # answered early and closed: not every client reads while it writes
    assert error(answer) == (413, "request_too_large", None)
    assert "image_url" in answer.json()["error"]["message"]
    assert (len(journal.records()), sum(provider.stats()["requests"].values())) == (before, asked)


def test_a_form_that_can_just_be_held_is_sent(client: httpx.Client) -> None:
    rest = len(form("painter", part("image", PNG, "a.png")))
    assert seen(edited(client, form("painter", part("image", PNG + b"x" * (LIMIT - rest), "a.png")))) == 1


@pytest.mark.parametrize("leaves", ["in the file", "at the end"])
def test_a_client_that_leaves_is_noted_once_it_was_let_in(
    gateway: GatewayProcess, journal: Journal, provider: Provider, leaves: str
) -> None:
    before, open_before = len(journal.records()), provider.stats()["open"]
    body = form("slow")
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=DEADLINE_SECONDS) as connection:
        connection.sendall(
            b"POST /ai/v1/images/edits HTTP/1.1\r\nhost: x\r\nx-api-key: %b\r\ncontent-type: %b\r\n"
            b"content-length: %d\r\n\r\n"
            % (gateway.secret.encode(), HEADERS["content-type"].encode(), len(body))
            + (body if leaves == "at the end" else body[:-20])
        )
        if leaves == "at the end":
            until(lambda: provider.stats()["open"] == open_before + 1, "the provider has the request")
        else:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if leaves == "at the end":
        ends = journal.settled(before, 1)
        assert (ends[0].outcome, ends[0].status) == ("cancelled", 499)
        until(lambda: provider.stats()["open"] == open_before, "the provider is cancelled")
    else:
        assert len(journal.records()) == before


# -- models with deployments of both kinds -----------------------------------------------------------------------------


def test_a_form_goes_to_whom_takes_it_byte_for_byte(client: httpx.Client, takes_forms: TakesForms) -> None:
    for alias in ("only-forms", "forms-then-painter"):
        for piece in (PNG, PNG + bytes(range(256)) * 2000):
            body = form(alias, part("image", piece, "a.png"), part("mask", PNG, "m.png"))
            assert edited(client, body).json()["data"] == [{"b64_json": "form"}]
            assert takes_forms.bodies[-1] == body.replace(alias.encode(), b"their-name")


@pytest.mark.parametrize("alias", ["dead-then-forms", "fails-then-forms"])
def test_who_takes_forms_is_asked_after_who_does_not(
    client: httpx.Client, journal: Journal, takes_forms: TakesForms, alias: str
) -> None:
    body = form(alias)
    with journal.admitted() as ends:
        answer = edited(client, body)
    assert answer.json()["data"] == [{"b64_json": "form"}], answer.text
    assert takes_forms.bodies[-1] == body.replace(alias.encode(), b"their-name")
    assert [attempt.status for attempt in ends[0].attempts] == [None if "dead" in alias else 500, 200]
    (bodies,) = journal.bodies(ends[0].id)
    assert bodies.request == body


def test_who_takes_no_forms_is_asked_after_who_does(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        assert seen(edited(client, form("dead-then-painter"))) == 1
    assert [attempt.error for attempt in ends[0].attempts] == ["connect_failed", None]


# -- what else looks at requests ---------------------------------------------------------------------------------------


def test_the_log_keeps_the_form_as_it_came(client: httpx.Client, journal: Journal) -> None:
    body = form("painter", part("image", PNG + b"x" * 9000, "a.png"))
    with journal.admitted() as ends:
        edited(client, body)
    (bodies,) = journal.bodies(ends[0].id)
    assert (bodies.request, bodies.request_truncated) == (body[:CAPTURED], True)
    assert (ends[0].request_bytes, ends[0].path) == (len(body), "/ai/v1/images/edits")


def test_a_guardrail_looks_at_the_prompt(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        answer = edited(client, form("guarded", prompt=b"Make the boat blue."))
    assert error(answer)[:2] == (400, "guardrail_blocked")
    assert ends[0].attempts == ()
    assert seen(edited(client, form("guarded"))) == 1


def test_what_a_guardrail_redacts_is_neither_sent_nor_kept(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        assert seen(edited(client, form("redacted", prompt=b"Draw 4111111111111111."))) == 1
    (bodies,) = journal.bodies(ends[0].id)
    assert msgspec.json.decode(bodies.request)["prompt"] == "Draw [card]."


def test_a_form_that_would_pass_a_guardrail_unchanged_is_blocked(client: httpx.Client, takes_forms: TakesForms) -> None:
    before = len(takes_forms.bodies)
    assert error(edited(client, form("guarded-forms")))[:2] == (400, "guardrail_blocked")
    assert len(takes_forms.bodies) == before


@pytest.mark.parametrize(
    ("parts", "prompt", "status"),
    [
        ([PICTURE], b"x", 200),
        ([PICTURE, PICTURE], b"x", 500),
        ([PICTURE, part("n", b"2")], b"x", 500),
        ([PICTURE], b"x" * 5000, 500),
    ],
)
def test_what_it_costs_at_most_follows_from_what_is_in_it(
    client: httpx.Client, parts: list[bytes], prompt: bytes, status: int
) -> None:
    """4,096 tokens for a picture, each byte of the prompt, 32,768 for an answer: with more, there is no second try."""
    assert edited(client, form("priced", *parts, prompt=prompt)).status_code == status
