"""All that match, as a file."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

import pytest
from tests.control.analytics.traffic import put_request
from tests.control.management import API, Management, answered

from control_layer.control.request_log import export

URL = f"{API}/requests/export"


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_BATCH", 2)


@pytest.mark.parametrize("requests", [0, 1, 2, 5])
async def test_every_request_is_in_both_forms_once_newest_first(management: Management, requests: int) -> None:
    attempts = [{"status": 200, "error": None}]
    for number in range(requests):
        await put_request(
            management, ago=100 - number, model=f"=m{number}", cost=Decimal("0.000000000001"), attempts=attempts
        )
    answer = await management.admin.get(URL)
    assert answer.headers["content-type"].startswith("text/csv")
    table = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["model"] for row in table] == [f"'=m{number}" for number in reversed(range(requests))]
    assert {row["cost"] for row in table} <= {"0.000000000001"}
    answer = await management.admin.get(URL, params={"format": "jsonl"})
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["model"] for line in lines] == [f"=m{number}" for number in reversed(range(requests))]
    for line, row in zip(lines, table, strict=True):
        assert set(line) == set(row)
        assert (line["cost"], line["attempts"]) == ("0.000000000001", attempts)
        assert json.loads(row["attempts"]) == attempts
        assert int(row["log_id"]) == line["log_id"]


async def test_filters_hold_and_the_export_is_in_the_audit_log(management: Management) -> None:
    await put_request(management, model="a")
    await put_request(management, model="b", outcome="failed")
    answer = await management.admin.get(URL, params={"format": "jsonl", "outcome": "failed"})
    assert [json.loads(line)["model"] for line in answer.text.splitlines()] == ["b"]
    (entry, *_) = (await answered(management.admin.get(f"{API}/audit", params={"limit": 1}), 200))["data"]
    assert (entry["operation"], entry["resource"]) == ("export", "requests")
    assert entry["after"] == {"format": "jsonl", "outcome": "failed"}


async def test_other_forms_are_refused(management: Management) -> None:
    assert (await management.admin.get(URL, params={"format": "xml"})).status_code == 400
