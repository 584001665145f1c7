"""Makes a batch of a file, after all checks in the contract's order (§4.15)."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.batches.admission import check_capacity, check_models, check_volume, demands_of
from control_layer.control.batches.schemas import NewBatch
from control_layer.control.errors import ControlError, forbidden, invalid, not_found
from control_layer.control.files.queries import find_file
from control_layer.control.permissions import Operation, Resource, Role
from control_layer.control.principal import Principal
from control_layer.control.services import Services
from control_layer.control.transactions.balances import balance_of
from control_layer.control.webhooks.announcements import announce_batch
from control_layer.settings import window_of
from control_layer.store.tables import Batch, File

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
    demands = await demands_of(session, file.id)
    check_models(demands, wanted.completion_window)
    if wanted.api_key_id is not None:
        raise invalid("api_key_id needs an organization, which this release does not have")
    await check_volume(session, services, caller.id, file.lines, life)
    await check_capacity(session, services, demands, wanted.completion_window, life)
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
        filename=file.filename,
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
