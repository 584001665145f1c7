"""Do the books agree? What the provider billed, what was recorded, and what clients were told."""

from __future__ import annotations

from collections.abc import Iterable

from tests.faults.target import Target
from tests.faults.traffic import Call
from tests.running import Instance, until

__all__ = ["check_books", "settled"]

_SETTLE_SECONDS = 60.0


def settled(instance: Instance) -> None:
    """Returns once nothing is open any more and the recorder has caught up."""

    def quiet() -> bool:
        return (
            not instance.sql("SELECT 1 FROM requests WHERE outcome = 'open' LIMIT 1") and _journal_bytes(instance) == 0
        )

    until(quiet, seconds=_SETTLE_SECONDS, message="requests stay open, or a journal is not finished")


def _journal_bytes(instance: Instance) -> int:
    """What the recorder has not committed yet."""
    positions = {
        (str(row["worker_id"]), row["segment"]): row["position"]
        for row in instance.sql("SELECT * FROM journal_positions")
    }
    missing = 0
    for segment in (instance.data / "journal").glob("*/*.seg"):
        try:
            size = segment.stat().st_size
        except FileNotFoundError:
            continue  # recorded and removed meanwhile
        missing += max(size - positions.get((segment.parent.name, int(segment.stem)), 0), 0)
    return missing


def check_books(target: Target, instance: Instance, calls: Iterable[Call]) -> None:
    """Every request that reached the provider has one row; completed ones carry its numbers, to the token."""
    settled(instance)
    rows = instance.sql("SELECT id, outcome, token_source, input_tokens, output_tokens FROM requests")
    by_id = {str(row["id"]): row for row in rows}
    assert len(by_id) == len(rows)
    assert {row["outcome"] for row in rows} <= {"completed", "failed", "cancelled", "lost"}
    billed = {entry["request_id"]: entry["usage"] for entry in target.provider_stats()["ledger"]}
    unknown = [request_id for request_id in billed if request_id not in by_id]
    assert unknown == [], f"{len(unknown)} requests that the provider billed are not recorded"
    for request_id, row in by_id.items():
        if row["outcome"] == "completed":
            usage = billed[request_id]
            assert row["token_source"] == "provider"
            assert (row["input_tokens"], row["output_tokens"]) == (usage["prompt_tokens"], usage["completion_tokens"])
    for call in calls:
        if call.status == 200:
            assert call.request_id is not None
            assert by_id[call.request_id]["outcome"] == "completed"
