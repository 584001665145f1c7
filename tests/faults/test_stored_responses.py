"""Conversations that go on from stored responses, at providers that keep none: across turns, dialects, workers and
deaths; nobody else's; and gone when they are to be gone.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import openai
import pytest
from bench.processes import simulator
from openai import OpenAI
from openai.types.responses import Response
from tests.faults.target import ours_only
from tests.running import Instance, running, until

from control_layer.store.embedded import EmbeddedPostgres

pytestmark = [pytest.mark.server, ours_only, pytest.mark.timeout(300)]

_WORKERS = 2
_TOOL: Any = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
_EVERYONE = "00000000-0000-0000-0000-000000000000"


class _Heard(ThreadingHTTPServer):
    """A provider of chat completions that counts the turns of what it is asked, and remembers it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Ear)
        self.asked: list[tuple[str, dict[str, Any]]] = []


class _Ear(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Heard

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append((self.path, asked))
        said = f"Turn {len(asked.get('messages', []))}."
        usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
        head = {"id": "c1", "created": 1_700_000_000, "model": "heard"}
        if asked.get("stream"):
            delta = {"index": 0, "delta": {"role": "assistant", "content": said}, "finish_reason": None}
            end = {"index": 0, "delta": {}, "finish_reason": "stop"}
            chunks = ({"choices": [delta]}, {"choices": [end]}, {"choices": [], "usage": usage})
            events = [json.dumps({**head, "object": "chat.completion.chunk", **chunk}) for chunk in chunks]
            body = "".join(f"data: {event}\n\n" for event in (*events, "[DONE]")).encode()
        else:
            message = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
            body = json.dumps({**head, "object": "chat.completion", "choices": [message], "usage": usage}).encode()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream" if asked.get("stream") else "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Says nothing."""


@dataclass(slots=True)
class _Company:
    instance: Instance
    heard: _Heard
    postgres: EmbeddedPostgres
    clients: list[OpenAI] = field(default_factory=list)

    def key(self, user_id: str = "current", **more: object) -> str:
        made = self.instance.make_key(uuid.uuid4().hex, user_id=user_id, **more)
        for _ in range(4 * _WORKERS):
            self.instance.wait_callable(str(made["key"]), "heard")
        return str(made["key"])

    def stranger(self) -> str:
        """Another person's id."""
        name = uuid.uuid4().hex
        person = {"username": name, "email": f"{name}@example.org", "roles": []}
        return str(self.instance.api("POST", "/users", person, status=201)["id"])

    def at(self, key: str) -> OpenAI:
        """A client with no connection yet: whichever worker will have its first request."""
        client = OpenAI(base_url=self.instance.base_url, api_key=key, max_retries=0, timeout=30)
        self.clients.append(client)
        return client

    def say(self, key: str, text: Any, *, stream: bool = False, model: str = "heard", **more: Any) -> Response:
        """One turn, at whichever worker."""
        if not stream:
            whole: Response = self.at(key).responses.create(model=model, input=text, **more)
            return whole
        with self.at(key).responses.stream(model=model, input=text, **more) as events:
            return events.get_final_response()

    def model_id(self, alias: str) -> str:
        models = self.instance.api("GET", "/models?limit=100")["data"]
        return next(str(model["id"]) for model in models if model["alias"] == alias)

    def stored(self, response: Response) -> bool:
        """Whether it is in the database, with all of it."""
        statement = "SELECT 1 FROM stored_responses WHERE id = $1::uuid AND response IS NOT NULL"
        return bool(self.instance.sql(statement, uuid.UUID(response.id.removeprefix("resp_"))))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Company]:
    postgres, heard = EmbeddedPostgres(tmp_path_factory.mktemp("postgres")), _Heard()
    environment = {"CONTROL_LAYER_DATABASE__TYPE": "external", "DATABASE_URL": postgres.start()}
    threading.Thread(target=heard.serve_forever, daemon=True).start()
    try:
        with (
            simulator("--api-key", "provider-credential") as url,
            running(tmp_path_factory.mktemp("company"), environment=environment, workers=_WORKERS) as instance,
        ):
            only_chat = {"native_apis": ["chat_completions"]}
            place = f"http://127.0.0.1:{heard.server_port}/v1"
            instance.connect_provider(place, ["heard", "untranslated"], name="heard", options=only_chat)
            instance.connect_provider(
                url.removesuffix("/v1") + "/anthropic",
                ["sim-small", "sim-calls-2-reasoning"],
                name="claude",
                dialect="anthropic",
                api_key="provider-credential",
            )
            company = _Company(instance, heard, postgres)
            yield company
            for client in company.clients:
                client.close()
    finally:
        heard.shutdown()
        heard.server_close()
        postgres.stop()


@pytest.fixture(scope="module")
def key(company: _Company) -> str:
    return company.key()


