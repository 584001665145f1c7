"""Guardrails are made, ordered, changed, tried and deleted by managers, and their secrets are never shown."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from tests.control.audit.log import head, since, told
from tests.control.endpoints.calls import create_endpoint, models_at
from tests.control.management import API, NIL, Management, answered

_RAILS = f"{API}/guardrails"
_CARD = r"\b4[0-9]{15}\b"


def _deny(**more: Any) -> dict[str, Any]:
    return {"name": f"rail-{uuid.uuid4().hex[:8]}", "kind": "deny_pattern", "pattern": _CARD, **more}


def _external(**more: Any) -> dict[str, Any]:
    return {"name": f"rail-{uuid.uuid4().hex[:8]}", "kind": "external", "url": "https://check.test/a?b=c", **more}


async def _make(management: Management, body: dict[str, Any], status: int = 201) -> Any:
    return await answered(management.admin.post(_RAILS, json=body), status)


@pytest.fixture(autouse=True)
async def no_rails(management: Management) -> None:
    await management.sql("DELETE FROM guardrails")


async def test_a_guardrail_is_made_changed_and_deleted(management: Management) -> None:
    body = _deny()
    made = await _make(management, body)
    assert made | {"id": "", "created_at": "", "updated_at": "", "created_by": ""} == {
        "id": "", "name": body["name"], "enabled": True, "position": 0, "stage": "request", "kind": "deny_pattern",
        "models": None, "groups": None, "pattern": _CARD, "replacement": None, "url": None, "timeout_ms": None,
        "fail": None, "whole_stream": False, "window_characters": None, "has_secret": False, "created_by": "",
        "created_at": "", "updated_at": "",
    }  # fmt: skip
    url = f"{_RAILS}/{made['id']}"
    assert await answered(management.admin.get(url), 200) == made
    changes = {"name": "Cards", "stage": "both", "enabled": False, "position": 7, "pattern": "x+", "groups": [NIL]}
    changed = await answered(management.admin.patch(url, json=changes), 200)
    assert {name: changed[name] for name in changes} == changes
    assert (await answered(management.admin.patch(url, json={"groups": None}), 200))["groups"] is None
    for window in (16, None, 32_768):
        assert (await answered(management.admin.patch(url, json={"window_characters": window}), 200))[
            "window_characters"
        ] == window
    await answered(management.admin.delete(url), 204)
    assert (await management.admin.get(url)).status_code == 404
    assert (await management.admin.delete(url)).status_code == 404


async def test_names_are_told_apart(management: Management) -> None:
    made = await _make(management, _deny())
    again = await management.admin.post(_RAILS, json=_deny(name=made["name"]))
    assert (again.status_code, "A guardrail with this name already exists" in again.text) == (409, True)


async def test_they_are_listed_in_the_order_in_which_they_are_gone_through(management: Management) -> None:
    made = [await _make(management, _deny(**more)) for more in ({"position": 5}, {}, {"position": 0}, {})]
    assert [rail["position"] for rail in made] == [5, 6, 0, 7]
    listed = await answered(management.admin.get(_RAILS), 200)
    assert [rail["id"] for rail in listed["data"]] == [made[place]["id"] for place in (2, 0, 1, 3)]
    assert listed["total_count"] == 4
    page = await answered(management.admin.get(f"{_RAILS}?skip=1&limit=2"), 200)
    assert [rail["id"] for rail in page["data"]] == [made[0]["id"], made[1]["id"]]


async def test_models_and_groups_must_exist(management: Management) -> None:
    endpoint = await create_endpoint(management, skip_fetch=True, model_filter=["m"])
    model = (await models_at(management, endpoint["id"]))["m"]["id"]
    made = await _make(management, _deny(models=[model, model], groups=[NIL]))
    assert (made["models"], made["groups"]) == ([model], [NIL])
    unknown = str(uuid.uuid4())
    for body in (_deny(models=[unknown]), _deny(groups=[unknown])):
        assert "no " in (await management.admin.post(_RAILS, json=body)).text
        assert (await management.admin.post(_RAILS, json=body)).status_code == 400
    refused = await management.admin.patch(f"{_RAILS}/{made['id']}", json={"models": [unknown]})
    assert refused.status_code == 400


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"kind": "deny_pattern", "pattern": "("}, "pattern"),
        ({"kind": "redact", "pattern": "(?=a)"}, "pattern"),
        ({"kind": "redact", "pattern": "x*"}, "empty"),
        ({"kind": "deny_pattern"}, "needs a pattern"),
        ({"kind": "external"}, "needs its url"),
        ({"kind": "external", "url": "ftp://x"}, "url must be"),
        ({"kind": "external", "url": "https://a:b@x"}, "url must be"),
        ({"kind": "external", "url": "https://x", "pattern": "x"}, "no pattern"),
        ({"kind": "external", "url": "https://x", "secret": "a\nb"}, "printable"),
        ({"kind": "deny_pattern", "pattern": "x", "replacement": "y"}, "no replacement"),
        ({"kind": "deny_pattern", "pattern": "x", "url": "https://x", "fail": "open"}, "no url, fail"),
        ({"kind": "deny_pattern", "pattern": "x", "whole_stream": True}, "no whole_stream"),
        ({"kind": "allow_pattern", "pattern": "x", "window_characters": 99}, "no window_characters"),
        ({"kind": "deny_pattern", "pattern": "x", "name": " "}, "empty"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_the_reason(
    management: Management, body: dict[str, Any], says: str
) -> None:
    refused = await management.admin.post(_RAILS, json={"name": "n", **body})
    assert (refused.status_code, says in refused.text) == (400, True), refused.text


@pytest.mark.parametrize(
    "body",
    [
        {"window_characters": 15},
        {"window_characters": 32_769},
        {"kind": "other"},
        {"stage": "never"},
        {"pattern": ""},
        {"models": []},
        {"position": -1},
        {"name": ""},
    ],
)
async def test_what_is_no_guardrail_is_refused(management: Management, body: dict[str, Any]) -> None:
    assert (await management.admin.post(_RAILS, json=_deny() | body)).status_code == 422


async def test_an_allowing_pattern_may_match_nothing_at_all(management: Management) -> None:
    await _make(management, _deny(kind="allow_pattern", pattern=r"\A[[:ascii:]]*\z"))


async def test_a_secret_is_sealed_and_goes_nowhere_else(management: Management) -> None:
    begin = await head(management)
    made = await _make(management, _external(secret="s3cret"))
    assert (made["has_secret"], made["timeout_ms"], made["fail"]) == (True, 2000, "closed")
    (entry,) = await since(management, begin)
    assert told(entry)[:2] == ("create", "guardrails")
    assert entry["after"]["sealed_secret"] == "[redacted]"
    assert "s3cret" not in json.dumps([made, entry], default=str)
    ((sealed,),) = await management.sql("SELECT sealed_secret FROM guardrails")
    assert management.services.guardrail_secrets.open(sealed, made["id"]) == "s3cret"

    url = f"{_RAILS}/{made['id']}"
    kept = await answered(management.admin.patch(url, json={"url": "https://check.test/other"}), 200)
    assert (kept["has_secret"], kept["url"]) == (True, "https://check.test/other")
    moved = {"url": "https://elsewhere.test/"}
    refused = await management.admin.patch(url, json=moved)
    assert (refused.status_code, "is not sent elsewhere" in refused.text) == (400, True)
    both = await management.admin.patch(url, json={"secret": "new", "remove_secret": True})
    assert both.status_code == 400
    assert (await answered(management.admin.patch(url, json=moved | {"secret": "new"}), 200))["has_secret"]
    changes = {"remove_secret": True, "fail": "open", "timeout_ms": 300, "whole_stream": True}
    changed = await answered(management.admin.patch(url, json=changes), 200)
    assert (changed["has_secret"], changed["fail"], changed["timeout_ms"], changed["whole_stream"]) == (
        False, "open", 300, True,
    )  # fmt: skip


async def test_there_are_no_more_than_can_be_gone_through(management: Management) -> None:
    await management.sql(
        "INSERT INTO guardrails (id, name, position, stage, kind, pattern, created_by) "
        "SELECT gen_random_uuid(), 'n' || n, n, 'request', 'deny_pattern', 'x', $1 FROM generate_series(1, 100) AS n",
        uuid.UUID(NIL),
    )
    assert "100 guardrails already" in (await management.admin.post(_RAILS, json=_deny())).text


# -- trying ----------------------------------------------------------------------------------------------------------


async def test_a_text_is_tried_on_those_that_hold(management: Management) -> None:
    redact = await _make(management, _deny(kind="redact", stage="both", name="cards"))
    deny = await _make(management, _deny(pattern="(?i)secret", name="secrets"))
    await _make(management, _deny(pattern="card", enabled=False))
    await _make(management, _deny(pattern="card", stage="answer"))
    left = await answered(management.admin.post(f"{_RAILS}/try", json={"text": "My card é 4111111111111111."}), 200)
    assert (left["action"], left["text"]) == ("redact", "My card é [cards].")
    assert [(outcome["name"], outcome["result"]) for outcome in left["outcomes"]] == [
        ("cards", "redacted"),
        ("secrets", "passed"),
    ]
    blocked = await answered(management.admin.post(f"{_RAILS}/try", json={"text": "A Secret"}), 200)
    assert (blocked["action"], blocked["outcomes"][-1]["result"]) == ("block", "blocked")
    only = {"text": "A Secret", "guardrails": [redact["id"]]}
    assert (await answered(management.admin.post(f"{_RAILS}/try", json=only), 200))["action"] == "allow"
    allow = await _make(management, _deny(kind="allow_pattern", pattern="please", enabled=False))
    for text, action in (("please", "allow"), ("now", "block")):
        body = {"text": text, "guardrails": [allow["id"]]}
        assert (await answered(management.admin.post(f"{_RAILS}/try", json=body), 200))["action"] == action
    unknown = str(uuid.uuid4())
    for more in ({"guardrails": [unknown]}, {"model": unknown}):
        assert (await management.admin.post(f"{_RAILS}/try", json={"text": "x"} | more)).status_code == 404
    assert deny["enabled"]


@pytest.fixture
def service() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["content-length"])))
            assert self.headers["authorization"] == "Bearer s3cret"
            answers = {
                "deny": {"action": "deny", "reason": "because"},
                "redact": {"action": "redact", "text": question["text"].upper()},
                "odd": {"action": "what"},
            }
            body = json.dumps(answers.get(question["text"], {"action": "allow"})).encode()
            self.send_response(500 if question["text"] == "broken" else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("text", "fail", "action", "result"),
    [
        ("fine", "closed", "allow", "passed"),
        ("deny", "closed", "block", "blocked"),
        ("redact", "closed", "redact", "redacted"),
        ("odd", "closed", "block", "failed"),
        ("odd", "open", "allow", "failed"),
        ("broken", "closed", "block", "failed"),
    ],
)
async def test_a_service_is_asked_about_the_text(
    management: Management, service: str, text: str, fail: str, action: str, result: str
) -> None:
    await _make(management, _external(url=service, secret="s3cret", fail=fail))
    tried = await answered(management.admin.post(f"{_RAILS}/try", json={"text": text}), 200)
    assert (tried["action"], tried["outcomes"][0]["result"]) == (action, result)
    assert tried["text"] == ("REDACT" if text == "redact" else text)
    if text == "deny":
        assert tried["outcomes"][0]["reason"] == "because"


async def test_a_service_that_is_not_there_is_said_to_be(management: Management) -> None:
    await _make(management, _external(url="http://127.0.0.1:9/", fail="open"))
    tried = await answered(management.admin.post(f"{_RAILS}/try", json={"text": "x"}), 200)
    assert (tried["action"], tried["outcomes"][0]["reason"]) == ("allow", "it cannot be reached: ConnectError")
