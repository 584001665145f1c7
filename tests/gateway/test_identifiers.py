"""Ids of usage events."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from control_layer.gateway.identifiers import EventIds, text


@given(st.lists(st.integers(1, 2**47), min_size=1, max_size=50))
def test_ids_are_uuidv7_and_sort_in_the_order_they_were_made_whatever_the_clock_does(clock: list[int]) -> None:
    ids = EventIds()
    made = [ids.next(now) for now in clock]
    assert made == sorted(set(made))
    for event_id in made:
        parsed = uuid.UUID(bytes=event_id)
        assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
        assert text(event_id) == str(parsed)


def test_more_ids_than_a_millisecond_has_room_for_are_still_unique_and_sorted() -> None:
    ids = EventIds()
    made = [ids.next(1000) for _ in range(10_000)]
    assert made == sorted(set(made))


def test_the_time_stands_in_the_id() -> None:
    assert int.from_bytes(EventIds().next(1_700_000_000_123)[:6], "big") == 1_700_000_000_123
