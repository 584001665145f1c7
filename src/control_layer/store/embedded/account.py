"""Under which account Postgres runs: our own, or, as it refuses root, an unprivileged one that already exists."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from typing import TypedDict

from control_layer.store.embedded.errors import CannotRunPostgres

__all__ = ["Account", "ChildCredentials", "owner_of_cluster"]

_PREFERRED = ("control-layer", "postgres", "nobody")
"""A packager may make the first; the last stands in almost every image."""


class ChildCredentials(TypedDict, total=False):
    """What `subprocess` needs to know."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """A Unix account, by number."""

    uid: int
    gid: int

    @property
    def is_ours(self) -> bool:
        """True when children simply run as we do."""
        return self.uid == os.geteuid()

    @property
    def credentials(self) -> ChildCredentials:
        """Arguments for `subprocess` that make the child run under this account and in no group but its own."""
        return {} if self.is_ours else {"user": self.uid, "group": self.gid, "extra_groups": []}


def owner_of_cluster(existing: os.stat_result | None) -> Account:
    """The account for a cluster: the one that owns it already, else one chosen now. Raises `CannotRunPostgres`."""
    uid = os.geteuid()
    if uid != 0:
        if existing is not None and existing.st_uid != uid:
            raise CannotRunPostgres(
                f"the data belong to the account with uid {existing.st_uid}, and we run as uid {uid}; "
                "start Control Layer as the account that made them, or choose another data directory"
            )
        return Account(uid, os.getegid())
    if existing is not None and existing.st_uid != 0:
        return Account(existing.st_uid, existing.st_gid)
    for name in _PREFERRED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise CannotRunPostgres(
        "Postgres refuses to run as root, and there is no account to run it under; create one with "
        "`useradd --system control-layer`, or start Control Layer as a plain user"
    )
