"""A connection to the control plane of this host that is made anew whenever it is lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import NoReturn

import msgspec
import structlog

from control_layer.contract.frames import FrameTooLarge

__all__ = ["keep_linked"]

_log = structlog.get_logger(__name__)
_FIRST_RETRY_SECONDS = 0.05
_LAST_RETRY_SECONDS = 0.5


async def keep_linked(
    follow: Callable[[], Awaitable[bool]], lost: str, unlinked: Callable[[], None] = lambda: None
) -> NoReturn:
    """Follows, again and again, at growing intervals while nobody is there; ends only by cancellation.

    `follow` is one connection's life, and true when it ended after it had been made; `lost` what the log calls its
    end; `unlinked` is called after each.
    """
    delay, linked = _FIRST_RETRY_SECONDS, False
    while True:
        try:
            linked = await follow()
        except (OSError, FrameTooLarge, msgspec.MsgspecError) as error:
            if linked:
                _log.warning(lost, error=str(error) or type(error).__name__)
            linked = False
        unlinked()
        delay = _FIRST_RETRY_SECONDS if linked else min(delay * 2, _LAST_RETRY_SECONDS)
        await asyncio.sleep(delay * (0.5 + random.random()))  # noqa: S311 - jitter, not a secret
