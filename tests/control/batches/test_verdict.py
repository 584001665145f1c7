"""Which answers are tried again, and when (§4.15)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.control.batches.queue import Claimed, Ended
from control_layer.control.batches.verdict import Again, Trouble, after_answer, after_trouble
from control_layer.control.own_gateway import GatewayAnswer
from control_layer.settings import BatchDaemon

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_SETTINGS = BatchDaemon(max_retries=5, additional_retryable_statuses=(418,))


def _claimed(attempts: int = 1, *, left: timedelta = timedelta(hours=1)) -> Claimed:
    return Claimed(uuid.uuid4(), uuid.uuid4(), "m", _NOW + left, attempts)


def _answer(status: int) -> GatewayAnswer:
    return GatewayAnswer(status=status, body=b"the\0 body", seconds=1.0, request_id=None)


@pytest.mark.parametrize("status", [404, 408, 418, 429, 499, 500, 502, 503, 504, 529])
def test_tried_again(status: int) -> None:
    verdict = after_answer(_answer(status), _claimed(), _SETTINGS, _NOW)
    assert isinstance(verdict, Again)
    assert verdict.not_before == _NOW + timedelta(seconds=1)


@pytest.mark.parametrize("status", [300, 400, 401, 402, 403, 409, 413, 422])
def test_not_tried_again(status: int) -> None:
    verdict = after_answer(_answer(status), _claimed(), _SETTINGS, _NOW)
    assert isinstance(verdict, Ended)
    assert (verdict.state, verdict.status) == ("failed", status)
    assert verdict.error is not None
    assert f'"status":{status},"body":"the body"' in verdict.error


def test_not_after_the_deadline_nor_more_often_than_allowed() -> None:
    for claimed in (_claimed(left=timedelta(0)), _claimed(6)):
        for verdict in (
            after_answer(_answer(503), claimed, _SETTINGS, _NOW),
            after_trouble(Trouble("BrokenAnswer", "reset"), claimed, _SETTINGS, _NOW),
        ):
            assert isinstance(verdict, Ended)
            assert verdict.state == "failed"
    assert isinstance(after_answer(_answer(503), _claimed(5), _SETTINGS, _NOW), Again)
    final = after_trouble(Trouble("NoKey", "gone", final=True), _claimed(), _SETTINGS, _NOW)
    assert isinstance(final, Ended)


@given(attempts=st.integers(1, 10_000), factor=st.floats(1, 10), first=st.integers(1, 5000))
def test_waits_grow_up_to_a_bound(attempts: int, factor: float, first: int) -> None:
    settings = BatchDaemon(backoff_ms=first, backoff_factor=factor, max_backoff_ms=10_000, max_retries=10_001)
    waits = []
    for number in (attempts, attempts + 1):
        verdict = after_answer(_answer(500), _claimed(number), settings, _NOW)
        assert isinstance(verdict, Again)
        waits.append(verdict.not_before - _NOW)
    assert timedelta(milliseconds=min(first, 10_000)) <= waits[0] <= waits[1] <= timedelta(seconds=10)
