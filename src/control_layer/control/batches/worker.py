"""Carries out batches: takes requests from the queue and asks our own gateway, in their owners' names.

Requests of a model are under way up to its bound. Where one ends the next is taken; beyond that the queue is looked at
once an interval. Whatever happens to this process, what it ran is taken up again, by itself or by another.
"""

from __future__ import annotations

import asyncio
import math
import os
import socket
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from control_layer import __version__
from control_layer.contract.sealing import CannotOpen
from control_layer.contract.supervision import Sample
from control_layer.control.api_keys.secret import KeySecret
from control_layer.control.batches import queue
from control_layer.control.batches.cancelling import finish_cancelling
from control_layer.control.batches.daemon import beat, sign_off
from control_layer.control.batches.queue import Claimed, Ended, Work
from control_layer.control.batches.request_deletion import finish_deleting
from control_layer.control.batches.verdict import Again, Trouble, after_answer, after_trouble
from control_layer.control.errors import ControlError
from control_layer.control.leadership import Leader, NotLeading, elected
from control_layer.control.own_gateway import AnswerTooLarge, BrokenAnswer, GatewayCaller, GatewayUnreachable
from control_layer.control.request_context import transaction
from control_layer.control.services import Services

__all__ = ["BatchWorker"]

_log = structlog.get_logger(__name__)
_LOCK = 0x6261746368  # "batch", the key of the advisory lock
_RETRY_SECONDS = 2.0
_BEAT_SECONDS = 3.0
_STEP_SECONDS = 10.0
"""Who needs longer for a step may be taken for dead."""
_LAST_WORDS_SECONDS = 5.0
_STORE_RETRY_SECONDS = 0.5
_EXPANDED_AT_ONCE = 20
_MAX_ANSWER_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class _Running:
    """A request under way."""

    claimed: Claimed
    task: asyncio.Task[None]
    answered: bool = False
    """Nothing is aborted any more: what came of it is being stored."""


