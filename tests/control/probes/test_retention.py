"""Results are kept for as long as the settings say."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.control.management import Management, answered, managed, settings_for_tests
from tests.control.probes.calls import PROBES, ago, create_probe, insert_result

from control_layer.control.probes.retention import erase_old_results


@pytest.fixture
async def forgetful(database_url: str) -> AsyncIterator[Management]:
    """The management API where results are kept for two hours."""
    settings = {"background_services": {"probe_scheduler": {"result_retention": "2h"}}}
    async with managed(database_url, settings_for_tests(**settings)) as management:
        yield management


async def test_results_past_their_time_are_erased_in_batches_and_others_are_kept(forgetful: Management) -> None:
    probe, now = await create_probe(forgetful), forgetful.services.now()
    for minutes in (*range(0, 120, 30), *range(121, 128)):
        await insert_result(forgetful, probe["id"], ago(now, minutes=minutes))
    assert await erase_old_results(forgetful.services, batch=3) == 7
    kept = await answered(forgetful.admin.get(f"{PROBES}/{probe['id']}/results"), 200)
    assert len(kept) == 4
    assert await erase_old_results(forgetful.services) == 0
