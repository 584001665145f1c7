"""One run of a probe: its request to our own gateway, and what is kept of the answer."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from control_layer.control.own_gateway import BrokenAnswer, GatewayAnswer, GatewayUnreachable, OwnGateway
from control_layer.control.probes.queries import Target
from control_layer.control.probes.request import ProbeRequest, request_for
from control_layer.control.probes.verdict import is_unknown_model, judged
from control_layer.control.services import Services
from control_layer.store.tables import Probe, ProbeResult

__all__ = ["answer_to", "executed", "executed_by_hand", "request_of"]

_MAX_KEPT_BYTES = 16 * 1024
"""A larger answer is judged, but not kept."""
_PAUSES_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Between askings for a model that the gateway does not know: a new one is in force there a moment after it is made."""


def request_of(probe: Probe, target: Target) -> ProbeRequest:
    """What a probe asks its model."""
    return request_for(
        target.alias, target.model_type, method=probe.http_method, path=probe.request_path, body=probe.request_body
    )


async def answer_to(gateway: OwnGateway, request: ProbeRequest, alias: str, timeout_seconds: float) -> GatewayAnswer:
    """The gateway's answer, once it has heard of the model or has had the time to.

    Raises `GatewayUnreachable` and `BrokenAnswer`. `timeout_seconds` is for each asking.
    """
    for pause in (*_PAUSES_SECONDS, None):
        answer = await gateway.ask(
            request.method, request.target, body=request.body, model=alias, timeout_seconds=timeout_seconds
        )
        if pause is None or not is_unknown_model(answer.status, answer.body):
            break
        await asyncio.sleep(pause)
    return answer


async def executed(services: Services, probe_id: uuid.UUID, request: ProbeRequest, alias: str) -> ProbeResult:
    """The result of a run, not stored. A model that fails is a result too.

    Raises `GatewayUnreachable`: then the model was not asked. No database connection may be held meanwhile.
    """
    timeout = services.settings.background_services.probe_scheduler.timeout.total_seconds()
    result = ProbeResult(id=uuid.uuid4(), probe_id=probe_id, executed_at=services.now(), success=False)
    try:
        answer = await answer_to(services.own_gateway, request, alias, timeout)
    except BrokenAnswer as error:
        result.error_message = str(error)
        return result
    verdict = judged(answer.status, answer.body)
    result.success = verdict.success
    result.status_code = answer.status
    result.response_time_ms = round(answer.seconds * 1000)
    result.error_message = verdict.error
    result.response_data = verdict.data if len(answer.body) <= _MAX_KEPT_BYTES else None
    result.result_metadata = _metadata(answer.request_id)
    return result


async def executed_by_hand(services: Services, probe_id: uuid.UUID, request: ProbeRequest, alias: str) -> ProbeResult:
    """As `executed`, for somebody who waits for it: they are told in the result that there was no gateway to ask."""
    executed_at = services.now()
    try:
        return await executed(services, probe_id, request, alias)
    except GatewayUnreachable as error:
        return ProbeResult(
            id=uuid.uuid4(), probe_id=probe_id, executed_at=executed_at, success=False, error_message=str(error)
        )


def _metadata(request_id: str | None) -> dict[str, Any] | None:
    return None if request_id is None else {"request_id": request_id}
