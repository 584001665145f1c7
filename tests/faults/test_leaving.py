"""S4: a client that leaves early stops the provider's work at once, is accounted for by one row, and large prompts do
not hold up anybody else.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from tests.faults.connection import Broken
from tests.faults.target import LEAVE_STREAM, LEAVE_WAITING, Target, chat, form
from tests.running import until

pytestmark = pytest.mark.server

_CANCEL_SECONDS = 1.0
"""What the scenario allows between the client's leaving and the provider's seeing it."""
_LAG_SECONDS = 0.05
_PROMPT_BYTES = 5 * 1024 * 1024
_ATTEMPTS = 8


def _leave(target: Target, leave: Callable[[], None]) -> float:
    """Calls `leave` and returns how many seconds it took the provider to see it; there is one request under way."""
    before = target.provider.stats()
    assert before["open"] == 1
    left = time.monotonic()
    leave()
    until(lambda: target.provider.stats()["cancelled"] == before["cancelled"] + 1, message="nobody told the provider")
    seconds = time.monotonic() - left
    assert target.provider.stats()["open"] == 0
    return seconds


def test_left_before_the_first_byte(target: Target) -> None:
    request_id = f"left-{uuid.uuid4()}"
    with target.connect() as connection:
        body = json.dumps(chat(LEAVE_WAITING)).encode()
        connection.send("/chat/completions", body, target.headers(request_id))
        until(lambda: target.provider.stats()["open"] == 1)
        assert _leave(target, connection.leave) < _CANCEL_SECONDS
    row = target.row(request_id)
    if row is not None:
        assert (row["outcome"], row["status"], row["token_source"]) == ("cancelled", 499, "none")
        assert row["request_bytes"] == len(body)


def test_left_in_the_middle_of_a_stream(target: Target) -> None:
    request_id = f"left-{uuid.uuid4()}"
    with target.connect() as connection:
        connection.send(
            "/chat/completions", json.dumps(chat(LEAVE_STREAM, stream=True)).encode(), target.headers(request_id)
        )
        assert connection.status() == 200
        received = b""
        for piece in connection.pieces():
            received += piece
            if received.count(b"data: ") >= 5:
                break
        assert _leave(target, connection.leave) < _CANCEL_SECONDS
    row = target.row(request_id)
    if row is not None:
        # Charged for what came, which is marked as an estimate: not for nothing, and not for all of the 600 tokens.
        assert (row["outcome"], row["status"], row["token_source"]) == ("cancelled", 200, "estimate")
        assert row["input_tokens"] > 0
        assert 1 <= row["output_tokens"] < 200
        assert row["finish_reason"] is None
        assert row["response_bytes"] >= len(received)


def test_left_in_the_middle_of_a_form(target: Target) -> None:
    """Forms stream through: the provider is at it already, or has heard nothing."""
    request_id = f"left-{uuid.uuid4()}"
    body, content_type = form("sim-transcribe", 4 * 1024 * 1024)
    headers = {**target.headers(request_id), "content-type": content_type}
    before = target.provider.stats()
    with target.connect() as connection:
        connection.send("/audio/transcriptions", body[: 2 * 1024 * 1024], headers, announced=len(body))
        if target.instance is None:
            connection.leave()
            return
        until(lambda: target.provider.stats()["open"] == 1)
        assert _leave(target, connection.leave) < _CANCEL_SECONDS
    row = target.row(request_id)
    assert row is not None
    assert (row["outcome"], row["status"], row["token_source"]) == ("cancelled", 499, "none")
    assert target.provider.stats()["requests"] == before["requests"]


def test_left_in_the_middle_of_a_json_body(target: Target) -> None:
    """It was never let in: the provider hears nothing, and there is no row."""
    request_id = f"left-{uuid.uuid4()}"
    body = json.dumps(chat("sim-small", "x" * 1_000_000)).encode()
    before = target.provider.stats()["requests"]
    with target.connect() as connection:
        connection.send("/chat/completions", body[:500_000], target.headers(request_id), announced=len(body))
    marker = f"after-{uuid.uuid4()}"
    assert target.post("/embeddings", {"model": "sim-embed", "input": "x"}, marker).status == 200
    after = target.provider.stats()["requests"]
    assert {name: count for name, count in after.items() if "embed" not in name} == {
        name: count for name, count in before.items() if "embed" not in name
    }
    if target.instance is not None:
        assert target.row(marker) is not None
        assert not target.instance.sql("SELECT 1 FROM requests WHERE client_request_id = $1", request_id)


# -- large prompts ---------------------------------------------------------------------------------------------------


@contextmanager
def _beside(work: Callable[[], None]) -> Iterator[threading.Thread]:
    """Does `work` in a thread; its failure is the test's."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again by the one who waits
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield thread
    finally:
        thread.join()
    if failures:
        raise failures[0]


