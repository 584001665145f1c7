"""What an instance recorded, held against what its provider says it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from tests.running import Instance, until

__all__ = ["Books", "compare", "counts", "tokens_of"]

_SETTLE_SECONDS = 60.0
_LOG_CHARACTERS = 4000

Row = dict[str, Any]
Counts = tuple[int | None, int | None, int | None, int | None, int | None]
"""Input, output, cached input, cache writes, reasoning."""


def tokens_of(usage: Mapping[str, Any]) -> Counts:
    """A provider's usage object as the counts that a row must have."""
    cached, written = usage.get("cache_read_input_tokens"), usage.get("cache_creation_input_tokens")
    given = usage.get("prompt_tokens", usage.get("input_tokens"))
    said = usage.get("completion_tokens", usage.get("output_tokens"))
    inputs = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
    outputs = usage.get("completion_tokens_details") or usage.get("output_tokens_details") or {}
    total = int(given or 0) + (cached or 0) + (written or 0)
    return (
        total,
        None if said is None else int(said),
        inputs.get("cached_tokens", cached),
        written,
        outputs.get("reasoning_tokens"),
    )


def counts(row: Row) -> Counts:
    """The counts that a row has."""
    return (
        row["input_tokens"],
        row["output_tokens"],
        row["cached_input_tokens"],
        row["cache_write_tokens"],
        row["reasoning_tokens"],
    )


@dataclass(frozen=True, slots=True)
class Books:
    """The rows of an instance."""

    instance: Instance

    def row(self, request_id: str) -> Row:
        """The one row of the request that carried this id, once the request has ended."""
        rows = until(
            lambda: self.instance.sql("SELECT * FROM requests WHERE client_request_id = $1", request_id),
            seconds=_SETTLE_SECONDS,
            message=f"no row for {request_id}",
        )
        assert len(rows) == 1, rows
        return rows[0]

    def settle(self, *, workers: int) -> None:
        """Returns once nothing is under way and everything is recorded, also what dead gateways left behind."""
        left: list[str] = []

        def settled() -> bool:
            left[:] = self._unsettled(workers)
            return not left

        try:
            until(settled, seconds=_SETTLE_SECONDS)
        except AssertionError:
            log = self.instance.log()[-_LOG_CHARACTERS:]
            pytest.fail(f"the books are not settled: {'; '.join(left)}\n{log}")
        assert not self.instance.metric("control_layer_quarantined_records_total")

    def _unsettled(self, workers: int) -> list[str]:
        instance = self.instance
        journals = [path for path in (instance.data / "journal").iterdir() if len(path.name) == 36]
        wanted = {
            "gateways": (len(instance.pids("gateway")), workers),
            "journals": (len(journals), workers),
            "active requests": (instance.metric("control_layer_active_requests"), 0),
            "bytes of backlog": (instance.metric("control_layer_recorder_backlog_bytes"), 0),
            "open requests": (instance.sql("SELECT count(*) FROM open_requests")[0]["count"], 0),
        }
        return [f"{is_} {what} instead of {should}" for what, (is_, should) in wanted.items() if is_ != should]

    def start_anew(self, *, workers: int) -> None:
        """Settles what there is and forgets it."""
        self.settle(workers=workers)
        self.instance.sql("DELETE FROM requests")

    def rows(self, *, since: int = 0) -> list[Row]:
        """All rows after the one with the sequence number `since`."""
        return self.instance.sql("SELECT * FROM requests WHERE sequence > $1 ORDER BY sequence", since)

    def check_charges(self, rows: Sequence[Row]) -> int:
        """Every row is charged once for what was counted, at the prices it names, and not at all where that is nothing.

        Returns how many were charged.
        """
        ids = [str(row["id"]) for row in rows]
        charges = self.instance.sql(
            "SELECT source_id, user_id, amount FROM transactions WHERE source_id = ANY ($1)", ids
        )
        charged = {charge["source_id"]: charge for charge in charges}
        for row in rows:
            owed = _owed(row)
            charge = charged.get(str(row["id"]))
            assert row["cost"] == owed, row
            assert (charge is None) == (not owed), row
            if charge is not None:
                assert (charge["amount"], charge["user_id"]) == (owed, row["user_id"]), (charge, row)
        return len(charges)

    def last(self) -> int:
        """The sequence number of the newest row."""
        return int(self.instance.sql("SELECT coalesce(max(sequence), 0) AS last FROM requests")[0]["last"])


def _owed(row: Row) -> Decimal | None:
    if row["input_price_per_token"] is None:
        return None
    given: Decimal = (row["input_tokens"] or 0) * row["input_price_per_token"]
    said: Decimal = (row["output_tokens"] or 0) * row["output_price_per_token"]
    return given + said


def compare(rows: Sequence[Row], ledger: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """Holds rows against the provider's ledger, to the token; returns how many rows ended in which way.

    The ledger names the usage event's id, which the gateway sends along, and the model.
    """
    by_id = {str(row["id"]): row for row in rows}
    assert len(by_id) == len(rows)
    billed = Counter(bill["request_id"] for bill in ledger)
    assert not [request_id for request_id in billed if request_id not in by_id], "the provider knows of more requests"
    assert not [request_id for request_id, times in billed.items() if times > 1], "the provider answered twice"
    for bill in ledger:
        row = by_id[bill["request_id"]]
        if row["outcome"] != "completed":
            continue
        if "no-usage" in bill["model"]:
            assert row["token_source"] == "estimate", row
        elif bill["usage"] is not None:
            assert row["token_source"] == "provider", row
            assert counts(row) == tokens_of(bill["usage"]), (row, bill)
    return Counter(str(row["outcome"]) for row in rows)
