"""Compact bodies are told by their length: that must agree with writing them anew."""

from __future__ import annotations

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from control_layer.gateway.envelope import read_envelope

_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_fields = st.dictionaries(st.text(), _values, max_size=5).filter(
    lambda fields: not any(name.casefold() in ("model", "stream", "stream_options") for name in fields)
)


@given(_fields, st.booleans(), st.booleans())
def test_a_compact_body_stays_the_very_bytes(fields: dict[str, object], ascii_only: bool, spaced: bool) -> None:
    separators = (", ", ": ") if spaced else (",", ":")
    body = json.dumps({**fields, "model": "m"}, ensure_ascii=ascii_only, separators=separators).encode(
        "utf-8", "surrogatepass"
    )
    envelope = read_envelope(body)
    written = envelope.rewritten(model="m", include_usage=False)
    assert msgspec.json.decode(written) == msgspec.json.decode(body)
    anew = msgspec.json.encode(msgspec.json.decode(body, type=dict[str, msgspec.Raw]))
    if written is body and anew != body:
        # Left as it came although it is not compact: only where no key that is decided on can be read otherwise.
        assert b"\\u00" not in body
        assert body.count(b'"model"') == 1


@given(_fields, st.text(min_size=1, max_size=3))
def test_a_key_that_stands_twice_is_never_left_alone(fields: dict[str, object], other: str) -> None:
    compact = json.dumps({**fields, "model": "m"}, separators=(",", ":")).encode()
    doubled = b'{"model":' + json.dumps(other).encode() + b"," + compact[1:]
    written = read_envelope(doubled).rewritten(model="m", include_usage=False)
    assert written != doubled
    assert written.count(b'"model"') == compact.count(b'"model"')
