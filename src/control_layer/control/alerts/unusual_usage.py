"""A key uses far more than it usually does.

The rule is a robust z-score: how far the last hour is from the median of the hours in which the key was used, measured
in median absolute deviations (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993). Neither is moved by the
outliers that it is to find.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.alerts.key_hours import history_of, used_since
from control_layer.control.alerts.observation import Look, Observation, Subject, Verdict
from control_layer.control.alerts.wording import about
from control_layer.settings import Alerts
from control_layer.store.tables import ApiKey, User

__all__ = ["UnusualUsageKind", "Usual", "judge", "usual_of"]

_HOUR = timedelta(hours=1)
_NORMAL = 1.4826
"""Makes a median absolute deviation what a standard deviation is, where values are distributed normally."""
_LEAST_SPREAD = 0.1
"""Of the median: a key that uses the same amount every hour may use a little more."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What a key's hours are like, in tokens."""

    median: float
    spread: float
    """More than 0."""

    def score(self, tokens: int) -> float:
        """How many spreads above the median."""
        return (tokens - self.median) / self.spread


def usual_of(hours: Sequence[int]) -> Usual:
    """Of the hours in which it was used, at least one."""
    middle = median(hours)
    deviation = median(abs(tokens - middle) for tokens in hours)
    return Usual(middle, max(_NORMAL * deviation, _LEAST_SPREAD * middle, 1.0))


def judge(
    tokens: int, hours: Sequence[int], *, minimum_hours: int, minimum_tokens: int, score: float, is_open: bool
) -> Verdict:
    """Whether `tokens` in an hour are unusual, after `hours` like these.

    An episode is over once both limits are kept by half.
    """
    if is_open:
        minimum_tokens, score = minimum_tokens // 2, score / 2
    if tokens < minimum_tokens:
        return Verdict.QUIET
    if len(hours) < max(minimum_hours, 1):
        return Verdict.UNKNOWN
    return Verdict.FIRING if usual_of(hours).score(tokens) >= score else Verdict.QUIET


class UnusualUsageKind:
    """Compares each key's last hour with its hours of the last days."""

    name = "unusual_usage"

    def enabled(self, settings: Alerts) -> bool:
        return settings.unusual_usage.enabled

    async def observe(self, session: AsyncSession, look: Look) -> Sequence[Observation]:
        rule = look.settings.unusual_usage
        since = look.now - _HOUR
        used = dict(await used_since(session, since, look.now, rule.minimum_tokens // 2))
        used |= {uuid.UUID(key_id): 0 for key_id in look.open if uuid.UUID(key_id) not in used}
        history = await history_of(session, used, since - timedelta(days=rule.days), since)
        found = []
        for key_id, subject in (await _subjects(session, used)).items():
            hours, tokens = history.get(key_id, ()), used[key_id]
            verdict = judge(
                tokens,
                hours,
                minimum_hours=rule.minimum_hours,
                minimum_tokens=rule.minimum_tokens,
                score=rule.score,
                is_open=subject.id in look.open,
            )
            if hours:
                found.append(_observation(subject, verdict, tokens, usual_of(hours)))
        return found


def _observation(subject: Subject, verdict: Verdict, tokens: int, usual: Usual) -> Observation:
    usually = f"its usual is {about(usual.median)} ± {about(usual.spread)}"
    return Observation(
        subject=subject,
        verdict=verdict,
        summary=f"Key {subject.name} used {about(tokens)} tokens in the last hour; {usually}",
        measured={
            "tokens": tokens,
            "median_tokens": usual.median,
            "spread_tokens": usual.spread,
            "score": round(usual.score(tokens), 1),
        },
    )


async def _subjects(session: AsyncSession, keys: dict[uuid.UUID, int]) -> dict[uuid.UUID, Subject]:
    """The keys that are still there, by the names their people know."""
    statement = (
        select(ApiKey.id, ApiKey.name, ApiKey.user_id, User.username)
        .join(User, User.id == ApiKey.user_id)
        .where(ApiKey.id.in_(keys), ApiKey.deleted_at.is_(None))
    )
    return {
        row.id: Subject(id=str(row.id), name=f"“{row.name}” of {row.username}", user_id=row.user_id)
        for row in await session.execute(statement)
    }
