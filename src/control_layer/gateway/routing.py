"""Where an admitted request goes: the first deployment, and after a failure the next one, later, or nowhere."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from msgspec import structs

from control_layer.contract.limits import Limit
from control_layer.contract.pricing import NOTHING, Tariff
from control_layer.contract.routing import Balancing
from control_layer.contract.usage import Attempt as AttemptRecord
from control_layer.contract.usage import Tokens
from control_layer.gateway import errors
from control_layer.gateway.admission import Admission
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.head import Head, KeptChoice
from control_layer.gateway.policy.balancing import Target, choose, preferred
from control_layer.gateway.policy.failover import Failure, attempts_allowed, backoff_seconds, may_follow
from control_layer.gateway.policy.gate import Gates
from control_layer.gateway.policy.limiter import Permit
from control_layer.gateway.snapshot import Route
from control_layer.gateway.upstream import Upstream
from control_layer.wire import Request, Responder

if TYPE_CHECKING:
    from control_layer.gateway.attempt import Attempt
    from control_layer.gateway.data_plane import DataPlane
    from control_layer.gateway.hedging import Race

__all__ = ["GivenUp", "Routing"]

_NONE: frozenset[str] = frozenset()
_LONGEST_WAIT_SECONDS = 30.0
"""For a deployment that says when it can be asked again, where the model does not bound it."""


class GivenUp(NamedTuple):
    """A model that let the request in and failed it."""

    route: Route
    called: str
    tariff: Tariff | None
    attempt: Attempt | None


class Routing(Admission):
    """A request on its way through its route's deployments."""

    __slots__ = (
        "_earlier", "_next", "_retry", "_targets", "_tried", "_waited", "alternatives", "attempt", "attempts",
        "given_up", "lane", "race", "staked", "started",
    )  # fmt: skip

    def __init__(self, plane: DataPlane, request: Request, responder: Responder, head: Head) -> None:
        super().__init__(plane, request, responder, head)
        self.started = 0.0
        """When it was let in, on the monotonic clock."""
        self.attempt: Attempt | None = None
        """The latest one."""
        self.attempts: list[AttemptRecord] = []
        self._targets: tuple[Target, ...] = ()
        self._tried: Collection[str] = _NONE
        """Ids of deployments that are not asked again."""
        self._next: Target | None = None
        self._retry: asyncio.TimerHandle | None = None
        self.lane: Permit | None = None
        """What the present attempt takes of the limits of its deployment."""
        self._waited = 0.0
        """For deployments that were asked again, in seconds."""
        self.staked = NOTHING
        """What the present attempt may waste, where that is bounded."""
        self._earlier = 0
        """How many of the attempts were made at models that were given up."""
        self.alternatives: Sequence[str] = ()
        """Aliases that the client names for when this model fails, in its order."""
        self.given_up: GivenUp | None = None
        """The last model that was given up, while the next one is asked."""
        self.race: Race | None = None
        """Where a second attempt may begin beside the first one."""

    @abstractmethod
    def forward(self) -> None:
        """Makes the next attempt."""

    @abstractmethod
    def forget_answer(self) -> None:
        """What came of an attempt that is followed by another does not count."""

    def can_resend(self) -> bool:
        """Whether the request is still at hand for another attempt."""
        return True

    def session_hint(self) -> str | None:
        """What the request itself calls the conversation that it belongs to."""
        return None

    def route_out(self) -> None:
        """The request is let in: its route's deployments are its."""
        self._targets = self.plane.deployments.of(self.route)
        if self.route.translates_efforts:
            self._targets = self.fitting(self._targets)

    def fitting(self, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        """Those deployments of its route that can be told all that the request says."""
        return targets

    def leave_route(self) -> None:
        """Its deployments are given up, for those of another model."""
        self._tried = _NONE
        self._next = None
        self._waited = 0.0
        self._earlier = len(self.attempts)

    def leave_lane(self) -> None:
        """What the present attempt takes of the limits of its deployment is given back: nothing was used."""
        if self.lane is not None:
            self.lane.settle(0.0)
            self.lane = None

    def next_upstream(self) -> tuple[Target, Upstream]:
        """The next deployment that can be asked at all; its limits are taken from. Raises GatewayError where there is
        none.
        """
        plane = self.plane
        now = plane.monotonic()
        limits = plane.snapshots.current.limits
        full = _NONE
        while True:
            target, self._next = self._next, None
            if target is None:
                target = self._pick(now, full.union(self._tried) if full else self._tried)
            if target is None:
                raise errors.deployments_full() if full else self._nobody(now)
            deployment = target.deployment
            if limits and not self._enter_lane(target, limits):
                full |= {deployment.id}
                continue
            try:
                endpoint = plane.snapshots.current.endpoints.get(deployment.endpoint_id)
                if endpoint is None:
                    raise errors.model_unavailable("its endpoint was removed")
                return target, plane.upstreams.get(endpoint)
            except GatewayError as error:
                if self.lane is not None:
                    self.lane.cancel()
                    self.lane = None
                self.attempts.append(AttemptRecord(deployment.id, deployment.endpoint_id, None, error.code, 0.0))
                self._tried = self._asked()
                if all(target.deployment.id in self._tried for target in self._targets):
                    raise

    @property
    def holds_answers(self) -> bool:
        """Whether an answer's beginning is held back, because another deployment may still give a better one."""
        route = self.route
        follows = route.fallback.enabled or route.model.overflow != () or route.model.refusal != ()
        return (follows or self.alternatives != ()) and self.can_resend()

    @property
    def judges_answers(self) -> bool:
        """Whether another attempt may follow an answer that a content policy has ended: answers are held until that is
        clear.
        """
        return (self.route.model.refusal != () or self.alternatives != ()) and self.can_resend()

    def try_again(self, failure: Failure, status: int | None = None) -> bool:
        """Whether another attempt follows the one that failed, which is settled; it then begins by itself."""
        plane, route = self.plane, self.route
        if self.responder.started or not self.can_resend():
            return False
        now = plane.monotonic()
        delay: float | None = 0.0
        if failure is Failure.CONTEXT_LENGTH and route.model.overflow:
            target = self._instead(plane.deployments.targets(route.model.overflow), now)
        elif failure is Failure.REFUSED_CONTENT and route.model.refusal:
            target = self._instead(plane.deployments.targets(route.model.refusal), now)
        elif may_follow(route.fallback, failure, status):
            if len(self.attempts) - self._earlier >= attempts_allowed(route.fallback, len(self._targets)):
                return False
            target, delay = self._after(failure, now)
        else:
            return False
        if target is None or delay is None or now + delay - self.started >= plane.deadlines(route).total:
            return False
        if not self.gives_up(failure):
            return False
        self._waited += delay
        self._next = target
        self._retry = plane.loop.call_later(delay, self.forward)
        return True

    @abstractmethod
    def gives_up(self, failure: Failure) -> bool:
        """Whether another attempt can be afforded, in number and in money: then this one has come to nothing."""

    def withdraw_retry(self) -> None:
        """Nobody waits for another attempt any more."""
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    def settle_limits(self, tokens: Tokens) -> None:
        """The request has ended with so many tokens."""
        used = float((tokens.input or 0) + (tokens.output or 0))
        if self.permit is not None:
            self.permit.settle(used)
        if self.lane is not None:
            self.lane.settle(used)

    def settle(self, attempt: Attempt, code: str | None, *, learnt: bool = True) -> None:
        """Notes how an attempt went, once. What the client did itself teaches nothing of the deployment."""
        if not attempt.settled:
            attempt.settled = True
            self.attempts.insert(attempt.place, attempt.record(code))
            attempt.teach(code if learnt else None, learnt=learnt)
            self.plane.metrics.attempted(attempt.upstream.endpoint.name, attempt.status, code)

    def note(self, attempt: Attempt, **changes: object) -> None:
        """Writes more into the record of an attempt that is settled."""
        at = min(attempt.place, len(self.attempts) - 1)  # one that began earlier may still be under way
        self.attempts[at] = structs.replace(self.attempts[at], **changes)

    def hedge_upstream(self) -> tuple[Target, Upstream, Permit | None] | None:
        """Another deployment than the one that is being asked, and what is taken of its limits; `None` where none is
        free.
        """
        plane, present = self.plane, self.attempt
        now = plane.monotonic()
        asked = self._asked() | set(self._tried)
        target = self._pick(now, asked if present is None else asked | {present.deployment.id})
        endpoint = None if target is None else plane.snapshots.current.endpoints.get(target.deployment.endpoint_id)
        if target is None or endpoint is None or not target.free(now):
            return None
        try:
            upstream = plane.upstreams.get(endpoint)
        except GatewayError:
            return None
        limits, lane = plane.snapshots.current.limits, self.lane
        self.lane = None
        entered = not limits or self._enter_lane(target, limits)
        taken, self.lane = self.lane, lane
        return (target, upstream, taken) if entered else None

    # -- inside ------------------------------------------------------------------------------------------------------

    def _pick(self, now: float, tried: Collection[str]) -> Target | None:
        targets = self._targets
        if len(targets) == 1:
            alone = targets[0]
            return None if alone.health.rests(now) or alone.deployment.id in tried else alone
        rules = self.route.balancing
        if not rules.sticky or not targets:
            return choose(targets, rules, now, self.plane.random, tried=tried)
        identity = self._identity(rules)
        kept = self.head.choice
        if kept is None or kept.targets is not targets or kept.rules is not rules or kept.identity != identity:
            kept = self.head.choice = KeptChoice(targets, rules, identity, preferred(targets, rules, identity))
        target = kept.target
        if target.free(now) and target.deployment.id not in tried:
            return target
        return choose(targets, rules, now, self.plane.random, identity=identity, tried=tried)

    def _enter_lane(self, target: Target, limits: Mapping[str, tuple[Limit, ...]]) -> bool:
        """Takes what the attempt needs of its deployment's own limits."""
        gates = self._lane_of(target, limits)
        if gates is None:
            return True
        if not self.estimate and gates.token_buckets:
            self.estimate = self.likely_tokens()
        self.lane = self.plane.limiter.try_(gates, self.estimate)
        return self.lane is not None

    def _lane_of(self, target: Target, limits: Mapping[str, tuple[Limit, ...]]) -> Gates | None:
        """A deployment's own limits, where it has some and is a part of another model."""
        deployment_id, limiter = target.deployment.id, self.plane.limiter
        own = limits.get(deployment_id)
        if own is None or deployment_id == self.route.model.id:
            return None
        kept = target.gates
        if kept is None or kept[0] is not own or kept[1] != limiter.epoch:
            kept = target.gates = own, limiter.epoch, limiter.gates(own)
        return kept[2]

    def _identity(self, rules: Balancing) -> str:
        """Whose requests go to the same deployment."""
        if rules.sticky == "user":
            return self.user.id
        hint = self.session_hint() if rules.sticky == "session" else None
        return self.key.id if hint is None else f"{self.key.id}/{hint}"

    def _instead(self, targets: tuple[Target, ...], now: float) -> Target | None:
        """The first of other deployments, which take the place of the route's; `None` where that was done before."""
        if self._targets and targets[0].deployment is self._targets[0].deployment:
            return None
        self._targets = self.fitting(targets)
        self._tried = self._asked()
        return self._pick(now, self._tried)

    def _asked(self) -> set[str]:
        """The ids of the model's deployments that have been asked."""
        return {tried.deployment_id for tried in self.attempts[self._earlier :]}

    def _after(self, failure: Failure, now: float) -> tuple[Target | None, float | None]:
        """Who is asked next, and after how many seconds. Another deployment is asked at once."""
        rules, targets = self.route.fallback, self._targets
        assert self.attempt is not None
        last = self.attempt.deployment.id
        failures = len(self.attempts) - self._earlier
        if not rules.enabled:
            again = next((target for target in targets if target.deployment.id == last), None)
            resting = again is None or again.health.rests(now)
            self._tried = {target.deployment.id for target in targets if target is not again}
            return None if resting else again, backoff_seconds(rules.backoff, failures, self.plane.random)
        asked = self._asked()
        self._tried = asked
        target = self._pick(now, asked)
        if target is not None or not (rules.with_replacement or (failure is Failure.CONNECTION and len(targets) == 1)):
            return target, 0.0
        self._tried = _NONE
        backoff = rules.backoff
        delay = backoff_seconds(backoff, failures, self.plane.random)
        target = self._pick(now, _NONE)
        if target is None or not target.health.ready(now):
            # The one that may be asked first, where that is soon.
            target = min(targets, key=lambda each: each.health.ready_at)
            delay = max(delay, target.health.ready_at - now)
        longest = backoff.total if backoff.total is not None else _LONGEST_WAIT_SECONDS
        return target, delay if self._waited + delay <= longest else None

    def _nobody(self, now: float) -> GatewayError:
        """Why no deployment may be asked, and when one may."""
        if not self._targets:
            return errors.no_deployment()
        first = min(target.health.ready_at for target in self._targets)
        return errors.model_resting(max(first - now, 0.0))
