"""Values are put where JSON pointers lead, and nothing else of the document changes."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.contract.reasoning import place_of
from control_layer.gateway.placement import put

_names = st.text(st.characters(codec="utf-8"), max_size=6)
_scalars = st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(st.characters(codec="utf-8"))
_values: st.SearchStrategy[Any] = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=3), max_leaves=8
)
_tokens = _names | st.sampled_from(["0", "1", "-", "01"])


def _put(document: dict[str, Any] | str, place: tuple[str, ...], value: Any) -> str:
    text = document if isinstance(document, str) else json.dumps(document)
    fields = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    put(fields, place, msgspec.Raw(json.dumps(value).encode()))
    return msgspec.json.encode(fields).decode()


def _at(document: Any, place: tuple[str, ...]) -> Any:
    """What stands there (RFC 6901, section 4); of an array that was added to, the last element."""
    for token in place:
        in_array = isinstance(document, list)
        document = document[(-1 if token == "-" else int(token)) if in_array else token]
    return document


@given(
    document=st.dictionaries(_names, _values, max_size=4),
    place=st.lists(_tokens, min_size=1, max_size=4),
    value=_values,
)
def test_what_was_put_is_found_and_the_rest_is_as_it_was(
    document: dict[str, Any], place: list[str], value: Any
) -> None:
    after = json.loads(_put(document, tuple(place), value))
    assert _at(after, tuple(place)) == value
    del after[place[0]]
    assert after == {name: said for name, said in document.items() if name != place[0]}


@given(st.lists(st.text(st.sampled_from("~/01a "), max_size=4), min_size=1, max_size=4))
def test_a_pointer_is_read_as_it_was_written(place: list[str]) -> None:
    pointer = "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in place)
    assert place_of(pointer) == tuple(place)


@pytest.mark.parametrize(
    ("before", "pointer", "after"),
    [
        ("{}", "/a/b", '{"a":{"b":9}}'),
        ('{"a":null}', "/a/b", '{"a":{"b":9}}'),
        ('{"a":"text"}', "/a/b", '{"a":{"b":9}}'),
        ('{"a": {"x":1.0, "b" :2},"c":[ 1 ]}', "/a/b", '{"a":{"x":1.0,"b":9},"c":[ 1 ]}'),
        ('{"a":[1,{"b":2, "c":[ ]}]}', "/a/1/b", '{"a":[1,{"b":9,"c":[ ]}]}'),
        ('{"a":[1]}', "/a/0", '{"a":[9]}'),
        ('{"a":[1]}', "/a/1", '{"a":[1,9]}'),
        ('{"a":[1]}', "/a/-/b", '{"a":[1,{"b":9}]}'),
        ('{"a":[1]}', "/a/2", '{"a":{"2":9}}'),
        ('{"a":[1]}', "/a/00", '{"a":{"00":9}}'),
        ('{"a/b":1}', "/a~1b", '{"a/b":9}'),
        ('{"a":1}', "/", '{"a":1,"":9}'),
    ],
)
def test_objects_are_made_on_the_way_and_bytes_are_kept(before: str, pointer: str, after: str) -> None:
    assert _put(before, place_of(pointer), 9) == after
