"""Argon2id (RFC 9106), off the event loop: hashing one password costs tens of milliseconds of a core and 19 MiB."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from control_layer.control.errors import TryLater, invalid
from control_layer.settings import Password

__all__ = ["ARGON2", "Passwords", "require_length"]

ARGON2 = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""The OWASP password storage cheat sheet's second choice: 19 MiB, two passes, one lane."""
_Result = TypeVar("_Result")
_THREADS = 2
_WAITING = 32
"""Beyond this many the queue is longer than about a second; better to say so than to let it grow."""


def require_length(password: str, rules: Password) -> None:
    """Raises 400 unless the password's length in bytes is within the rules."""
    length = len(password.encode())
    if length < rules.min_length:
        raise invalid(f"Password must be at least {rules.min_length} characters", code="password_too_short")
    if length > rules.max_length:
        raise invalid(f"Password must be no more than {rules.max_length} characters", code="password_too_long")


class Passwords:
    """Hashes and verifies, a few at a time."""

    def __init__(self, hasher: PasswordHasher = ARGON2) -> None:
        self._hasher = hasher
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="argon2")
        self._waiting = 0
        self._decoy = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """The hash to keep. Raises 429 when too many are waiting."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the password. Without a hash it is not, and takes as long to say. Raises 429 as `hash` does."""
        matches = await self._run(lambda: self._matches(password_hash or self._decoy, password))
        return matches and password_hash is not None

    def close(self) -> None:
        """Ends the threads once they are idle."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], _Result]) -> _Result:
        if self._waiting >= _WAITING:
            raise TryLater(
                429, "Too many people are signing in at this moment; try again shortly", retry_after_seconds=2
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
