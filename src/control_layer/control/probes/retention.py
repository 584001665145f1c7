"""Erases results that are older than they are kept, a thousand at a time, on every host."""

from __future__ import annotations

import structlog

from control_layer.control.probes.queries import delete_results
from control_layer.control.request_context import transaction
from control_layer.control.services import Services

__all__ = ["erase_old_results"]

_log = structlog.get_logger(__name__)
_BATCH = 1000
"""A transaction of a fraction of a second: nobody waits for it."""


async def erase_old_results(services: Services, *, batch: int = _BATCH) -> int:
    """Erases what is too old at this moment; how many results that were. Raises `ControlError`."""
    before = services.now() - services.settings.background_services.probe_scheduler.result_retention
    erased = 0
    while True:
        async with transaction(services) as session:
            count = await delete_results(session, before=before, limit=batch)
        erased += count
        if count < batch:
            break
    if erased:
        _log.info("probe_results_erased", count=erased)
    return erased
