"""Work that one host does for all of them, under one lock, and so with one connection for all of it.

For work that does no harm where two hosts believe for a moment that they lead: what it does, it does in transactions
that only one of them wins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping

import structlog

from control_layer.control.errors import ControlError
from control_layer.control.leadership import NotLeading, elected

__all__ = ["do_while_leading", "repeatedly"]

_log = structlog.get_logger(__name__)
_LOCK = 0x6C6564  # "led", the key of the advisory lock
_CONFIRM_SECONDS = 1.0
_RETRY_SECONDS = 2.0


async def do_while_leading(
    work: Mapping[str, Callable[[], Coroutine[object, object, None]]], database_url: str, *, election: bool = True
) -> None:
    """Does all of `work`, which is endless or ends by itself, whenever this host leads, for ever.

    The database may be away at any time. Raises what a piece of work raises.
    """
    while True:
        try:
            async with elected(database_url, lock=_LOCK, election=election) as leader:
                _log.info("leads", work=[*work])
                tasks = [asyncio.create_task(begin(), name=name) for name, begin in work.items()]
                try:
                    while True:
                        await leader.confirm()
                        for task in tasks:
                            if task.done():
                                task.result()
                        await asyncio.sleep(_CONFIRM_SECONDS)
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
        except NotLeading as error:
            _log.warning("does_not_lead", reason=str(error), retry_seconds=_RETRY_SECONDS)
        await asyncio.sleep(_RETRY_SECONDS)


async def repeatedly(step: Callable[[], Awaitable[None]], *, name: str, every_seconds: float) -> None:
    """Does `step` at once and then at intervals, until cancelled. One that fails is told, and done again."""
    while True:
        try:
            await step()
        except ControlError as error:
            _log.warning("step_failed", step=name, reason=error.message, retry_seconds=every_seconds)
        except Exception:  # noqa: BLE001 - what fails for one account or rule must not end everything else
            _log.error("step_failed", step=name, exc_info=True)
        await asyncio.sleep(every_seconds)