@pytest.mark.parametrize("stream", [False, True])
def test_the_provider_is_told_all_that_was_said(company: _Company, key: str, stream: bool) -> None:
    first = company.say(key, "One.", stream=stream, instructions="Be brief.")
    second = company.say(key, [{"role": "user", "content": "Two."}], stream=stream, previous_response_id=first.id)
    third = company.say(
        key, "Three.", stream=stream, previous_response_id=second.id, instructions="Be long.", store=False
    )
    assert [first.output_text, second.output_text, third.output_text] == ["Turn 2.", "Turn 3.", "Turn 6."]
    assert (second.previous_response_id, first.store, third.store) == (first.id, True, False)  # type: ignore[attr-defined]
    assert uuid.UUID(first.id.removeprefix("resp_")).version == 7
    _, asked = company.heard.asked[-1]
    assert [(turn["role"], _text(turn)) for turn in asked["messages"]] == [
        ("system", "Be long."), ("user", "One."), ("assistant", "Turn 2."), ("user", "Two."),
        ("assistant", "Turn 3."), ("user", "Three."),
    ]  # fmt: skip
    assert "previous_response_id" not in asked


def _text(turn: dict[str, Any]) -> str:
    said = turn["content"]
    return said if isinstance(said, str) else "".join(part["text"] for part in said)


@pytest.mark.parametrize("stream", [False, True])
def test_tools_and_thoughts_go_around_at_a_provider_of_another_dialect(
    company: _Company, key: str, stream: bool
) -> None:
    """Anthropic's API, simulated as strict as it is, refuses results without their calls and thoughts unsigned."""
    thinking: Any = {"reasoning": {"effort": "low", "summary": "auto"}, "tools": [_TOOL], "max_output_tokens": 4000}
    first = company.say(key, "Use the tool.", model="sim-calls-2-reasoning", stream=stream, **thinking)
    calls = [item for item in first.output if item.type == "function_call"]
    assert len(calls) == 2
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": "rain"} for call in calls]
    second = company.say(key, results, model="sim-small", stream=stream, previous_response_id=first.id, **thinking)
    third = company.say(key, "And now?", stream=stream, previous_response_id=second.id)
    assert second.output_text
    assert third.output_text == f"Turn {5 + len(calls)}." or third.output_text
    _, asked = company.heard.asked[-1]
    roles = [turn["role"] for turn in asked["messages"]]
    assert roles == ["user", "assistant", "tool", "tool", "assistant", "user"]


def test_any_worker_knows_of_it_at_once(company: _Company, key: str) -> None:
    last = company.say(key, "Begin.")
    for turn in range(20):
        last = company.say(key, "More.", stream=turn % 2 == 1, previous_response_id=last.id)
        assert last.output_text == f"Turn {2 * turn + 3}."
    found = company.instance.metric("control_layer_response_lookups_total", result="found")
    assert found is not None
    assert found >= 20


def test_it_is_read_listed_and_deleted_by_its_owner(company: _Company, key: str) -> None:
    first = company.say(key, "One.")
    second = company.say(key, [{"role": "user", "content": "Two."}], previous_response_id=first.id, metadata={"a": "b"})
    client = company.at(key)
    assert client.responses.retrieve(second.id).to_dict() == second.to_dict()
    listed = list(client.responses.input_items.list(second.id, order="asc", limit=2))
    assert [item.type for item in listed] == ["message"] * 3
    assert len({item.id for item in listed}) == 3
    newest = client.responses.input_items.list(second.id, limit=1)
    assert [item.id for item in newest.data] == [listed[-1].id]
    assert newest.has_more

    other = company.at(company.key(company.stranger()))
    for call in (other.responses.retrieve, other.responses.delete, other.responses.input_items.list):
        with pytest.raises(openai.NotFoundError):
            call(second.id)
    with pytest.raises(openai.BadRequestError) as raised:
        other.responses.create(model="heard", input="x", previous_response_id=second.id)
    assert raised.value.code == "previous_response_not_found"

    client.responses.delete(first.id)
    for gone in (client.responses.retrieve, client.responses.delete):
        with pytest.raises(openai.APIStatusError) as deleted:
            gone(first.id)
        assert deleted.value.status_code == 410
    with pytest.raises(openai.BadRequestError):
        company.say(key, "x", previous_response_id=first.id)
    assert company.say(key, "Three.", previous_response_id=second.id).output_text == "Turn 5."
    headers = {"authorization": "Bearer sk-nobody"}
    assert httpx.get(f"{company.instance.base_url}/responses/{second.id}", headers=headers).status_code == 401


@pytest.mark.parametrize("previous", ["resp_68af4030", "resp_14a71b08-6e89-4a0d-bdf9-82fc3e4b9d13", "x"])
def test_what_nobody_knows_is_refused_as_openai_does(company: _Company, key: str, previous: str) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        company.say(key, "x", previous_response_id=previous)
    assert (raised.value.code, raised.value.param) == ("previous_response_not_found", "previous_response_id")
    with pytest.raises(openai.NotFoundError) as missing:
        company.at(key).responses.retrieve(previous)
    assert "at the provider" in missing.value.message


