"""What this host's control plane knows of its simulated provider, and how it has it started and ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from control_layer.contract.supervision import NotSimulated, Simulated
from control_layer.control.errors import Conflict

__all__ = ["Simulation"]

_BY_HAND = (
    "Run `control-layer simulate` (with --host, for gateways on other hosts) and connect its URL as an endpoint's"
)


class Simulation:
    """The simulated provider of this host. Whoever starts or ends it, or connects it, holds `changing`."""

    def __init__(
        self,
        simulate: Callable[[bool], Awaitable[Simulated | NotSimulated]] | None,
        *,
        here: Simulated | None = None,
        pinned: bool = False,
    ) -> None:
        """`simulate` asks the supervisor; `None` where it would be no good. `here` is what runs already."""
        self.changing = asyncio.Lock()
        self.here = here
        """`None` while it does not run."""
        self.pinned = pinned
        """It runs whether or not there is an endpoint: for `--demo`."""
        self._simulate = simulate

    @property
    def is_offered(self) -> bool:
        """Whether `start` can do something."""
        return self._simulate is not None or self.here is not None

    async def start(self) -> Simulated:
        """Has it run. Raises 409 where it cannot, with what to do instead."""
        if self.here is None:
            if self._simulate is None:
                why = "This instance keeps its data in a Postgres that other hosts may share, which could not reach it"
                raise Conflict(f"{why}. {_BY_HAND}")
            answer = await self._simulate(True)
            if isinstance(answer, NotSimulated):
                why = f"The simulated provider cannot be started: {answer.reason}"
                raise Conflict(f"{why}. {_BY_HAND}")
            self.here = answer
        return self.here

    async def end(self) -> None:
        """Has it end, and not be there at the next start."""
        if self._simulate is not None:
            await self._simulate(False)
            self.here = None
