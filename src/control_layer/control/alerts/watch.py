"""Looks whether something should be known, on the one host that leads, and tells it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.alerts.budget_threshold import BUDGET_THRESHOLD
from control_layer.control.alerts.episodes import Open, changes
from control_layer.control.alerts.kinds import ALERT_KINDS
from control_layer.control.alerts.low_balance import LOW_BALANCE
from control_layer.control.alerts.mails import letters, recipients
from control_layer.control.alerts.observation import AlertKind, Look
from control_layer.control.alerts.queries import (
    begin_alert,
    end_alerts,
    erase_alerts,
    find_alert,
    open_alerts,
    see_alerts,
    untold_alerts,
)
from control_layer.control.errors import ControlError
from control_layer.control.led_work import repeatedly
from control_layer.control.request_context import transaction
from control_layer.control.services import Services
from control_layer.control.users.queries import find_user
from control_layer.control.webhooks.events import Event, instant, tell
from control_layer.store.tables import Alert

__all__ = ["AlertWatch"]

_log = structlog.get_logger(__name__)
_LOOK_SECONDS = 30.0
"""A rule that reads longer than this is left for the next time."""
_OWN_EVENTS = {LOW_BALANCE: Event.BALANCE_LOW, BUDGET_THRESHOLD: Event.BUDGET_THRESHOLD_REACHED}
"""What the account hears that an alert concerns."""
_MAILS_AT_ONCE = 20
_MAIL_GIVEN_UP = timedelta(days=1)


class AlertWatch:
    """One per host. Two that look at once do no harm."""

    def __init__(self, services: Services, kinds: Sequence[AlertKind] = ALERT_KINDS) -> None:
        self._services = services
        self._settings = services.settings.alerts
        self._kinds = kinds

    async def run(self) -> None:
        """Looks as long as this host leads, unless the settings say no."""
        if self._settings.enabled:
            await repeatedly(self.step, name="alerts", every_seconds=self._settings.interval.total_seconds())

    async def step(self) -> None:
        """One look by each rule, and the mails. A rule that fails keeps no other back. Raises `ControlError`."""
        for kind in self._kinds:
            if not kind.enabled(self._settings):
                continue
            try:
                async with asyncio.timeout(_LOOK_SECONDS), transaction(self._services) as session:
                    await self._look(session, kind)
            except (ControlError, TimeoutError) as error:
                _log.warning("alert_rule_not_asked", kind=kind.name, reason=repr(error))
        await self._send_mails()
        async with transaction(self._services) as session:
            await erase_alerts(session, self._services.now() - self._settings.retention)

    async def _look(self, session: AsyncSession, kind: AlertKind) -> None:
        now = self._services.now()
        alerts = {alert.subject: alert for alert in await open_alerts(session, kind.name)}
        measured = {subject: alert.measured for subject, alert in alerts.items()}
        observations = await kind.observe(session, Look(now=now, settings=self._settings, open=measured))
        episodes = {subject: Open(alert.id, alert.last_seen_at) for subject, alert in alerts.items()}
        found = changes(episodes, observations, now)
        for observation in found.begun:
            alert = await begin_alert(session, kind.name, observation, now)
            if alert is not None:
                _log.warning("alert_raised", kind=kind.name, subject=alert.subject)
                await self._tell(session, alert, Event.ALERT_RAISED)
        await see_alerts(session, found.seen, now)
        for alert in await end_alerts(session, found.over, now):
            _log.info("alert_resolved", kind=kind.name, subject=alert.subject)
            await self._tell(session, alert, Event.ALERT_RESOLVED)

    async def _tell(self, session: AsyncSession, alert: Alert, event: Event) -> None:
        """Puts it into the webhooks' outbox, in the transaction that notes it."""
        now = self._services.now()
        data: dict[str, object] = {
            "alert_id": str(alert.id),
            "kind": alert.kind,
            "subject_id": alert.subject,
            "subject_name": alert.subject_name,
            "summary": alert.summary,
            "measured": alert.measured,
            "raised_at": instant(alert.raised_at),
            "resolved_at": None if alert.resolved_at is None else instant(alert.resolved_at),
        }
        await tell(session, event, data, now=now)
        own = _OWN_EVENTS.get(alert.kind)
        if own is not None and alert.user_id is not None and event is Event.ALERT_RAISED:
            mine = {"user_id": str(alert.user_id), **alert.measured}
            await tell(session, own, mine, now=now, owner=alert.user_id)

    async def _send_mails(self) -> None:
        """At least once each: a mail is noted when it is taken. Raises `ControlError`."""
        async with transaction(self._services) as session:
            alerts = await untold_alerts(session, _MAILS_AT_ONCE)
        for alert in alerts:
            if alert.raise_told_at is None and await self._mailed(alert, resolved=False):
                await self._note(alert, resolved=False)
            if alert.resolved_at is not None and await self._mailed(alert, resolved=True):
                await self._note(alert, resolved=True)

    async def _mailed(self, alert: Alert, *, resolved: bool) -> bool:
        """Whether everybody was told whom it concerns, or nobody can be."""
        now, settings = self._services.now(), self._services.settings
        async with transaction(self._services) as session:
            user = None if alert.user_id is None else await find_user(session, alert.user_id)
        to = recipients(settings, alert, user, resolved=resolved)
        taken = [
            await self._services.post.deliver(letter, now) for letter in letters(settings, alert, to, resolved=resolved)
        ]
        return any(taken) or not taken or now - alert.last_seen_at > _MAIL_GIVEN_UP

    async def _note(self, alert: Alert, *, resolved: bool) -> None:
        async with transaction(self._services) as session:
            row = await find_alert(session, alert.id, lock=True)
            if row is None:
                return
            if resolved:
                row.resolution_told_at = self._services.now()
            else:
                row.raise_told_at = self._services.now()
