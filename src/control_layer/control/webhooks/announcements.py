"""What each event says (§4.19). Called where it happens, in its transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.webhooks.events import Event, instant, tell
from control_layer.store.tables import ApiKey, Batch, User

__all__ = ["announce_api_key", "announce_batch", "announce_end_of_batch", "announce_user"]


async def announce_user(session: AsyncSession, user: User, now: datetime) -> None:
    """Somebody got an account."""
    data = {"user_id": str(user.id), "email": user.email, "auth_source": user.auth_source}
    await tell(session, Event.USER_CREATED, data, now=now)


async def announce_api_key(session: AsyncSession, key: ApiKey, now: datetime) -> None:
    """Somebody got a key."""
    data = {
        "api_key_id": str(key.id),
        "user_id": str(key.user_id),
        "created_by": str(key.created_by),
        "name": key.name,
    }
    await tell(session, Event.API_KEY_CREATED, data, now=now)


async def announce_batch(session: AsyncSession, batch: Batch, now: datetime) -> None:
    """Somebody made a batch."""
    data = {"batch_id": f"batch_{batch.id}", "user_id": str(batch.created_by), "endpoint": batch.endpoint}
    await tell(session, Event.BATCH_CREATED, data, now=now)


async def announce_end_of_batch(session: AsyncSession, batch: Batch, now: datetime) -> None:
    """Its last request has ended, and some succeeded, or none."""
    failed = batch.failed_at is not None
    data: dict[str, object] = {
        "batch_id": f"batch_{batch.id}",
        "status": "failed" if failed else "completed",
        "request_counts": {
            "total": batch.total,
            "completed": batch.completed,
            "failed": batch.failed,
            "cancelled": batch.cancelled,
        },
        "created_at": instant(batch.created_at),
        "finished_at": instant(now),
    }
    for name, file_id in (("output_file_id", batch.output_file_id), ("error_file_id", batch.error_file_id)):
        if file_id is not None:
            data[name] = f"file_{file_id}"
    event = Event.BATCH_FAILED if failed else Event.BATCH_COMPLETED
    await tell(session, event, data, now=now, owner=batch.created_by)
