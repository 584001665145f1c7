"""What every request of a worker shares, and the one decision every request starts with: whose is this path?"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

from control_layer.gateway import errors
from control_layer.gateway.config import GatewayConfig
from control_layer.gateway.deployments import Deployments
from control_layer.gateway.entrance import Entrance
from control_layer.gateway.exchange import Exchange
from control_layer.gateway.explained import ExplainedExchange
from control_layer.gateway.head import Head
from control_layer.gateway.identifiers import EventIds
from control_layer.gateway.journal import Journal
from control_layer.gateway.metrics import Metrics
from control_layer.gateway.models_page import answer_models
from control_layer.gateway.named import NamedExchange, named_model
from control_layer.gateway.paths import AI_PREFIX, AiPath, Handling, classify
from control_layer.gateway.policy.limiter import Limiter
from control_layer.gateway.policy.purse import Purse
from control_layer.gateway.policy.response_cache import Flights, ResponseCache
from control_layer.gateway.policy.retry_budget import RetryBudget
from control_layer.gateway.realtime import RealtimeExchange
from control_layer.gateway.relay import Relay
from control_layer.gateway.shared_answers import SharedAnswers
from control_layer.gateway.snapshot import Route, SnapshotState
from control_layer.gateway.status import ANSWERED, answer_status
from control_layer.gateway.stored_responses import StoredResponses
from control_layer.gateway.tracing import Tracing
from control_layer.gateway.upload import UploadExchange, is_form
from control_layer.gateway.upstreams import Upstreams
from control_layer.wire import Handler, Pool, Request, Responder, Timeouts

__all__ = ["DataPlane"]

_NOWHERE = AiPath(Handling.OPEN, "/", metered=False)
_JSON = b"application/json"


class DataPlane:
    """One worker's shared state. The clock and randomness are attributes, so that tests may give their own."""

    __slots__ = (
        "cache", "checkers", "config", "control", "deployments", "draining", "flights", "ids", "journal",
        "key_defaults", "limiter", "loop", "metrics", "monotonic", "purse", "random", "retries", "shared_answers",
        "snapshots", "stored_responses", "tracing", "upstreams", "wall",
    )  # fmt: skip

    def __init__(
        self,
        config: GatewayConfig,
        *,
        loop: asyncio.AbstractEventLoop,
        snapshots: SnapshotState,
        journal: Journal,
        upstreams: Upstreams,
        checkers: Upstreams,
        control: Pool,
    ) -> None:
        self.config = config
        self.loop = loop
        self.snapshots = snapshots
        self.journal = journal
        self.upstreams = upstreams
        self.checkers = checkers
        """The services that external guardrails ask."""
        self.control = control
        self.metrics = Metrics()
        self.tracing = Tracing(config.tracing) if config.tracing is not None else None
        self.retries = RetryBudget(config.retries.ratio, config.retries.reserve)
        self.deployments = Deployments()
        self.cache = ResponseCache(config.response_cache_bytes)
        self.flights = Flights()
        self.shared_answers = SharedAnswers(
            config.answer_socket, config.shared_answer_seconds, loop=loop, clock=lambda: self.monotonic()
        )
        self.stored_responses = StoredResponses(config.response_socket, loop=loop)
        self.ids = EventIds()
        self.draining = False
        self.wall: Callable[[], float] = time.time
        self.monotonic: Callable[[], float] = time.monotonic  # the loop's own counts whole milliseconds
        self.purse = Purse(lambda: self.wall())
        self.limiter = Limiter(lambda: self.monotonic())
        self.key_defaults = config.key_defaults
        self.random: Callable[[], float] = random.random

    def deadlines(self, route: Route) -> Timeouts:
        """The deadlines of one attempt at the route's model: its own, else ours."""
        deadlines = route.deadlines
        if deadlines is None:
            own, ours = route.model.timeouts, self.config.timeouts
            deadlines = route.deadlines = Timeouts(
                connect=ours.connect if own.connect is None else own.connect,
                first_byte=ours.first_byte if own.first_byte is None else own.first_byte,
                idle=ours.idle if own.idle is None else own.idle,
                total=ours.total if own.total is None else own.total,
            )
        return deadlines

    def accept(self, request: Request, responder: Responder) -> Handler:
        """The handler of a request whose head has come."""
        known: Head | None = request.derived
        if known is None:
            if not request.path.startswith(AI_PREFIX):
                return answer_status(self, request, responder) or Relay(self, request, responder)
            path = classify(request.path)
            if path is None:
                Entrance(self, request, responder, Head(request, _NOWHERE, traced=False)).turn_away(
                    errors.ambiguous_path()
                )
                return ANSWERED
            if path.handling is Handling.CONTROL:
                return Relay(self, request, responder)
            known = request.derived = Head(request, path, traced=self.tracing is not None)
        handling = known.path.handling
        if handling is Handling.MODELS:
            return answer_models(self, request, responder, known)
        kind = _kind(handling, request) if known.explains is None else ExplainedExchange
        exchange = kind(self, request, responder, known)
        exchange.begin()
        return exchange


def _kind(handling: Handling, request: Request) -> type[Exchange]:
    """How the model of a request is found."""
    if handling is Handling.JSON:
        return Exchange
    if handling is Handling.REALTIME:
        return RealtimeExchange
    if is_form(request):
        return UploadExchange
    if handling is Handling.MULTIPART:
        # Providers have begun to take JSON where there were only forms.
        return Exchange if (request.header(b"content-type") or b"").startswith(_JSON) else UploadExchange
    return NamedExchange if named_model(request) is not None else Exchange
