"""What is left of an answer that another attempt takes the place of: nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from control_layer.gateway.answers import EventAnswer

_USAGE = b'data: {"choices": [], "usage": {"prompt_tokens": 500, "completion_tokens": 500}}\n\n'


class _Exchange(SimpleNamespace):
    """One whose model lets another attempt follow each failure."""

    def answer_failed(self, *_: object) -> bool:
        self.tokens = None
        return True


@pytest.fixture
def attempt() -> Any:
    given = SimpleNamespace(answer=True, counted=lambda read: read)
    given.release = given.drop = lambda: setattr(given, "answer", None)
    return given


@pytest.mark.parametrize("ends", ["by itself", "with an error"])
def test_a_stream_that_ended_before_it_said_anything_does_not_count_later(attempt: Any, ends: str) -> None:
    """Its client may leave while the next attempt is waited for."""
    exchange: Any = _Exchange(
        holds_answers=True,
        hides_usage=False,
        route=SimpleNamespace(model=SimpleNamespace(sanitize=False)),
        path=SimpleNamespace(ends_explicitly=True),
        tokens=None,
        tokens_final=True,
        finish_reason=None,
        text_bytes=None,
    )
    answer = EventAnswer(exchange, attempt, 200, [])
    answer.on_data(_USAGE)
    if ends == "with an error":
        answer.on_data(b'data: {"error": {"message": "it is over"}}\n')
    answer.on_complete()
    assert exchange.tokens is None
    assert attempt.answer is None, "nothing asks it any more what it had counted"
