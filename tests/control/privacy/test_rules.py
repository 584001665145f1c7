"""Redaction rules: those that come with us and one's own, tried before they are used."""

from __future__ import annotations

import uuid

import pytest
from tests.control.management import API, Management, answered

_RULES = f"{API}/redaction-rules"
_MAIL = '{"content": "I am jo\\u0040example.org"}'


def _name() -> str:
    return f"rule-{uuid.uuid4().hex[:8]}"


async def test_rules_come_with_us_and_only_secrets_are_redacted_unasked(management: Management) -> None:
    listed = await answered(management.admin.get(_RULES), 200)
    ours = {rule["name"]: rule for rule in listed["data"] if rule["built_in"]}
    assert {name: rule["enabled"] for name, rule in ours.items()} == {
        "secrets": True,
        "emails": False,
        "credit_cards": False,
    }
    assert all(rule["pattern"] and rule["replacement"] for rule in ours.values())


async def test_a_rule_is_made_changed_and_deleted(management: Management) -> None:
    name = _name()
    made = await answered(management.admin.post(_RULES, json={"name": name, "pattern": r"EMP-\d+"}), 201)
    assert (made["replacement"], made["enabled"], made["built_in"]) == (f"[{name}]", True, False)
    url = f"{_RULES}/{made['id']}"
    assert await answered(management.admin.get(url), 200) == made
    changed = await answered(management.admin.patch(url, json={"replacement": "", "enabled": False}), 200)
    assert (changed["replacement"], changed["enabled"], changed["pattern"]) == ("", False, made["pattern"])
    again = await management.admin.post(_RULES, json={"name": name, "pattern": "x"})
    assert (again.status_code, "already exists" in again.text) == (409, True)
    await answered(management.admin.delete(url), 204)
    assert (await management.admin.get(url)).status_code == 404


@pytest.mark.parametrize("pattern", ["(", "(?=a)", "x*"])
async def test_what_is_no_pattern_is_refused_with_the_reason(management: Management, pattern: str) -> None:
    refused = await management.admin.post(_RULES, json={"name": _name(), "pattern": pattern})
    assert refused.status_code == 400
    assert "pattern" in refused.text


@pytest.mark.parametrize("body", [{"name": "Upper", "pattern": "x"}, {"name": "x", "pattern": ""}, {"name": "x"}])
async def test_what_is_no_rule_is_refused(management: Management, body: dict[str, str]) -> None:
    assert (await management.admin.post(_RULES, json=body)).status_code == 422


async def test_a_rule_of_ours_can_be_switched_and_nothing_else(management: Management) -> None:
    listed = await answered(management.admin.get(_RULES), 200)
    url = next(f"{_RULES}/{rule['id']}" for rule in listed["data"] if rule["name"] == "emails")
    assert (await management.admin.patch(url, json={"pattern": "x"})).status_code == 400
    assert (await management.admin.delete(url)).status_code == 409
    tried = {"text": _MAIL}
    assert (await answered(management.admin.post(f"{_RULES}/preview", json=tried), 200))["found"] == {}
    await answered(management.admin.patch(url, json={"enabled": True}), 200)
    seen = await answered(management.admin.post(f"{_RULES}/preview", json=tried), 200)
    assert seen == {"text": '{"content": "I am [email]"}', "found": {"emails": 1}}
    await answered(management.admin.patch(url, json={"enabled": False}), 200)


async def test_rules_that_are_off_can_be_tried_by_name(management: Management) -> None:
    tried = {"text": _MAIL, "rules": ["emails"]}
    seen = await answered(management.admin.post(f"{_RULES}/preview", json=tried), 200)
    assert seen["found"] == {"emails": 1}
    unknown = await management.admin.post(f"{_RULES}/preview", json={"text": "x", "rules": ["no-such-rule"]})
    assert (unknown.status_code, "no-such-rule" in unknown.text) == (400, True)
