"""Makes a batch of a file, after all checks in the contract's order (§4.15)."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.batches.schemas import NewBatch
from control_layer.control.errors import ControlError, TryLater, forbidden, invalid, not_found
from control_layer.control.files.queries import find_file
from control_layer.control.permissions import Operation, Resource, Role
from control_layer.control.principal import Principal
from control_layer.control.services import Services
from control_layer.control.transactions.balances import balance_of
from control_layer.control.webhooks.announcements import announce_batch
from control_layer.settings import window_of
from control_layer.store.tables import Batch, BatchRequest, File, FileRequest, Model, User

__all__ = ["create_batch"]

_BACKGROUND = "background"
_BACKGROUND_LIFE = timedelta(days=7)
_RESERVED = frozenset(
    ("created_by_email", "context_name", "context_type", "request_source", "created_by", "dw_user_agent")
)
_MAX_METADATA = 16
"""As OpenAI has it."""


async def create_batch(
    session: AsyncSession, services: Services, caller: Principal, wanted: NewBatch, *, source: str
) -> Batch:
    """The new batch, nothing of it done yet. Raises 400, 402, 403, 404 and 429."""
    life = _check_words(services, caller, wanted)
    file_id = _file_id(wanted.input_file_id)
    await _check_balance(session, caller.id)
    file = await find_file(session, file_id, None, lock=True)
    if file is None or file.purpose != "batch":
        raise not_found("File", file_id)
    if file.uploaded_by != caller.id and not caller.may(Operation.READ, Resource.FILES):
        raise forbidden(Operation.CREATE, f"batch using file {file_id}")
    await _check_balance(session, file.uploaded_by)
    await _check_models(session, file, wanted.completion_window, services, life)
    if wanted.api_key_id is not None:
        raise invalid("api_key_id needs an organization, which this release does not have")
    await _check_volume(session, services, caller, file.lines, life)
    return await _stored(session, services, caller, wanted, file, life, source)


def _check_words(services: Services, caller: Principal, wanted: NewBatch) -> timedelta:
    """How long the batch has. Raises 403 and 400."""
    settings, window = services.settings.batches, wanted.completion_window
    if window == _BACKGROUND and Role.BACKGROUND_INFERENCE_USER not in caller.roles:
        raise forbidden("use", "completion window 'background'")
    refusal = invalid(
        f"Unsupported completion_window. Allowed values: {', '.join(settings.allowed_completion_windows)}",
        code="unsupported_completion_window",
    )
    if window == _BACKGROUND:
        life = _BACKGROUND_LIFE
    elif window in settings.allowed_completion_windows or caller.may(Operation.CREATE, Resource.BATCHES):
        try:
            life = window_of(window)
        except ValueError:
            raise refusal from None
    else:
        raise refusal
    if wanted.endpoint not in settings.allowed_url_paths:
        allowed = ", ".join(settings.allowed_url_paths)
        raise invalid(f"Unsupported endpoint. Allowed values: {allowed}", code="unsupported_endpoint")
    if wanted.metadata is not None and len(wanted.metadata) > _MAX_METADATA:
        raise invalid(f"metadata can have {_MAX_METADATA} keys at most")
    return life


def _file_id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise invalid("input_file_id is not a file's id", code="invalid_file_id") from None


async def _check_balance(session: AsyncSession, user_id: uuid.UUID) -> None:
    if await balance_of(session, user_id) < 0:
        message = "Account balance too low. Please add credits to continue."
        raise ControlError(402, "insufficient_credits", message)


async def _check_models(session: AsyncSession, file: File, window: str, services: Services, life: timedelta) -> None:
    """Raises 400 for a model that is gone or does not take the window, 429 for one that cannot take so much."""
    settings = services.settings.batches
    asked = (
        select(FileRequest.model, func.count().label("requests"))
        .where(FileRequest.file_id == file.id)
        .group_by(FileRequest.model)
        .order_by(FileRequest.model)
        .subquery()
    )
    columns = (Model.id, Model.throughput, Model.allowed_batch_completion_windows)
    statement = select(asked.c.model, asked.c.requests, *columns).outerjoin(
        Model, (Model.alias == asked.c.model) & Model.deleted_at.is_(None)
    )
    rows = (await session.execute(statement)).all()
    for row in rows:
        allowed = row.allowed_batch_completion_windows
        if allowed is not None and window not in allowed:
            raise invalid(f"Model '{row.model}' does not take completion window '{window}'", code="window_not_allowed")
    for row in rows:
        if row.id is None:
            raise invalid(f"Model '{row.model}' is gone; upload the file anew with another model", code="model_gone")
    for row in rows:
        throughput = row.throughput or settings.default_throughput
        capacity = throughput * life.total_seconds() * settings.window_relaxation_factors.get(window, 1.0)
        waiting = await _waiting(session, row.model) if settings.pending_capacity_counts_enabled else 0
        if waiting + row.requests > capacity:
            raise TryLater(429, f"Model '{row.model}' cannot take so many requests within {window}; try again later")


async def _waiting(session: AsyncSession, model: str) -> int:
    statement = select(func.count()).where(BatchRequest.model == model, BatchRequest.state == "pending")
    return (await session.execute(statement)).scalar_one()


async def _check_volume(
    session: AsyncSession, services: Services, caller: Principal, lines: int, life: timedelta
) -> None:
    """Raises 429 for an unverified account that asks for too much."""
    hourly = services.settings.batches.unverified_requests_per_completion_hour
    verified = (await session.execute(select(User.verified).where(User.id == caller.id))).scalar_one()
    if verified or not hourly:
        return
    since = services.now() - life
    recent = select(func.coalesce(func.sum(Batch.total), 0)).where(
        Batch.created_by == caller.id, Batch.created_at > since
    )
    bound = hourly * life.total_seconds() / 3600
    if int((await session.execute(recent)).scalar_one()) + lines > bound:
        raise TryLater(429, f"Unverified accounts may make {bound:.0f} requests in such a window; try again later")


async def _stored(
    session: AsyncSession,
    services: Services,
    caller: Principal,
    wanted: NewBatch,
    file: File,
    life: timedelta,
    source: str,
) -> Batch:
    now, batch_id = services.now(), uuid.uuid4()
    results = [
        File(
            id=uuid.uuid4(),
            filename=f"batch-{batch_id}-{kind}.jsonl",
            purpose=f"batch_{kind}",
            bytes=0,
            lines=0,
            uploaded_by=caller.id,
            created_at=now,
        )
        for kind in ("output", "error")
    ]
    batch = Batch(
        id=batch_id,
        endpoint=wanted.endpoint,
        completion_window=wanted.completion_window,
        source_file_id=file.id,
        input_file_id=file.id,
        output_file_id=results[0].id,
        error_file_id=results[1].id,
        batch_metadata=_own_metadata(wanted.metadata or {}),
        source=source,
        created_by=caller.id,
        total=file.lines,
        completed=0,
        failed=0,
        cancelled=0,
        created_at=now,
        expires_at=now + life,
    )
    session.add_all([*results, batch])
    await session.flush()
    await announce_batch(session, batch, now)
    return batch


def _own_metadata(metadata: dict[str, str]) -> dict[str, str]:
    """What is not ours to say. NUL cannot be stored."""
    return {
        name.replace("\0", ""): value.replace("\0", "")
        for name, value in metadata.items()
        if name.lower().replace("-", "_") not in _RESERVED
    }
