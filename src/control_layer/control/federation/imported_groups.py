"""Groups that an identity provider keeps: made when they are first heard of, with exactly its members (§2.4).

Only groups whose `source` is the provider are touched. A group of the same name that was made here is somebody else's:
nobody comes into it because a provider says so.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Set

import structlog
from sqlalchemy import delete, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.settings.federation import RESERVED_SOURCES
from control_layer.store.tables import NIL, Group, GroupMember

__all__ = ["groups_differ", "importable", "synchronise_groups"]

_log = structlog.get_logger(__name__)
_MAX_LENGTH = 255
_MAX_GROUPS = 1000


def importable(names: Iterable[str]) -> frozenset[str]:
    """The names that a group can have: not blank, not endless, and not more of them than anybody needs."""
    trimmed = {name.strip() for name in names}
    usable = sorted(name for name in trimmed if 0 < len(name) <= _MAX_LENGTH and "\0" not in name)
    return frozenset(usable[:_MAX_GROUPS])


async def groups_differ(session: AsyncSession, user_id: uuid.UUID, source: str, names: Set[str]) -> bool:
    """Whether `synchronise_groups` has something to do."""
    if source.casefold() in RESERVED_SOURCES:
        _log.warning("groups_not_imported", source=source, reason="this is no identity provider's name")
        return False
    statement = (
        select(Group.name)
        .join(GroupMember, GroupMember.group_id == Group.id)
        .where(GroupMember.user_id == user_id, Group.source == source)
    )
    present = set((await session.execute(statement)).scalars())
    if present == names:
        return False
    statement = select(Group.name).where(Group.name.in_(names), Group.source != source)
    foreign = set((await session.execute(statement)).scalars())
    if foreign:
        _log.warning("groups_not_imported", groups=sorted(foreign), reason="groups of another source have these names")
    return present != names - foreign


async def synchronise_groups(session: AsyncSession, user_id: uuid.UUID, source: str, names: Set[str]) -> None:
    """Makes the user's groups of `source` those called `names`. The user's row must be locked."""
    if not await groups_differ(session, user_id, source, names):
        return
    stale = select(Group.id).where(Group.source == source, Group.name.not_in(names))
    await session.execute(
        delete(GroupMember).where(GroupMember.user_id == user_id, GroupMember.group_id.in_(stale)),
        execution_options={"synchronize_session": False},
    )
    if not names:
        return
    rows = [{"id": uuid.uuid4(), "name": name, "source": source, "created_by": NIL} for name in sorted(names)]
    await session.execute(insert(Group).on_conflict_do_nothing(index_elements=[Group.name]), rows)
    # Locked, so that a group which is being deleted is not joined.
    wanted = (
        select(Group.id, literal(user_id))
        .where(Group.source == source, Group.name.in_(names))
        .with_for_update(read=True, key_share=True)
    )
    joined = insert(GroupMember).from_select(["group_id", "user_id"], wanted)
    await session.execute(joined.on_conflict_do_nothing())
