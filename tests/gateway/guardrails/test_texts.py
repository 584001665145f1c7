"""What is found in JSON, whatever way it is written, and what is left of the JSON when it is changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.contract.guardrails import Guardrail, InvalidPattern, check_pattern
from control_layer.contract.spans import Span, cut, merged
from control_layer.gateway.guardrails.steps import Deny, Rail, Redact
from control_layer.gateway.guardrails.texts import Unreadable, is_content, places, readings, rewritten, told_apart

_TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc "), inner, max_size=4),
    max_leaves=12,
)


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for each in inner for text in _strings(each)]


def _with(value: Any, edit: Any) -> Any:
    if isinstance(value, str):
        return edit(value)
    if isinstance(value, dict):
        return {name: _with(inner, edit) for name, inner in value.items()}
    return [_with(inner, edit) for inner in value] if isinstance(value, list) else value


@given(value=_JSON, ascii_=st.booleans(), indent=st.sampled_from([None, 1]))
def test_every_string_value_is_found_and_nothing_else(value: Any, ascii_: bool, indent: int | None) -> None:
    body = json.dumps(value, ensure_ascii=ascii_, indent=indent).encode()
    assert [place.text.decode() for place in places(body)] == _strings(value)


@given(value=_JSON, ascii_=st.booleans(), by=_TEXT)
def test_json_stays_json_and_only_its_strings_change(value: Any, ascii_: bool, by: str) -> None:
    body = json.dumps(value, ensure_ascii=ascii_).encode()
    assert rewritten(body, lambda text: text) is body
    assert json.loads(rewritten(body, lambda _: by.encode())) == _with(value, lambda text: by if text else text)
    step = Redact([Rail(Guardrail("1", "n", 0, "both", "redact", pattern="(?s).", replacement=by))])
    found = list(places(body))
    edits = [(place, step.redacted(place.text, set())) for place in found]
    json.loads(told_apart(body, edits))


@given(value=_JSON, by=_TEXT)
def test_json_within_a_string_stays_json(value: Any, by: str) -> None:
    text = json.dumps({"it": value})
    step = Redact([Rail(Guardrail("1", "n", 0, "both", "redact", pattern="[0-9a-z]+", replacement=by))])
    assert isinstance(json.loads(step.redacted(text.encode(), set())), dict)


def test_escapes_within_json_within_strings_hide_nothing() -> None:
    inner = '{"a": "\\u0073ecret"}'
    outer = json.dumps({"b": inner})
    deny = Deny([Rail(Guardrail("1", "n", 0, "both", "deny_pattern", pattern="secret"))])
    assert deny.blocking([inner.encode()]) is not None
    assert deny.blocking([outer.encode()]) is not None
    assert deny.blocking([b'{"a": "\\u0073afe"}']) is None


def test_what_only_looks_like_json_is_taken_as_it_stands() -> None:
    for text in (b'{\\alpha "x\\y" secret}', b'{"cut \\u00', b'["a\\"b', b"{\\"):
        assert next(readings(text)) == text
    step = Redact([Rail(Guardrail("1", "n", 0, "both", "redact", pattern="secret", replacement="!"))])
    assert step.redacted(b'{\\alpha "x\\y" secret}', set()) == b'{\\alpha "x\\y" !}'


def test_what_cannot_be_read_at_the_top_is_an_error() -> None:
    with pytest.raises(Unreadable):
        list(places(b'["\\x"]'))
    assert [place.text for place in places(b'["\\ud83d"]')] == ["\ud83d".encode(errors="surrogatepass")]


def test_no_text_takes_more_than_its_share_of_time() -> None:
    """A quote that never ends is looked at once: were it looked at again from each escape, this would take days."""
    text = b'{"' + b'\\"' * 1_000_000
    assert sum(1 for _ in readings(text)) == 2


@pytest.mark.parametrize(
    ("name", "text", "content"),
    [
        (b"role", b"user", False),
        (b"type", b"text", False),
        (b"tool_call_id", b"call_123", False),
        (b"id", b"not an id: it has spaces", True),
        (b"role", b"x" * 200, True),
        (b"data", b"A" * 2000, False),
        (b"url", b"data:image/png;base64," + b"A" * 2000, False),
        (b"url", b"https://example.org/" + b"A" * 2000, True),
        (b"content", b"data:image/png;base64," + b"A" * 2000, False),
        (b"content", b"A" * 2000, True),
        (b"data", b"words and words " * 100, True),
        (None, b"anything", True),
        (None, b"", False),
    ],
)
def test_identifiers_and_payloads_are_not_said_by_anybody(name: bytes | None, text: bytes, content: bool) -> None:
    assert is_content(name, text) is content


def test_numbers_are_looked_at_where_they_may_be_somebodys() -> None:
    body = b'{"card":4111111111111111,"n":12,"created":1700000000,"list":[123456],"x":"y"}'
    assert [place.text for place in places(body, numbers=True)] == [b"4111111111111111", b"123456", b"y"]
    edited = rewritten(body, lambda text: b"[n]" if text.isdigit() else text, numbers=True)
    assert json.loads(edited) == {"card": "[n]", "n": 12, "created": 1700000000, "list": ["[n]"], "x": "y"}


def test_spans_that_overlap_become_one() -> None:
    spans = merged([Span(4, 6, b"b", 1), Span(0, 5, b"a", 0), Span(8, 9, b"c", 0)])
    assert spans == [Span(0, 6, b"a", 0), Span(8, 9, b"c", 0)]
    assert cut(b"0123456789", spans) == b"a67c9"


@pytest.mark.parametrize("pattern", ["(", "(?=a)", "x*", "\ud800"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidPattern):
        check_pattern(pattern, "deny_pattern")