def test_what_may_not_be_kept_is_not(company: _Company, key: str) -> None:
    unwanted = company.say(key, "x", store=False)
    discreet = company.key(zero_data_retention=True)
    unkept = company.say(discreet, "x")
    assert unkept.store is False  # type: ignore[attr-defined]
    kept = company.say(key, "x")
    until(lambda: company.stored(kept))
    assert not company.stored(unwanted)
    assert not company.stored(unkept)


def test_with_zero_data_retention_nothing_is_given_any_more(company: _Company) -> None:
    person = company.stranger()
    theirs = company.key(person)
    said = company.say(theirs, "x")
    until(lambda: company.stored(said))
    company.instance.api("PATCH", f"/users/{person}", {"zero_data_retention": True})
    with pytest.raises(openai.NotFoundError):
        company.at(theirs).responses.retrieve(said.id)
    with pytest.raises(openai.BadRequestError):
        company.say(theirs, "x", previous_response_id=said.id)


def test_with_an_account_go_its_responses(company: _Company) -> None:
    person = company.stranger()
    said = company.say(company.key(person), "x")
    until(lambda: company.stored(said))
    company.instance.api("DELETE", f"/users/{person}", status=204)
    assert not company.stored(said)


def test_guardrails_look_at_what_was_said_before(company: _Company, key: str) -> None:
    said = company.say(key, "The word is swordfish.")
    rail = {"name": uuid.uuid4().hex, "kind": "deny_pattern", "pattern": "swordfish"}
    made = company.instance.api("POST", "/guardrails", rail, status=201)

    def blocked() -> bool:
        try:
            company.say(key, "And?", previous_response_id=said.id)
        except openai.APIStatusError as error:
            return "guardrail" in str(error.code)
        return False

    until(blocked)
    company.instance.api("DELETE", f"/guardrails/{made['id']}", status=204)
    until(lambda: not blocked())


@pytest.mark.parametrize("stream", [False, True])
def test_what_is_stored_is_what_the_client_was_given(company: _Company, key: str, stream: bool) -> None:
    rail = {"name": uuid.uuid4().hex, "kind": "redact", "pattern": "Turn", "replacement": "Step", "stage": "answer"}
    made = company.instance.api("POST", "/guardrails", rail, status=201)
    said: list[Response] = []

    def redacted() -> bool:
        said.append(company.say(key, "x", stream=stream))
        return said[-1].output_text == "Step 1."

    until(redacted)
    company.instance.api("DELETE", f"/guardrails/{made['id']}", status=204)
    assert company.at(key).responses.retrieve(said[-1].id).output_text == "Step 1."
    until(lambda: company.say(key, "x").output_text == "Turn 1.")


def test_a_model_without_the_adapter_is_asked_in_the_clients_words(company: _Company, key: str) -> None:
    company.instance.api("PATCH", f"/models/{company.model_id('untranslated')}", {"open_responses_adapter": False})
    body = {"model": "untranslated", "input": "x", "previous_response_id": "resp_1", "background": True}
    headers = {"authorization": f"Bearer {key}"}

    def handed_on() -> bool:
        httpx.post(f"{company.instance.base_url}/responses", json=body, headers=headers, timeout=30)
        return company.heard.asked[-1] == ("/v1/responses", body)

    until(handed_on)
    with pytest.raises(openai.BadRequestError) as raised:
        company.say(key, "x", background=True)
    assert (raised.value.code, raised.value.param) == ("unsupported_parameter", "background")


def test_a_killed_control_plane_costs_nothing(company: _Company, key: str) -> None:
    """What it had not stored is handed over again, and who asks meanwhile waits for the next one."""
    before = company.say(key, "One.")
    until(lambda: company.stored(before))
    company.instance.kill("control")
    while_away = company.say(key, "Alone.")
    until(lambda: company.stored(while_away), message="it was not handed over again")
    assert company.say(key, "Two.", previous_response_id=before.id).output_text == "Turn 3."
    assert company.say(key, "Two.", previous_response_id=while_away.id).output_text == "Turn 3."


def test_a_worker_that_leaves_leaves_its_responses(company: _Company, key: str) -> None:
    said = company.say(key, "One.")
    company.instance.kill("gateway")
    until(lambda: company.stored(said))
    until(lambda: company.say(key, "Two.", previous_response_id=said.id).output_text == "Turn 3.")


def test_without_postgres_nothing_goes_on_and_nothing_is_lost(company: _Company, key: str) -> None:
    before = company.say(key, "One.")
    until(lambda: company.stored(before))
    company.postgres.stop()
    try:
        refused: list[tuple[int, str | None]] = []

        def refuses() -> bool:
            try:
                company.say(key, "Two.", previous_response_id=before.id)
            except openai.InternalServerError as error:
                refused.append((error.status_code, error.code))
            return bool(refused)

        until(refuses)
        assert refused == [(503, "stored_responses_unavailable")]
        said = company.say(key, "Three.")
        again = company.say(key, "Four.", previous_response_id=said.id)
        assert again.output_text == "Turn 3.", "it is known, whether or not it is in the database"
    finally:
        company.postgres.start()
    until(lambda: company.stored(said) and company.stored(again), seconds=60)
    assert company.say(key, "Five.", previous_response_id=again.id).output_text == "Turn 5."
