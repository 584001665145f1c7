"""`/ai/v1/daemons` (§4.16)."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from control_layer.control.access import INFERENCE_KEYS, needs
from control_layer.control.batches.daemon import list_daemons
from control_layer.control.batches.schemas import Daemon, Daemons
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Database
from control_layer.control.route import ControlRoute

__all__ = ["router"]

router = APIRouter(prefix="/ai/v1/daemons", tags=["daemons"], route_class=ControlRoute)


@router.get("")
@needs(Operation.READ, Resource.SYSTEM, keys=INFERENCE_KEYS)
async def list_(session: Database, status: Literal["initializing", "running", "dead"] | None = None) -> Daemons:
    """The processes that carry out batches, and those that did lately."""
    return Daemons(daemons=[Daemon.of(row, state) for row, state in await list_daemons(session, status)])
