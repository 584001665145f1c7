"""What a worker counts, and how many series that can be."""

from __future__ import annotations

import msgspec

from control_layer.contract.supervision import Sample
from control_layer.contract.usage import Attempt, Closed, Tokens
from control_layer.gateway.metrics import MOST_TOLD_APART, OTHER, Metrics

_TRY = Attempt("d", "e", 200, None, 0.1)
_CLOSED = Closed(
    id=bytes(16), at=0.0, key_id="k", user_id="u", model="m", model_id="i", method="POST", path="/", stream=False,
    outcome="completed", status=200, error=None, deployment_id="d", attempts=(_TRY,), first_byte=0.02, duration=0.2,
    tokens=Tokens(10, 20, 4, 2, 5, "provider"), finish_reason=None, request_bytes=1, response_bytes=1,
)  # fmt: skip


def _series(metrics: Metrics, name: str) -> dict[tuple[str, ...], Sample]:
    return {tuple(sample.labels.values()): sample for sample in metrics.samples() if sample.name == name}


def test_models_beyond_the_first_are_counted_together() -> None:
    metrics = Metrics()
    for number in range(MOST_TOLD_APART + 10):
        metrics.closed(msgspec.structs.replace(_CLOSED, model=f"model-{number}"))
    requests = _series(metrics, "control_layer_requests_total")
    assert len(requests) == MOST_TOLD_APART + 1
    assert requests["other", "200", "completed"].value == 10
    metrics.closed(msgspec.structs.replace(_CLOSED, model="model-0"))
    assert _series(metrics, "control_layer_requests_total")["model-0", "200", "completed"].value == 2


def test_endpoints_beyond_the_first_are_counted_together() -> None:
    metrics = Metrics()
    for number in range(MOST_TOLD_APART + 10):
        metrics.attempted(f"endpoint-{number}", 200, None)
    attempts = _series(metrics, "control_layer_attempts_total")
    assert len(attempts) == MOST_TOLD_APART + 1
    assert attempts[OTHER, "ok"].value == 10


def test_an_attempt_is_counted_by_what_it_came_to() -> None:
    metrics = Metrics()
    metrics.attempted("e", 200, None)
    metrics.attempted("e", 404, None)
    metrics.attempted("e", None, "connect_failed")
    metrics.attempted("e", 200, "upstream_stream_broken")
    attempts = _series(metrics, "control_layer_attempts_total")
    assert attempts.keys() == {
        ("e", "ok"), ("e", "status_404"), ("e", "connect_failed"), ("e", "upstream_stream_broken"),
    }  # fmt: skip


def test_tokens_their_parts_and_retries_are_counted() -> None:
    metrics = Metrics()
    metrics.closed(_CLOSED)
    metrics.closed(
        msgspec.structs.replace(_CLOSED, attempts=(_TRY, _TRY, _TRY), tokens=Tokens(1, None, source="estimate"))
    )
    tokens = _series(metrics, "control_layer_tokens_total")
    parts = _series(metrics, "control_layer_token_parts_total")
    assert {kind: sample.value for (_, kind), sample in tokens.items()} == {"input": 11, "output": 20}
    assert {part: sample.value for (_, part), sample in parts.items()} == {
        "cached_input": 4, "cache_write": 2, "reasoning": 5,
    }  # fmt: skip
    assert _series(metrics, "control_layer_retries_total")["m",].value == 2
    assert _series(metrics, "control_layer_unmetered_requests_total")["m", "estimate"].value == 1


def test_audio_and_images_are_parts_of_the_tokens() -> None:
    metrics = Metrics()
    tokens = Tokens(8, 9, source="provider", audio_input=6, image_input=1, audio_output=7, image_output=2)
    metrics.closed(msgspec.structs.replace(_CLOSED, tokens=tokens))
    parts = _series(metrics, "control_layer_token_parts_total")
    assert {part: sample.value for (_, part), sample in parts.items()} == {
        "audio_input": 6, "image_input": 1, "audio_output": 7, "image_output": 2,
    }  # fmt: skip


def test_durations_fall_into_cumulative_buckets() -> None:
    metrics = Metrics()
    for seconds in (0.004, 0.2, 0.25, 1000.0):
        metrics.closed(msgspec.structs.replace(_CLOSED, duration=seconds))
    sample = _series(metrics, "control_layer_request_duration_seconds")["m",]
    buckets = dict(sample.buckets)
    assert (buckets[0.005], buckets[0.1], buckets[0.25], buckets[600.0], buckets[float("inf")]) == (1, 1, 3, 3, 4)
    assert (sample.value, sample.total) == (4, 1000.454)
