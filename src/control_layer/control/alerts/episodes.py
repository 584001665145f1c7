"""Each episode begins once and ends once, however often it is looked at. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from control_layer.control.alerts.observation import Observation, Verdict

__all__ = ["STALE", "Changes", "Open", "changes"]

STALE = timedelta(hours=1)
"""An episode that cannot be judged for so long is over."""


@dataclass(frozen=True, slots=True)
class Open:
    """An episode that has begun."""

    id: uuid.UUID
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Changes:
    """What a look comes to."""

    begun: Sequence[Observation]
    seen: Sequence[uuid.UUID]
    """Episodes that go on."""
    over: Sequence[uuid.UUID]


def changes(episodes: Mapping[str, Open], observations: Sequence[Observation], now: datetime) -> Changes:
    """`episodes` are the open ones by their subjects' ids."""
    verdicts = {observation.subject.id: observation.verdict for observation in observations}
    begun = [
        observation
        for observation in observations
        if observation.verdict is Verdict.FIRING and observation.subject.id not in episodes
    ]
    seen, over = [], []
    for subject, episode in episodes.items():
        match verdicts.get(subject, Verdict.UNKNOWN):
            case Verdict.FIRING:
                seen.append(episode.id)
            case Verdict.QUIET:
                over.append(episode.id)
            case Verdict.UNKNOWN:
                if now - episode.last_seen_at > STALE:
                    over.append(episode.id)
    return Changes(begun, seen, over)