def _five_megabytes(target: Target, body: bytes) -> None:
    """A 5 MiB prompt answered, one left while it is sent, one left while it is answered."""
    with target.connect(seconds=60.0) as connection:
        connection.send("/chat/completions", body, target.headers())
        assert connection.answer().status == 200
    with target.connect(seconds=60.0) as connection:
        connection.send("/chat/completions", body[: len(body) // 2], target.headers(), announced=len(body))
    with target.connect(seconds=60.0) as connection:
        connection.send("/chat/completions", body.replace(b"sim-small", b"sim-tokens-200"), target.headers())


def _longest_answer(target: Target, while_: threading.Thread) -> float:
    """Seconds that the slowest of many light requests took that were made as long as the thread ran."""
    slowest, served = 0.0, 0
    with target.connect() as connection:
        while while_.is_alive() or not served:
            begun = time.monotonic()
            connection.send("/models/sim-small", b"", target.headers(), method="GET")
            assert connection.answer().status == 200
            slowest = max(slowest, time.monotonic() - begun)
            served += 1
    return slowest


def test_prompts_of_five_megabytes_hold_up_nobody(target: Target) -> None:
    """The loop's lag, seen from outside: what else is asked of the same worker is answered within 50 ms.

    A busy machine delays answers too, so the best of several attempts counts: a loop that such a prompt blocks is
    blocked in each of them. What an idle target needs for an answer is not its lag.
    """
    body = json.dumps(chat("sim-small", "All work and no play. " * (_PROMPT_BYTES // 22), stream=True)).encode()
    assert len(body) >= _PROMPT_BYTES - 100
    idle = threading.Thread()
    usual = min(_longest_answer(target, idle) for _ in range(5))
    best = float("inf")
    for _ in range(_ATTEMPTS):
        with _beside(lambda: _five_megabytes(target, body)) as thread:
            best = min(best, _longest_answer(target, thread))
    lag = max(0.0, best - usual)
    print(f"lag beside prompts of 5 MiB: {lag * 1000:.1f} ms")  # noqa: T201 - a figure that the scenario is about
    assert lag < _LAG_SECONDS


def test_many_that_leave_are_all_accounted_for(target: Target) -> None:
    """Thirty at once, at every point of a request's life."""
    before = target.provider.stats()
    names = [f"left-{uuid.uuid4()}" for _ in range(30)]

    def leave(number: int) -> None:
        model = LEAVE_WAITING if number % 2 else LEAVE_STREAM
        with target.connect() as connection:
            body = json.dumps(chat(model, stream=True)).encode()
            connection.send("/chat/completions", body, target.headers(names[number]))
            if model == LEAVE_STREAM and connection.status() == 200:
                next(connection.pieces())

    threads = [threading.Thread(target=leave, args=(number,)) for number in range(len(names))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: target.provider.stats()["open"] == 0, message="the provider works on for clients that left")
    cancelled = target.provider.stats()["cancelled"] - before["cancelled"]
    assert cancelled <= len(names)
    if target.instance is None:
        return
    rows = [target.row(name) for name in names]
    assert {row["outcome"] for row in rows if row is not None} == {"cancelled"}
    assert {row["status"] for row in rows if row is not None and row["model"] == LEAVE_STREAM} == {200}


def test_a_left_upload_is_not_answered_by_anybody(target: Target) -> None:
    """A form that ends in its middle is no form: whoever answers it, it is not with a success."""
    body, content_type = form("sim-transcribe", 100_000)
    headers = {**target.headers(), "content-type": content_type}
    with target.connect() as connection:
        cut = body[:-40]
        connection.send("/audio/transcriptions", cut, headers)
        with suppress(Broken):
            assert connection.answer().status >= 400
