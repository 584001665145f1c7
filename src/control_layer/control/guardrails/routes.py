"""`/guardrails`."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

from fastapi import APIRouter
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.contract.guardrails import InvalidPattern, Kind, check_pattern
from control_layer.contract.sealing import Seal
from control_layer.control.access import needs
from control_layer.control.endpoints.provider_url import BadProviderUrl, normalised, origin_of
from control_layer.control.errors import invalid, not_found
from control_layer.control.guardrails import queries
from control_layer.control.guardrails.schemas import Guardrail, GuardrailChanges, NewGuardrail, Trial, Tried
from control_layer.control.guardrails.trial import Looker, tried
from control_layer.control.paging import Page, Paging
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.text import not_blank
from control_layer.store import tables

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/guardrails", tags=["guardrails"], route_class=ControlRoute)

_MOST_GUARDRAILS = 100
"""Every request may be looked at by all of them."""
_DEFAULT_TIMEOUT_MS = 2000
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_OF_PATTERNS = ("pattern",)
_OF_SERVICES = ("url", "timeout_ms", "fail", "secret")


@router.get("")
@needs(Operation.READ, Resource.MODELS)
async def list_(session: Database, paging: Paging) -> Page[Guardrail]:
    """Guardrails, in the order in which they are gone through."""
    rows = await queries.list_guardrails(session, paging.skip, paging.limit)
    return Page.of([Guardrail.of(row) for row in rows], await queries.count_guardrails(session), paging)


@router.post("", status_code=201)
@needs(Operation.CREATE, Resource.MODELS)
async def create(body: NewGuardrail, session: Database, caller: Caller, services: Served) -> Guardrail:
    """Makes a guardrail; in force within a second, for requests that come from then on."""
    _check_kind(body, body.kind)
    if body.kind == "external" and body.url is None:
        raise invalid("A guardrail that asks a service needs its url", code="missing_field")
    if body.kind != "external" and body.pattern is None:
        raise invalid("A guardrail of this kind needs a pattern", code="missing_field")
    if await queries.count_guardrails(session) >= _MOST_GUARDRAILS:
        raise invalid(f"There are {_MOST_GUARDRAILS} guardrails already; delete one, or join two in one pattern")
    name, external = not_blank("name", body.name), body.kind == "external"
    row = tables.Guardrail(
        id=uuid.uuid4(),
        name=name,
        enabled=body.enabled,
        position=await queries.next_position(session) if body.position is None else body.position,
        stage=body.stage,
        kind=body.kind,
        model_ids=None if body.models is None else await queries.check_models(session, body.models),
        group_ids=None if body.groups is None else await queries.check_groups(session, body.groups),
        pattern=None if body.pattern is None else _checked_pattern(body.pattern, body.kind),
        url=None if body.url is None else _checked_url(body.url),
        whole_stream=body.whole_stream,
        window_characters=body.window_characters,
        created_by=caller.id,
    )
    if body.kind == "redact":
        row.replacement = f"[{name}]" if body.replacement is None else body.replacement
    if external:
        row.timeout_ms = body.timeout_ms or _DEFAULT_TIMEOUT_MS
        row.fail = body.fail or "closed"
        row.sealed_secret = _sealed(body.secret, row.id, services.guardrail_secrets)
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return Guardrail.of(row)


@router.post("/try")
@needs(Operation.UPDATE, Resource.MODELS)
async def try_(body: Trial, session: Database, caller: Caller, services: Served) -> Tried:
    """Shows what would happen to a text. Nothing of it is kept; services are asked about it."""
    rows = await queries.all_guardrails(session)
    if body.guardrails is not None:
        wanted = set(body.guardrails)
        for unknown in wanted - {row.id for row in rows}:
            raise not_found("Guardrail", unknown)
        chosen: Sequence[tables.Guardrail] = [row for row in rows if row.id in wanted]
    else:
        chosen = [
            row
            for row in rows
            if row.enabled
            and row.stage in (body.stage, "both")
            and (body.model is None or row.model_ids is None or body.model in row.model_ids)
        ]
    model = await session.get(tables.Model, body.model) if body.model is not None else None
    if body.model is not None and model is None:
        raise not_found("Model", body.model)
    looker = Looker(
        stage=body.stage,
        model="" if model is None else model.alias,
        user_id=caller.id,
        secrets=services.guardrail_secrets,
        ca_file=services.settings.gateway.ca_bundle,
    )
    await session.commit()  # no connection is held while a service is asked
    return await tried(chosen, body.text, looker)


@router.get("/{guardrail_id}")
@needs(Operation.READ, Resource.MODELS)
async def read(guardrail_id: uuid.UUID, session: Database) -> Guardrail:
    """One guardrail."""
    return Guardrail.of(await queries.found(session, guardrail_id))


@router.patch("/{guardrail_id}")
@needs(Operation.UPDATE, Resource.MODELS)
async def update(guardrail_id: uuid.UUID, body: GuardrailChanges, session: Database, services: Served) -> Guardrail:
    """Changes a guardrail, or switches it on or off; in force within a second."""
    row = await queries.found(session, guardrail_id, lock=True)
    _check_kind(body, row.kind)
    if body.name is not None:
        row.name = not_blank("name", body.name)
    if body.stage is not None:
        row.stage = body.stage
    if body.enabled is not None:
        row.enabled = body.enabled
    if body.position is not None:
        row.position = body.position
    await _narrow(row, body, session)
    if body.pattern is not None:
        row.pattern = _checked_pattern(body.pattern, row.kind)
    if body.replacement is not None:
        row.replacement = body.replacement
    if "window_characters" in body.model_fields_set:
        row.window_characters = body.window_characters
    if row.kind == "external":
        _change_service(row, body, services.guardrail_secrets)
    row.updated_at = services.now()
    await session.flush()
    return Guardrail.of(row)


@router.delete("/{guardrail_id}", status_code=204)
@needs(Operation.DELETE, Resource.MODELS)
async def delete(guardrail_id: uuid.UUID, session: Database) -> None:
    """Deletes a guardrail; nothing is held up by it any more."""
    await session.delete(await queries.found(session, guardrail_id, lock=True))


async def _narrow(row: tables.Guardrail, body: GuardrailChanges, session: AsyncSession) -> None:
    if "models" in body.model_fields_set:
        row.model_ids = None if body.models is None else await queries.check_models(session, body.models)
    if "groups" in body.model_fields_set:
        row.group_ids = None if body.groups is None else await queries.check_groups(session, body.groups)


def _change_service(row: tables.Guardrail, body: GuardrailChanges, seal: Seal) -> None:
    """A secret goes to the origin it was given for and to no other."""
    if body.remove_secret and body.secret is not None:
        raise invalid("Give secret or remove_secret, not both")
    if body.url is not None:
        url = _checked_url(body.url)
        before = origin_of(row.url or "")
        if row.sealed_secret is not None and origin_of(url) != before and not (body.remove_secret or body.secret):
            raise invalid(
                f"The stored secret was given for {before} and is not sent elsewhere. Give the secret of the new "
                "address in the same request, or remove_secret: true if it needs none",
                code="credential_bound_to_origin",
            )
        row.url = url
    if body.timeout_ms is not None:
        row.timeout_ms = body.timeout_ms
    if body.fail is not None:
        row.fail = body.fail
    if body.whole_stream is not None:
        row.whole_stream = body.whole_stream
    if body.secret is not None:
        row.sealed_secret = _sealed(body.secret, row.id, seal)
    if body.remove_secret:
        row.sealed_secret = None


def _check_kind(body: NewGuardrail | GuardrailChanges, kind: Kind) -> None:
    """Raises 400 for what a guardrail of this kind does not have."""
    strange = list(_OF_PATTERNS if kind == "external" else _OF_SERVICES)
    if kind != "redact":
        strange.append("replacement")
    if kind == "allow_pattern":
        strange.append("window_characters")
    given = [name for name in strange if getattr(body, name) is not None]
    if kind != "external" and body.whole_stream:
        given.append("whole_stream")
    if given:
        raise invalid(f"A guardrail of kind {kind} has no {', '.join(given)}", code="unexpected_field")


def _checked_pattern(pattern: str, kind: Kind) -> str:
    try:
        check_pattern(pattern, kind)
    except InvalidPattern as error:
        raise invalid(f"pattern: {error}", code="invalid_pattern") from None
    return pattern


def _checked_url(url: str) -> str:
    try:
        return normalised(url, query=True)
    except BadProviderUrl:
        raise invalid(
            "url must be a URL such as https://example.org/check, without credentials", code="bad_url"
        ) from None


def _sealed(secret: SecretStr | None, row_id: uuid.UUID, seal: Seal) -> bytes | None:
    """A blank secret is none: forms send what nobody filled in. Raises 400."""
    value = "" if secret is None else secret.get_secret_value().strip()
    if not _PRINTABLE.fullmatch(value):
        raise invalid("secret must be printable ASCII without line breaks")
    return seal.seal(value, str(row_id)) if value else None
