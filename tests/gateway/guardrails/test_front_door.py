"""Guardrails through a real worker, with unmodified client libraries and a real provider behind it."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import httpx
import openai
import pytest
from bench.processes import GatewayProcess
from tests.gateway.company import Company
from tests.gateway.conftest import Journal, Provider
from tests.gateway.guardrails.conftest import CARD, HELD_SECONDS, GuardedCompany, Service, checks
from tests.gateway.test_streams import direct, events

from control_layer.contract.usage import Closed
from control_layer.simulator.text import words

_CARD = "4111111111111111"
_SAID = "simulated answer"
"""What every simulated answer says."""
_LONG = "sim-tokens-200"
_NAMES = {"long-deny": _LONG, "long-late": _LONG, "long-windows": _LONG, "long-narrow": _LONG, "long-whole": _LONG,
          "long-clean": _LONG,
          "long-redact": _LONG, "drip-redact": "sim-drip", "cut-clean": "sim-cut",
          "reasoning": "sim-reasoning", "big": "sim-big-12mb",
          "endless": "sim-slow-chunks-50ms-tokens-200"}  # fmt: skip


def _external(service: Service, path: str, **more: Any) -> list[dict[str, Any]]:
    return [{"kind": "external", "url": service.url + path, **more}]


@pytest.fixture(scope="module")
def company(simulator_url: str, service: Service, dead_port: int) -> Company:
    down = f"http://127.0.0.1:{dead_port}/"
    rails: dict[str, list[dict[str, Any]]] = {
        "deny": [{"kind": "deny_pattern", "pattern": CARD, "stage": "request", "name": "no cards"}],
        "allow": [{"kind": "allow_pattern", "pattern": "(?i)please", "stage": "request", "name": "politeness"}],
        "redact": [{"kind": "redact", "pattern": CARD, "replacement": '["card"]', "stage": "request"}],
        "redact-deny": [
            {"kind": "redact", "pattern": CARD, "replacement": "[card]", "stage": "request"},
            {"kind": "deny_pattern", "pattern": "[0-9]{16}", "stage": "request"},
        ],
        "deny-answer": [{"kind": "deny_pattern", "pattern": _SAID, "stage": "answer", "name": "no simulation"}],
        "long-deny": [{"kind": "deny_pattern", "pattern": "was asked\\. [a-z]+", "stage": "answer"}],
        "redact-answer": [{"kind": "redact", "pattern": _SAID, "replacement": '"\\n', "stage": "answer"}],
        "long-redact": [{"kind": "redact", "pattern": "alpha|bravo", "replacement": "[x]", "stage": "answer"}],
        "drip-redact": [{"kind": "redact", "pattern": _SAID, "replacement": "[x]", "stage": "answer"}],
        "allow-answer": [{"kind": "allow_pattern", "pattern": "was asked", "stage": "answer"}],
        "allow-nothing": [{"kind": "allow_pattern", "pattern": "never said", "stage": "answer"}],
        "clean": [{"kind": "deny_pattern", "pattern": "never said"}, {"kind": "redact", "pattern": "nor this"}],
        "long-clean": [{"kind": "deny_pattern", "pattern": "never said"}, {"kind": "redact", "pattern": "nor this"}],
        "cut-clean": [{"kind": "deny_pattern", "pattern": "never said"}],
        "reasoning": [{"kind": "redact", "pattern": "(?i)simulated", "replacement": "[s]", "stage": "answer"}],
        "endless": [{"kind": "deny_pattern", "pattern": _SAID, "stage": "answer"}],
        "unusable": [{"kind": "deny_pattern", "pattern": "("}],
        "big": [{"kind": "deny_pattern", "pattern": "never said", "stage": "answer"}],
        "speech": [{"kind": "deny_pattern", "pattern": ".", "stage": "answer"}],
        "others": [{"kind": "deny_pattern", "pattern": ".", "groups": ["a-group-of-others"]}],
        "ours": [{"kind": "deny_pattern", "pattern": "Say", "groups": ["00000000-0000-0000-0000-000000000000"]}],
        "ask-allow": _external(service, "/allow?a=b", secret="s3cret"),
        "ask-deny": _external(service, "/deny", name="compliance"),
        "ask-redact": _external(service, "/redact"),
        "ask-merge": _external(service, "/merge", stage="request"),
        "ask-merge-open": _external(service, "/merge", stage="request", fail="open"),
        "ask-deny-answer": _external(service, "/deny", stage="answer"),
        "long-late": _external(service, "/deny-late", stage="answer"),
        "long-windows": _external(service, "/redact", stage="answer"),
        "long-narrow": _external(service, "/redact", stage="answer", window=300),
        "long-whole": _external(service, "/redact", stage="answer", whole=True),
    }
    for stage in ("request", "answer"):
        for fail in ("open", "closed"):
            for trouble, url in (
                ("slow", service.url + "/slow"), ("down", down), ("broken", service.url + "/broken"),
                ("nonsense", service.url + "/nonsense"), ("nowhere", "https://[bad"),
            ):  # fmt: skip
                rails[f"{trouble}-{stage}-{fail}"] = [
                    {"kind": "external", "url": url, "stage": stage, "fail": fail, "timeout": HELD_SECONDS}
                ]
    names = {alias: _NAMES.get(alias, "sim-small") for alias in rails}
    return GuardedCompany(simulator_url, aliases=["sim-small", *rails], names=names, rails=rails, dead_port=dead_port)


@pytest.fixture(scope="module")
def settings() -> dict[str, Any]:
    return {"capture": {"enabled": True}}


def chat(model: str, content: str = "Say something.", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": content}], **more}


def blocked(answer: httpx.Response, code: str = "guardrail_blocked", status: int = 400) -> str:
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["code"] == code
    return str(error["message"])


def ended(ends: list[Closed], code: str | None, status: int) -> Closed:
    (end,) = ends
    assert (end.error, end.status, end.outcome) == (code, status, "failed" if code else "completed")
    return end


# -- requests --------------------------------------------------------------------------------------------------------

_BODIES = [
    ("/chat/completions", {"messages": [{"role": "user", "content": f"my card {_CARD}."}]}),
    ("/chat/completions", {"messages": [{"role": "user", "content": [{"type": "text", "text": f"card {_CARD}"}]}]}),
    ("/chat/completions", {"messages": [{"role": "tool", "tool_call_id": "c", "content": f'{{"n": {_CARD}}}'}]}),
    ("/chat/completions", {"messages": [{"role": "user", "content": '{"n": "\\u0034111111111111111"}'}]}),
    ("/chat/completions", {"messages": [], "tools": [{"function": {"name": "f", "description": _CARD}}]}),
    ("/completions", {"prompt": f"{_CARD}"}),
    ("/completions", {"prompt": ["clean", f"{_CARD}"]}),
    ("/embeddings", {"input": [f"{_CARD}"]}),
    ("/responses", {"input": "clean", "instructions": f"{_CARD}"}),
    ("/responses", {"input": [{"role": "user", "content": [{"type": "input_text", "text": _CARD}]}]}),
    ("/messages", {"max_tokens": 9, "system": [{"type": "text", "text": _CARD}], "messages": []}),
    ("/messages", {"max_tokens": 9, "messages": [{"role": "user", "content": [
        {"type": "tool_use", "id": "t", "name": "f", "input": {"card": int(_CARD)}}]}]}),
    ("/rerank", {"query": "clean", "documents": [{"text": f"{_CARD}"}]}),
    ("/images/generations", {"prompt": f"a {_CARD}"}),
    ("/audio/speech", {"input": f"a {_CARD}"}),
    ("/brand/new", {"whatever": {"it": f"is {_CARD}"}}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body"), _BODIES)
def test_a_denied_request_is_recorded_and_never_leaves(
    client: httpx.Client, journal: Journal, provider: Provider, path: str, body: dict[str, Any]
) -> None:
    asked = provider.stats()["requests"]
    with journal.admitted() as ends:
        answer = client.post(path, json={"model": "deny", **body})
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert "'no cards'" in error["message"]
    assert _CARD not in answer.text
    if path == "/messages":
        assert (answer.json()["type"], error["type"]) == ("error", "invalid_request_error")
    else:
        assert (error["type"], error["code"]) == ("invalid_request_error", "guardrail_blocked")
    end = ended(ends, "guardrail_blocked", 400)
    assert (end.attempts, end.deployment_id, end.tokens.source) == ((), None, "none")
    assert provider.stats()["requests"] == asked


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"deny","messages":[{"content":"%b","content":"clean","role":"user"}]}',
        b'{"model":"deny","messages":[{"content":"%b"}],"messages":[{"role":"user","content":"clean"}]}',
        b'{"model":"deny","messages":[{"role":"user","content":"\\u0034%b"}]}',
        b'{"model":"deny","messages":[{"role":"user","content":"clean","Content":"%b"}]}',
        b'{"model":"deny","Messages":[{"role":"user","content":"%b"}],"messages":[]}',
    ],
)
def test_no_second_spelling_hides_what_is_denied(client: httpx.Client, journal: Journal, body: bytes) -> None:
    text = _CARD[1:] if b"u0034" in body else _CARD
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", content=body % text.encode())
    if b'"messages":[{"content":"%b"}],"messages"' in body:  # the reading that is left of it is clean
        assert answer.status_code == 200
        assert _CARD.encode() not in journal.bodies(ends[0].id)[0].request
        return
    blocked(answer)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/completions", {"prompt": [15496, 995]}, "guardrail_blocked"),
        ("/embeddings", {"input": [[15496, 995]]}, "guardrail_blocked"),
        ("/chat/completions", b'{"model":"deny","messages":[{"content":"\xff"}]}', "invalid_json"),
        ("/chat/completions", rb'{"model":"deny","messages":[{"content":"\x"}]}', "invalid_json"),
    ],
)
def test_what_cannot_be_looked_into_does_not_pass(client: httpx.Client, path: str, body: Any, code: str) -> None:
    more = {"content": body} if isinstance(body, bytes) else {"json": {"model": "deny", **body}}
    blocked(client.post(path, **more), code)


def test_forms_and_sessions_cannot_be_looked_into(client: httpx.Client, journal: Journal) -> None:
    form = {"data": {"model": "deny"}, "files": {"file": ("a.wav", b"x" * 3000)}}
    with journal.admitted() as ends:
        assert "cannot look" in blocked(client.post("/audio/transcriptions", **form))  # type: ignore[arg-type]
    ended(ends, "guardrail_blocked", 400)
    with journal.admitted() as ends:
        assert "cannot look" in blocked(client.post("/brand/new?model=deny", content=b"plain"))
    ended(ends, "guardrail_blocked", 400)
    head = {
        "connection": "upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "a" * 22,
    }
    for model in ("deny", "deny-answer"):
        with journal.admitted():
            assert "cannot look" in blocked(client.get(f"/realtime?model={model}", headers=head))
    assert client.get("/brand/new?model=deny").status_code != 400  # nothing is said in it


def test_images_are_not_taken_for_text(client: httpx.Client) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 2000 + _CARD + "/" * 2000}}
    content: Any = [{"type": "text", "text": "What is it?"}, image]
    assert client.post("/chat/completions", json=chat("deny", content)).status_code == 200


def test_what_is_allowed_must_be_said(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        assert "'politeness'" in blocked(client.post("/chat/completions", json=chat("allow")))
    ended(ends, "guardrail_blocked", 400)
    assert client.post("/chat/completions", json=chat("allow", "Please.")).status_code == 200


@pytest.mark.parametrize("model", ["redact", "redact-deny"])
def test_a_redacted_request_is_what_the_provider_gets_and_what_is_logged(
    client: httpx.Client, journal: Journal, model: str
) -> None:
    by = '["card"]' if model == "redact" else "[card]"
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat(model, f'my "card"\n{_CARD}, é.', temperature=0.50))
    assert answer.json()["choices"][0]["message"]["content"] == "".join(words(f'my "card"\n{by}, é.', 24))
    kept = json.loads(journal.bodies(ended(ends, None, 200).id)[0].request)
    assert kept == chat(model, f'my "card"\n{by}, é.', temperature=0.5)


def test_only_the_models_and_groups_of_the_request_are_looked_at(client: httpx.Client) -> None:
    for model in ("sim-small", "others"):
        assert client.post("/chat/completions", json=chat(model, _CARD)).status_code == 200
    blocked(client.post("/chat/completions", json=chat("ours")))


# -- answers ---------------------------------------------------------------------------------------------------------


def test_a_denied_answer_is_counted_and_not_shown(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("deny-answer"))
    assert "'no simulation'" in blocked(answer)
    assert _SAID not in answer.text
    end = ended(ends, "guardrail_blocked", 400)
    assert (end.tokens.source, end.tokens.output) == ("provider", 24)
    assert [attempt.status for attempt in end.attempts] == [200]


def test_a_redacted_answer_is_whole_json(client: httpx.Client, gateway: GatewayProcess, provider: Provider) -> None:
    answer = client.post("/chat/completions", json=chat("redact-answer"))
    said = answer.json()["choices"][0]["message"]["content"]
    assert said == "".join(words("Say something.", 24)).replace(_SAID, '"\\n')
    sent = client.post("/chat/completions", json=chat("clean"))
    assert sent.content == direct(provider, gateway, sent, chat("sim-small"))


@pytest.mark.parametrize(("model", "upstream"), [("clean", "sim-small"), ("long-clean", _LONG)])
def test_a_stream_without_a_match_is_the_providers_byte_for_byte(
    client: httpx.Client, gateway: GatewayProcess, provider: Provider, model: str, upstream: str
) -> None:
    answer = client.post("/chat/completions", json=chat(model, stream=True))
    assert answer.content == direct(provider, gateway, answer, chat(upstream, stream=True))


def test_a_denied_stream_ends_with_an_error_and_is_counted(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("long-deny", stream=True))
    *chunks, last = events(answer)
    assert last["error"]["code"] == "guardrail_blocked"
    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    assert "".join(words("Say something.", 200)).startswith(text)
    assert "was asked" not in text
    end = ended(ends, "guardrail_blocked", 200)
    assert end.tokens.output
    assert end.attempts[0].error == "guardrail_blocked"


def test_a_denied_stream_ends_at_once_and_so_does_the_provider(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("endless", stream=True))
    assert events(answer)[-1]["error"]["code"] == "guardrail_blocked"
    end = ended(ends, "guardrail_blocked", 200)
    assert (end.tokens.source, end.finish_reason) == ("estimate", None)


@pytest.mark.parametrize("model", ["redact-answer", "long-redact", "drip-redact"])
@pytest.mark.parametrize("usage", [True, False])
def test_a_redacted_stream_keeps_its_shape(client: httpx.Client, journal: Journal, model: str, usage: bool) -> None:
    options: dict[str, Any] = {"stream_options": {"include_usage": True}} if usage else {}
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat(model, stream=True, **options))
    *chunks, done = events(answer)
    assert done == "[DONE]"
    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk["choices"])
    count = 200 if model.startswith("long") else 24
    clean = "".join(words("Say something.", count))
    by = '"\\n' if model == "redact-answer" else "[x]"
    assert text == clean.replace(_SAID, by) if count == 24 else clean.replace("alpha", by).replace("bravo", by)
    assert bool(chunks[-1].get("usage")) == usage
    end = ended(ends, None, 200)
    assert (end.tokens.source, end.tokens.output, end.finish_reason) == ("provider", count, "stop")


def test_old_completions_and_several_choices_are_looked_at_alike(client: httpx.Client) -> None:
    clean = "".join(words("Say something.", 24)).replace(_SAID, '"\\n')
    body = {"model": "redact-answer", "prompt": "Say something.", "stream": True}
    answer = events(client.post("/completions", json=body))
    assert "".join(event["choices"][0]["text"] for event in answer if event != "[DONE]") == clean
    said = ["", ""]
    for event in events(client.post("/chat/completions", json=chat("redact-answer", stream=True, n=2))):
        for choice in event["choices"] if event != "[DONE]" else ():
            said[choice["index"]] += choice["delta"].get("content", "")
    assert said == [clean, clean]


def test_what_the_client_got_is_what_is_logged(client: httpx.Client, journal: Journal) -> None:
    for stream in (True, False):
        with journal.admitted() as ends:
            answer = client.post("/chat/completions", json=chat("redact-answer", stream=stream))
        assert journal.bodies(ends[0].id)[0].response == answer.content
        assert ends[0].response_bytes == len(answer.content)


def test_an_answer_that_is_too_long_to_be_held_does_not_pass(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted(2) as ends:
        assert "cannot look" in blocked(client.post("/chat/completions", json=chat("big")))
        *_, last = events(client.post("/chat/completions", json=chat("big", stream=True)))
    assert last["error"]["code"] == "guardrail_blocked" if isinstance(last, dict) else last == "[DONE]"
    assert ends[0].error == "guardrail_blocked"


def test_sounds_have_no_text(client: httpx.Client) -> None:
    answer = client.post("/audio/speech", json={"model": "speech", "input": "Hello.", "voice": "v"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("audio/")


def test_a_guardrail_that_cannot_be_used_lets_nothing_pass(client: httpx.Client) -> None:
    blocked(client.post("/chat/completions", json=chat("unusable")), "guardrail_unavailable", 503)


def test_thoughts_are_looked_at_like_words(client: httpx.Client) -> None:
    whole = client.post("/chat/completions", json=chat("reasoning")).json()["choices"][0]["message"]
    answer = client.post("/chat/completions", json=chat("reasoning", stream=True))
    deltas = [event["choices"][0]["delta"] for event in events(answer) if event != "[DONE]"]
    for name in ("content", "reasoning_content"):
        assert whole[name] == "".join(delta.get(name) or "" for delta in deltas)
        assert "[s]" in whole[name]
        assert "imulated" not in whole[name]


def test_streams_that_must_say_something_are_held_to_their_end(client: httpx.Client, journal: Journal) -> None:
    assert events(client.post("/chat/completions", json=chat("allow-answer", stream=True)))[-1] == "[DONE]"
    assert client.post("/chat/completions", json=chat("allow-answer")).status_code == 200
    with journal.admitted() as ends:
        (only,) = events(client.post("/chat/completions", json=chat("allow-nothing", stream=True)))
    assert only["error"]["code"] == "guardrail_blocked"
    assert ended(ends, "guardrail_blocked", 200).tokens.output == 24
    blocked(client.post("/chat/completions", json=chat("allow-nothing")))


def test_a_stream_that_broke_never_looks_whole(client: httpx.Client) -> None:
    last = events(client.post("/chat/completions", json=chat("cut-clean", stream=True)))[-1]
    assert last["error"]["code"] == "upstream_broken"


# -- client libraries ------------------------------------------------------------------------------------------------


def test_openais_library_understands(gateway: GatewayProcess) -> None:
    with openai.OpenAI(base_url=gateway.base_url, api_key=gateway.secret, max_retries=0, timeout=15) as sdk:
        say: Any = [{"role": "user", "content": _CARD}]
        with pytest.raises(openai.BadRequestError) as refused:
            sdk.chat.completions.create(model="deny", messages=say)
        assert refused.value.code == "guardrail_blocked"
        with pytest.raises(openai.APIError, match="no simulation"):
            list(sdk.chat.completions.create(model="deny-answer", messages=say, stream=True))
        chunks = list(sdk.chat.completions.create(model="redact-answer", messages=say, stream=True))
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        assert text == "".join(words(_CARD, 24)).replace(_SAID, '"\\n')
        assert chunks[-1].choices[0].finish_reason == "stop"
        with sdk.responses.stream(model="redact-answer", input="Hello.") as stream:
            said = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
            assert said == stream.get_final_response().output_text
        assert '"\\n' in said
        assert _SAID not in said
        with (
            pytest.raises(openai.APIError, match="no simulation"),
            sdk.responses.stream(model="deny-answer", input="Hello.") as stream,
        ):
            list(stream)
        tool: Any = {"type": "function", "function": {"name": "look", "parameters": {
            "type": "object", "properties": {"said": {"const": "a simulated answer"}}}}}  # fmt: skip
        whole = sdk.chat.completions.create(model="redact-answer", messages=say, tools=[tool], tool_choice="required")
        call: Any = (whole.choices[0].message.tool_calls or [])[0]
        assert json.loads(call.function.arguments) == {"said": 'a "\\n'}
        pieces = sdk.chat.completions.create(
            model="redact-answer", messages=say, tools=[tool], tool_choice="required", stream=True
        )
        arguments = ""
        for chunk in pieces:
            for part in chunk.choices[0].delta.tool_calls or []:
                assert part.function is not None
                arguments += part.function.arguments or ""
        assert json.loads(arguments) == {"said": 'a "\\n'}


def test_anthropics_library_understands(gateway: GatewayProcess) -> None:
    base = gateway.base_url.removesuffix("/v1")
    with anthropic.Anthropic(base_url=base, api_key=gateway.secret, max_retries=0, timeout=15) as sdk:
        say: Any = [{"role": "user", "content": _CARD}]
        with pytest.raises(anthropic.BadRequestError, match="no cards"):
            sdk.messages.create(model="deny", max_tokens=50, messages=say)
        with (
            pytest.raises(anthropic.APIStatusError, match="no simulation"),
            sdk.messages.stream(model="deny-answer", max_tokens=50, messages=say) as stream,
        ):
            list(stream)
        whole: Any = sdk.messages.create(model="redact-answer", max_tokens=50, messages=say).content[0]
        with sdk.messages.stream(model="redact-answer", max_tokens=50, messages=say) as stream:
            text = "".join(stream.text_stream)
            assert stream.get_final_message().usage.output_tokens == 24
        assert text == whole.text
        assert '"\\n' in text
        assert _SAID not in text


# -- services --------------------------------------------------------------------------------------------------------


def test_a_service_is_asked_what_is_said_and_by_whom(client: httpx.Client, service: Service) -> None:
    before = len(service.questions)
    body = {
        "model": "ask-allow",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "é"}],
    }
    assert client.post("/chat/completions", json=body).status_code == 200
    asked, answered = service.questions[before:]
    assert asked == {
        "path": "/allow?a=b", "stage": "request", "model": "ask-allow", "text": "Be brief.\x1eé",
        "key_id": "00000000-0000-0000-0000-000000000001", "user_id": "00000000-0000-0000-0000-000000000002",
    }  # fmt: skip
    assert (answered["stage"], answered["text"]) == ("answer", "".join(words("Be brief.\né", 24)))
    assert set(service.credentials[before:]) == {"Bearer s3cret"}


def test_a_service_may_deny_and_say_why(client: httpx.Client, journal: Journal, provider: Provider) -> None:
    asked = provider.stats()["requests"]
    with journal.admitted() as ends:
        message = blocked(client.post("/chat/completions", json=chat("ask-deny")))
    assert message == "This request was blocked by the guardrail 'compliance': not in this company."
    assert ended(ends, "guardrail_blocked", 400).attempts == ()
    assert provider.stats()["requests"] == asked
    with journal.admitted() as ends:
        blocked(client.post("/chat/completions", json=chat("ask-deny-answer")))
    ended(ends, "guardrail_blocked", 400)


def test_a_service_may_redact_text_for_text(client: httpx.Client, journal: Journal) -> None:
    body = {
        "model": "ask-redact",
        "messages": [{"role": "user", "content": "I am jo."}, {"role": "user", "content": "ok"}],
    }
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=body)
    kept = json.loads(journal.bodies(ends[0].id)[0].request)
    assert [message["content"] for message in kept["messages"]] == ["I am [n].", "ok"]
    said = "".join(words("I am [n].\nok", 24)).replace("alpha", "[α]").replace("jo", "[n]")
    assert answer.json()["choices"][0]["message"]["content"] == said
    body["model"] = "ask-merge"
    blocked(client.post("/chat/completions", json=body), "guardrail_unavailable", 503)
    assert client.post("/chat/completions", json={**body, "model": "ask-merge-open"}).status_code == 200


@pytest.mark.parametrize(("model", "window"), [("long-windows", 1000), ("long-narrow", 300), ("long-whole", None)])
def test_a_service_looks_at_streams_in_windows_or_whole(
    client: httpx.Client, service: Service, model: str, window: int | None
) -> None:
    before = len(service.questions)
    answer = client.post("/chat/completions", json=chat(model, stream=True))
    *chunks, done = events(answer)
    assert done == "[DONE]"
    clean = "".join(words("Say something.", 200))
    texts = [question["text"] for question in service.questions[before:]]
    assert "".join(texts) == clean
    if window is None:
        assert len(texts) == 1
    else:
        # What comes while it is asked is looked at next, however much it is.
        assert window <= len(texts[0]) < window + 100
        assert len(texts) > 1
        assert all(len(text) >= window for text in texts[:-1])
    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk["choices"])
    assert text == "".join(part.replace("alpha", "[α]").replace("jo", "[n]") for part in texts)


def test_a_service_may_end_a_stream(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        *_, last = events(client.post("/chat/completions", json=chat("long-late", stream=True)))
    assert last["error"]["code"] == "guardrail_blocked"
    ended(ends, "guardrail_blocked", 200)


@pytest.mark.parametrize("stage", ["request", "answer"])
@pytest.mark.parametrize("trouble", ["slow", "down", "broken", "nonsense", "nowhere"])
def test_a_service_that_cannot_be_asked_lets_pass_or_blocks(
    client: httpx.Client, journal: Journal, trouble: str, stage: str
) -> None:
    for stream in (False, True):
        assert client.post("/chat/completions", json=chat(f"{trouble}-{stage}-open", stream=stream)).status_code == 200
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat(f"{trouble}-{stage}-closed"))
    blocked(answer, "guardrail_unavailable", 503)
    end = ended(ends, "guardrail_unavailable", 503)
    assert bool(end.attempts) == (stage == "answer")
    if stage == "answer":
        with journal.admitted() as ends:
            (only,) = events(client.post("/chat/completions", json=chat(f"{trouble}-answer-closed", stream=True)))
        assert only["error"]["code"] == "guardrail_unavailable"
        assert ended(ends, "guardrail_unavailable", 200).tokens.output == 24


def test_a_client_that_leaves_meanwhile_is_no_trouble(
    gateway: GatewayProcess, client: httpx.Client, journal: Journal
) -> None:
    """Before it is let in there is nothing to record; after the answer has come there is."""
    headers = {"authorization": f"Bearer {gateway.secret}"}
    for model, count in (("slow-request-closed", 0), ("slow-answer-closed", 1)):
        recorded = len(journal.records())
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                gateway.base_url + "/chat/completions", json=chat(model), headers=headers, timeout=HELD_SECONDS / 2
            )
        ends = journal.settled(recorded, count) if count else []
        assert all(end.outcome == "cancelled" and end.tokens.output == 24 for end in ends)
        # Whatever the service says afterwards, there is nobody left to be told.
        with journal.admitted() as later:
            assert client.post("/chat/completions", json=chat("sim-small")).status_code == 200
        assert later[0].model == "sim-small"


def test_checks_are_counted_by_kind_and_result(client: httpx.Client, gateway: GatewayProcess) -> None:
    before = checks(gateway)
    for model, content in (("deny", _CARD), ("deny", "clean"), ("redact", _CARD), ("allow", "x"), ("ask-deny", "x")):
        client.post("/chat/completions", json=chat(model, content))
    client.post("/chat/completions", json=chat("redact-answer", stream=True))
    client.post("/chat/completions", json=chat("deny-answer", stream=True))
    client.post("/chat/completions", json=chat("nonsense-request-open"))
    after = checks(gateway)
    assert {key: count - before.get(key, 0) for key, count in after.items() if count != before.get(key, 0)} == {
        ("deny_pattern", "request", "blocked"): 1,
        ("deny_pattern", "request", "passed"): 1,
        ("redact", "request", "redacted"): 1,
        ("allow_pattern", "request", "blocked"): 1,
        ("external", "request", "blocked"): 1,
        ("external", "request", "failed"): 1,
        ("redact", "answer", "redacted"): 1,
        ("deny_pattern", "answer", "blocked"): 1,
    }
