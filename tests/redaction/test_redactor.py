"""What is taken out of bodies: however it is written down, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.redaction import BUILT_IN, InvalidRule, Redactor, Rule, check_pattern

_KEY = "sk-" + "a1B2" * 8
_MAIL = "jo.doe+x@mail.example.org"
_CARD = "4111 1111 1111 1111"


def _redactor(*names: str) -> Redactor:
    chosen = names or tuple(BUILT_IN)
    return Redactor([Rule(name, BUILT_IN[name].pattern, f"[{name}]", BUILT_IN[name].narrow) for name in chosen])


_ALL = _redactor()


def _said(body: bytes) -> bytes:
    return _ALL.redact(body).body


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (_KEY, "secrets"),
        ("sk-ant-api03-" + "x" * 90, "secrets"),
        ("AKIAIOSFODNN7EXAMPLE", "secrets"),
        ("ghp_" + "a" * 36, "secrets"),
        ("github_pat_" + "a" * 30, "secrets"),
        ("xoxb-1234567890-abcdef", "secrets"),
        ("AIza" + "x" * 35, "secrets"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "secrets"),
        ("Authorization: Bearer abcdefghijklmnop0123==", "secrets"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "secrets"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE cut off", "secrets"),
        (_MAIL, "emails"),
        (_CARD, "credit_cards"),
        ("5500-0055-5555-5559", "credit_cards"),
        ("378282246310005", "credit_cards"),
    ],
)
@pytest.mark.parametrize("where", ["text", "json", "escaped", "nested", "stream"])
def test_what_the_rules_are_for_is_found_wherever_it_is_written(text: str, rule: str, where: str) -> None:
    said = f"before {text} after"
    if where == "text":
        body = said.encode()
    elif where == "json":
        body = json.dumps({"messages": [{"content": said}], "n": 1}).encode()
    elif where == "escaped":
        body = ('{"content": "' + "".join(f"\\u{ord(letter):04x}" for letter in said) + '"}').encode()
    elif where == "nested":
        body = json.dumps({"arguments": json.dumps({"mail": said}).replace("@", "\\u0040")}).encode()
    else:
        body = b"data: " + json.dumps({"delta": {"content": said}}).encode() + b"\n\ndata: [DONE]\n\n"
    redacted = _ALL.redact(body)
    assert redacted.found == {rule: 1}
    assert f"[{rule}]".encode() in redacted.body
    assert text.encode() not in redacted.body
    assert b"before " in redacted.body or where == "escaped"


@pytest.mark.parametrize(
    "text", ["4111 1111 1111 1112", "0000 0000 0000 0000", "1234567890", "a@b", "sk-short", "skill-set"]
)
def test_what_only_looks_alike_stays(text: str) -> None:
    body = json.dumps({"content": text}).encode()
    assert _said(body) == body


@pytest.mark.parametrize("beside", ["0", "12 345", "4111", "2026-11-26", "1 2 3 4 5 6 7 8 9 0 1 2 3 4 5"])
def test_a_card_number_is_found_whatever_numbers_stand_beside_it(beside: str) -> None:
    for text in (f"{beside} {_CARD}", f"{_CARD} {beside}", f"{beside}-{_CARD}-{beside}"):
        redacted = _ALL.redact(text.encode())
        assert b"[credit_cards]" in redacted.body
        assert _CARD[:15].encode() not in redacted.body


def test_a_number_that_goes_leaves_a_string() -> None:
    assert json.loads(_said(b'{"card": 4111111111111111, "n": 12345, "f": 1.5e10}')) == {
        "card": "[credit_cards]",
        "n": 12345,
        "f": 1.5e10,
    }


def test_what_overlaps_goes_as_one() -> None:
    rules = [Rule("one", "bc+", "1"), Rule("two", "abcd", "2")]
    assert Redactor(rules).redact(b"xabcdx").body == b"x2x"


def test_a_body_that_is_cut_off_is_searched_too() -> None:
    body = json.dumps({"content": f"to {_MAIL} and {_KEY}"}).encode()
    for end in range(len(body)):
        if end > body.index(_KEY.encode()) + len(_KEY):
            assert _KEY.encode() not in _said(body[:end])
        if end > body.index(_MAIL.encode()) + len(_MAIL):
            assert _MAIL.encode() not in _said(body[:end])


def test_a_body_that_is_a_number_stays_json() -> None:
    digits = _CARD.replace(" ", "").replace("-", "")
    assert _said(f"32.{digits}".encode()) == f"32.{digits}".encode()
    assert json.loads(_said(digits.encode())) == "[credit_cards]"
    assert _said(f"5 of {digits}".encode()) == b"5 of [credit_cards]"


def test_what_is_no_json_and_no_text_stays_as_it_is() -> None:
    body = bytes(range(256)) * 10
    assert _said(body) == body


@pytest.mark.parametrize("pattern", ["(a", "(?<!a)b", r"(a)\1", "a{2000}", "x*", "", "\ud800"])
def test_patterns_that_will_not_do_are_refused(pattern: str) -> None:
    with pytest.raises(InvalidRule):
        check_pattern(pattern)


def test_no_pattern_takes_for_ever() -> None:
    """Each of these takes a backtracking engine longer than the universe is old."""
    for pattern in ("(a+)+$", "(a|aa)+$", "(.*a){20}x", "^(([a-z])+.)+[A-Z]([a-z])+$"):
        check_pattern(pattern)
        body = b"a" * 20_000 + b"!"
        assert Redactor([Rule("evil", pattern, "")]).redact(body).body == body


def test_anchors_are_those_of_the_string() -> None:
    rule = Redactor([Rule("whole", "^secret$", "*")])
    assert rule.redact(b'{"a": "secret", "b": "a secret"}').body == b'{"a": "*", "b": "a secret"}'


# -- properties ------------------------------------------------------------------------------------------------------

_PRIVATE = st.sampled_from([_KEY, _MAIL, _CARD, "-----BEGIN PRIVATE KEY-----\nx"])
_TEXTS = st.lists(st.one_of(st.text(max_size=12), _PRIVATE), max_size=4).map(" ".join)
_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(allow_nan=False), _TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_TEXTS, inner, max_size=4)),
    max_leaves=12,
)


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for item in pair for text in _strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in _strings(item)]
    return []


@given(_VALUES, st.booleans())
def test_json_stays_json_and_nothing_private_is_left_in_it(value: Any, ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    redacted = _ALL.redact(body)
    left = json.loads(redacted.body.decode(errors="surrogatepass"))
    for text in _strings(left):
        assert not any(private in text for private in (_KEY, _MAIL, _CARD))
    if not redacted.found:
        assert redacted.body == body
        assert left == value


@given(st.binary(max_size=300))
def test_whatever_a_body_is_it_is_redacted(body: bytes) -> None:
    redacted = _ALL.redact(body)
    if not redacted.found:
        assert redacted.body == body


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=40),
    st.sampled_from(["content", "text", "partial_json"]),
    st.integers(1, 2),
    st.booleans(),
)
def test_what_is_split_over_events_is_found(cuts: list[int], member: str, choices: int, escaped: bool) -> None:
    """However the text is cut, and though another answer's pieces stand in between."""
    said = f'It is "{_KEY}",\nsaid {_MAIL}.'
    pieces, at = [], 0
    for length in cuts:
        pieces.append(said[at : at + length])
        at += length
    pieces.append(said[at:])
    events = [
        {"id": "x", "created": 1700000000, "choices": [{"index": choice, "delta": {member: piece}}]}
        for piece in pieces
        for choice in range(choices)
    ]
    body = "".join(f"data: {json.dumps(event, ensure_ascii=escaped)}\r\n\r\n" for event in events) + "data: [DONE]\n\n"
    redacted = _ALL.redact(body.encode())
    assert redacted.found == {"secrets": choices, "emails": choices}
    lines = redacted.body.decode().split("\r\n\r\n")
    assert lines[-1] == "data: [DONE]\n\n"
    texts = [""] * choices
    for line in lines[:-1]:
        (choice,) = json.loads(line.removeprefix("data: "))["choices"]
        texts[choice["index"]] += choice["delta"][member]
    assert set(texts) == {'It is "[secrets]",\nsaid [emails].'}