class BatchWorker:
    """One per host; of all hosts on one database one works, or, with `always`, each."""

    def __init__(self, services: Services, database_url: str) -> None:
        self._services = services
        self._settings = services.settings.background_services.batch_daemon
        self._database_url = database_url
        self._id = uuid.uuid4()
        self._running: dict[uuid.UUID, _Running] = {}
        self._wake = asyncio.Event()
        self._draining = False
        self._leaving = False
        self._last_beat = -math.inf
        self._outcomes = {"completed": 0, "failed": 0, "cancelled": 0, "retried": 0}

    async def run(self) -> None:
        """Works whenever it can, until it is cancelled, which puts back what is under way. The database may be away
        at any time."""
        settings = self._services.settings
        if self._settings.enabled == "never" or not settings.batches.enabled:
            return
        election = self._settings.enabled == "leader" and settings.background_services.leader_election.enabled
        while True:
            try:
                async with elected(self._database_url, lock=_LOCK, election=election) as leader:
                    _log.info("batch_daemon_works", daemon=str(self._id))
                    await self._work(leader)
            except NotLeading as error:
                _log.warning("batch_daemon_rests", reason=str(error), retry_seconds=_RETRY_SECONDS)
            await asyncio.sleep(_RETRY_SECONDS)

    def drain(self) -> None:
        """Takes no more requests; those under way go on."""
        self._draining = True

    def samples(self) -> list[Sample]:
        """The worker's part of the metrics."""
        running, ended = "Batch requests under way on this host.", "Tries of batch requests that came to their end."
        return [
            Sample("control_layer_batch_requests_running", "gauge", running, {}, len(self._running)),
            *(
                Sample("control_layer_batch_requests_total", "counter", ended, {"outcome": outcome}, count)
                for outcome, count in self._outcomes.items()
            ),
        ]

    async def _work(self, leader: Leader) -> None:
        """Raises `NotLeading`."""
        try:
            await self._step(self._begin)
            while True:
                self._wake.clear()
                await leader.confirm()
                await self._step(self._look)
                await self._rest()
        finally:
            await self._put_down()

    async def _rest(self) -> None:
        """Until an interval is over, or there is room for a request."""
        try:
            async with asyncio.timeout(self._settings.claim_interval_ms / 1000):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _step(self, step: Callable[[], Awaitable[None]]) -> None:
        """One look at the database. What it cannot do now, it does later."""
        try:
            async with asyncio.timeout(_STEP_SECONDS):
                await step()
        except (ControlError, TimeoutError) as error:
            _log.warning("batch_queue_not_read", reason=repr(error))

    async def _begin(self) -> None:
        async with transaction(self._services) as session:
            await queue.release(session, self._id)
        self._last_beat = -math.inf  # we may have signed off

    async def _look(self) -> None:
        now = self._services.now
        if time.monotonic() - self._last_beat > _BEAT_SECONDS:
            await self._beat()
        async with transaction(self._services) as session:
            await queue.finalise(session, now())
            await finish_cancelling(session, now())
            await finish_deleting(session, now())
            gone = await queue.revoked(session, self._id) if self._running else set()
        for request_id in gone:
            if (running := self._running.get(request_id)) is not None and not running.answered:
                running.task.cancel()
        if self._draining:
            return
        await self._claim()
        for _ in range(_EXPANDED_AT_ONCE):
            async with transaction(self._services) as session:
                if not await queue.expand_new(session, now()):
                    break

    async def _beat(self) -> None:
        async with transaction(self._services) as session:
            await beat(session, self._row())
            await queue.release_of_dead(session)
        self._last_beat = time.monotonic()

    def _row(self) -> dict[str, object]:
        return {
            "id": self._id,
            "hostname": socket.gethostname(),
            "pid": os.getpid(),
            "version": __version__,
            "processed": self._outcomes["completed"] + self._outcomes["failed"],
            "failed": self._outcomes["failed"],
            "in_flight": len(self._running),
            "config": self._settings.model_dump(mode="json"),
        }

    async def _claim(self) -> None:
        """Takes what there is room for, and begins with it."""
        busy = Counter(running.claimed.model for running in self._running.values())
        left = self._settings.claim_batch_size
        claimed: list[Claimed] = []
        async with transaction(self._services) as session:
            for model, capacity in (await queue.waiting_models(session)).items():
                bound = self._settings.default_model_concurrency if capacity is None else capacity
                room = min(bound - busy[model], left)
                if room > 0:
                    taken = await queue.claim(session, self._id, model, room, self._services.now())
                    left -= len(taken)
                    claimed += taken
        for request in claimed:
            task = asyncio.create_task(self._carry_out(request), name=f"batch-request-{request.id}")
            self._running[request.id] = _Running(request, task)

    async def _carry_out(self, claimed: Claimed) -> None:
        """One try of one request, and what comes of it, into the database."""
        try:
            try:
                verdict = await self._try(claimed)
            except asyncio.CancelledError:
                if self._leaving:
                    raise
                verdict = Ended(state="cancelled")
            self._running[claimed.id].answered = True
            await self._store(claimed, verdict)
        except Exception:  # noqa: BLE001 - one request's trouble is not the others'; it is tried again
            _log.error("batch_request_failed", request=str(claimed.id), exc_info=True)
            await self._store(claimed, Again(self._services.now(), "Internal server error"))
        finally:
            self._running.pop(claimed.id, None)
            self._wake.set()

    async def _try(self, claimed: Claimed) -> Ended | Again:
        async with transaction(self._services) as session:
            work = await queue.work_of(session, claimed)
        trouble: Trouble
        try:
            caller = self._caller(claimed, work)
            answer = await self._services.own_gateway.ask(
                "POST",
                "/ai" + work.url,
                body=work.body,
                model=claimed.model,
                timeout_seconds=self._settings.request_timeout.total_seconds(),
                caller=caller,
                max_answer_bytes=_MAX_ANSWER_BYTES,
            )
        except CannotOpen as error:
            trouble = Trouble("NoKey", str(error), final=True)
        except AnswerTooLarge as error:
            trouble = Trouble("AnswerTooLarge", str(error), final=True)
        except BrokenAnswer as error:
            trouble = Trouble("BrokenAnswer", str(error))
        except GatewayUnreachable as error:
            trouble = Trouble("GatewayUnreachable", str(error))
        else:
            return after_answer(answer, claimed, self._settings, self._services.now())
        return after_trouble(trouble, claimed, self._settings, self._services.now())

    def _caller(self, claimed: Claimed, work: Work) -> GatewayCaller:
        """The owner. Raises `CannotOpen`."""
        if work.key_id is None or work.sealed_secret is None:
            raise CannotOpen("the account that the batch belongs to is gone")
        secret = self._services.key_secrets.open(work.sealed_secret, str(work.key_id))
        return GatewayCaller(KeySecret(secret), f"batch_req_{claimed.id}", work.completion_window)

    async def _store(self, claimed: Claimed, verdict: Ended | Again) -> None:
        """Does not give up while the request is ours: an answer that was paid for is worth waiting for."""
        while True:
            try:
                async with transaction(self._services) as session:
                    if isinstance(verdict, Again):
                        await queue.try_later(session, self._id, claimed, verdict.error, verdict.not_before)
                    else:
                        await queue.end(session, self._id, claimed, verdict, self._services.now())
            except ControlError as error:
                _log.warning("batch_result_not_stored", request=str(claimed.id), reason=error.message)
                await asyncio.sleep(_STORE_RETRY_SECONDS)
            else:
                self._outcomes["retried" if isinstance(verdict, Again) else verdict.state] += 1
                return

    async def _put_down(self) -> None:
        """Ends what is under way, and gives it back."""
        self._leaving = True
        tasks = [running.task for running in self._running.values()]
        for running in self._running.values():
            if not running.answered:
                running.task.cancel()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_LAST_WORDS_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self._leaving = False
        try:
            async with asyncio.timeout(_LAST_WORDS_SECONDS), transaction(self._services) as session:
                await queue.release(session, self._id)
                await sign_off(session, self._id)
        except (ControlError, TimeoutError) as error:
            _log.warning("batch_daemon_gone_without_a_word", reason=repr(error))
