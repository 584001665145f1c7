"""Whether what was published has come to every gateway of this host: what must not be used before it is in force."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from control_layer.control.snapshots.publication import Publication

__all__ = ["InForce", "Link"]


class Link:
    """One gateway's, with the version that it says it has."""

    def __init__(self, version: int, moved: asyncio.Event) -> None:
        self.version = version
        self._moved = moved

    def reached(self, version: int) -> None:
        """Notes what the gateway has now."""
        self.version = version
        self._moved.set()


class InForce:
    """What the gateways of this host know, by their own word."""

    def __init__(self) -> None:
        self._publication: Publication | None = None
        self._links: set[Link] = set()
        self._moved = asyncio.Event()

    def follow(self, publication: Publication) -> None:
        """Speaks of this publication from now on."""
        self._publication = publication

    @contextmanager
    def link(self, version: int) -> Iterator[Link]:
        """A gateway that came with that version, as long as it stays."""
        link = Link(version, self._moved)
        self._links.add(link)
        try:
            yield link
        finally:
            self._links.discard(link)
            self._moved.set()

    async def secret(self, secret_id: str, *, within_seconds: float) -> bool:
        """Whether a key's secret, by the id that snapshots have for it, is in force before that time is over.

        A gateway that is not linked is not waited for, and where nobody publishes there is none.
        """
        if self._publication is None:
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                version = await _published(self._publication, secret_id)
                while any(link.version < version for link in self._links):
                    self._moved.clear()
                    await self._moved.wait()
                return True
        return False


async def _published(publication: Publication, secret_id: str) -> int:
    """The version that has the secret, once there is one."""
    with publication.subscription() as deltas:
        while secret_id not in publication.state.keys.keys:
            await deltas.next()
    return publication.version
