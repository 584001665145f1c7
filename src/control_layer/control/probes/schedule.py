"""When probes run: at moments that their ids spread over their intervals, and never twice at once. Pure.

A probe of interval i runs at the moments that leave its phase when divided by i. So its runs do not drift, whoever
leads; a run that outlasts its interval skips moments, and after a break every probe has one run to make up for.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

__all__ = ["Schedule", "moment_after"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PER_SECOND = 1_000_000


def moment_after(probe_id: uuid.UUID, interval_seconds: int, time: datetime) -> datetime:
    """The first of a probe's moments that is later than `time`."""
    interval = interval_seconds * _PER_SECOND
    phase = probe_id.int % interval
    passed = (time - _EPOCH) // _MICROSECOND
    return _EPOCH + ((passed - phase) // interval * interval + interval + phase) * _MICROSECOND


class Schedule:
    """What a leader knows of the probes it runs."""

    def __init__(self) -> None:
        self._last: dict[uuid.UUID, datetime | None] = {}
        """When each has begun last; `None` for never."""
        self._under_way: set[uuid.UUID] = set()

    def unknown(self, probes: Collection[uuid.UUID]) -> list[uuid.UUID]:
        """Those of which `learn` has to say when they ran last. Probes that are not among `probes` are forgotten."""
        for probe_id in self._last.keys() - set(probes):
            del self._last[probe_id]
        return [probe_id for probe_id in probes if probe_id not in self._last]

    def learn(self, last_runs: Mapping[uuid.UUID, datetime | None]) -> None:
        """When probes began to run last, as others have seen it."""
        self._last.update(last_runs)

    def take_due(self, intervals: Mapping[uuid.UUID, int], now: datetime) -> list[uuid.UUID]:
        """The probes that are to begin now, those that wait longest first. They are under way until `ended`.

        `intervals` are in seconds. A probe that never ran is due at once.
        """
        due: list[tuple[datetime, uuid.UUID]] = []
        for probe_id, interval in intervals.items():
            if probe_id in self._under_way:
                continue
            last = self._last.get(probe_id)
            # A last run in the future was seen by another host's clock; ours goes on from now.
            moment = _EPOCH if last is None else moment_after(probe_id, interval, min(last, now))
            if moment <= now:
                due.append((moment, probe_id))
        taken = [probe_id for _, probe_id in sorted(due)]
        self._under_way.update(taken)
        self._last.update(dict.fromkeys(taken, now))
        return taken

    def ended(self, probe_id: uuid.UUID) -> None:
        """A run is over, however it went."""
        self._under_way.discard(probe_id)
