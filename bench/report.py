"""What was measured, beside what is to be reached: a table for people, JSON for machines."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from statistics import median

import msgspec

from bench.bodies import Bodies
from bench.latency import Added
from bench.policy import Policy
from bench.recording import Recording
from bench.saturation import BARE, KEEPING, OURS, Saturation
from bench.startup import Startup
from bench.streaming import Streaming
from bench.translation import Translation

__all__ = ["Machine", "Results", "table"]

_KB = 1024
_MB = 1024 * 1024


class Machine(msgspec.Struct, frozen=True):
    """Where it was measured."""

    cores: int
    python: str
    kernel: str
    load_before: float
    """The load average of the last minute: above a few tenths the machine had other work."""

    @classmethod
    def this(cls) -> Machine:
        return cls(os.cpu_count() or 1, platform.python_version(), platform.release(), os.getloadavg()[0])


class Results(msgspec.Struct):
    """One run. What was not measured is `None`."""

    machine: Machine
    saturation: Saturation | None = None
    latency: Added | None = None
    streaming: Streaming | None = None
    translation: list[Translation] | None = None
    bodies: list[Bodies] | None = None
    policy: Policy | None = None
    recording: Recording | None = None
    startup: Startup | None = None


class Row(msgspec.Struct, frozen=True):
    """A line of the table."""

    what: str
    value: str
    goal: str = ""
    reached: bool | None = None


def table(results: Results) -> str:
    """The table."""
    machine = results.machine
    rows = [*_saturation(results.saturation), *_latency(results.latency), *_streaming(results.streaming)]
    rows += [_translation(one) for one in results.translation or ()]
    for bodies in results.bodies or ():
        rows += _bodies(bodies)
    rows += _policy(results.policy)
    rows += _recording(results.recording)
    rows += _startup(results.startup)
    what = max((len(row.what) for row in rows), default=0)
    value = max((len(row.value) for row in rows), default=0)
    lines = [
        f"{machine.cores} cores, Linux {machine.kernel}, Python {machine.python}, load {machine.load_before:.1f} before"
    ]
    for row in rows:
        mark = {True: "reached", False: "NOT REACHED", None: ""}[row.reached]
        goal = f"{row.goal}  {mark}" if row.goal else ""
        lines.append(f"{row.what:<{what}}  {row.value:>{value}}  {goal}".rstrip())
    return "\n".join(lines)


def _saturation(measured: Saturation | None) -> Iterator[Row]:
    if measured is None:
        return
    names = list(dict.fromkeys(one.name for contenders in measured.rounds for one in contenders))
    for name in names:
        served = median(measured.of(name, "served"))
        busy = median(measured.of(name, "busy"))
        yield Row(f"saturated, {name}", f"{served:,.0f}/s, {busy:.0%} busy")
    yield Row("  processor time a request", f"{1e6 / median(measured.of(OURS, 'per_processor_second')):.0f} µs")
    for other, goal in ((BARE, 0.4), (KEEPING, None)):
        served_ratio, ratio = measured.ratio(other, "served"), measured.ratio(other, "per_processor_second")
        if served_ratio is not None and ratio is not None:
            yield _goal(f"  served, of {other}", served_ratio, "{:.2f}", goal, at_least=True)
            yield Row("    by processor time", f"{ratio:.2f}")
    yield Row("  errors", str(int(sum(sum(measured.of(name, "bad")) for name in names))))


def _latency(measured: Added | None) -> Iterator[Row]:
    if measured is None:
        return
    yield _goal("added at 200/s, p50", measured.p50 * 1e3, "{:.2f} ms", 0.3)
    yield _goal("added at 200/s, p99", measured.p99 * 1e3, "{:.2f} ms", 1.5)
    for layout in measured.layouts:
        yield Row(f"  the provider on {layout.provider}", _milliseconds(layout.p50, layout.p99))
        if layout.nginx_p50 is not None and layout.nginx_p99 is not None:
            added = layout.nginx_p50 - layout.direct_p50, layout.nginx_p99 - layout.direct_p99
            yield Row("    by nginx", _milliseconds(*added))
        yield Row("    the direct call", _milliseconds(layout.direct_p50, layout.direct_p99))


def _milliseconds(p50: float, p99: float) -> str:
    return f"{p50 * 1e3:.2f}, {p99 * 1e3:.2f} ms"


def _streaming(measured: Streaming | None) -> Iterator[Row]:
    if measured is None:
        return
    yield _goal(f"{measured.streams} streams, broken", measured.broken, "{:.0f}", 0)
    yield _goal("  added to the first token, p99", measured.added_first_p99 * 1e3, "{:.1f} ms", 10)
    yield Row("  added to a chunk, p99", f"{measured.added_delay_p99 * 1e3:.1f} ms")
    yield _goal("  processor time a chunk", measured.seconds_per_chunk * 1e6, "{:.1f} µs", 15)
    yield _goal("  memory of an idle stream", measured.bytes_per_idle_stream / _KB, "{:.1f} KB", 50)


def _translation(measured: Translation) -> Row:
    what = f"a chunk of {measured.provider}'s for a client of {measured.client}'s, of one that passes"
    return _goal(what, measured.ratio, "{:.2f}", 3)


def _bodies(measured: Bodies) -> Iterator[Row]:
    yield _goal(f"20 MB bodies, {measured.concurrency} at once: peak over body", measured.peak_per_body, "{:.2f}", 3)
    yield Row("  added to chunks of other streams, p99", f"{measured.added_delay_p99 * 1e3:.1f} ms")
    yield Row(
        "    longest, and past the gateway", f"{measured.delay_max * 1e3:.0f}, {measured.aside_delay_max * 1e3:.0f} ms"
    )


def _policy(measured: Policy | None) -> Iterator[Row]:
    if measured is None:
        return
    yield _goal("slower with all traffic policy, as served", measured.slower("served"), "{:.1%}", 0.15)
    yield Row("  by processor time", f"{measured.slower('per_processor_second'):.1%}")
    yield Row("  errors", str(sum(one.bad for one in measured.without + measured.ruled)))


def _recording(measured: Recording | None) -> Iterator[Row]:
    if measured is None:
        return
    recorded = median(measured.recorded)
    yield _goal("slower beside a recorder, by processor time", measured.slower("per_processor_second"), "{:.1%}", 0.1)
    yield Row("  as served", f"{measured.slower('served'):.1%}, while {recorded:,.0f}/s were recorded")
    yield Row("  errors", str(sum(one.bad for one in measured.without + measured.beside)))


def _startup(measured: Startup | None) -> Iterator[Row]:
    if measured is None:
        return
    yield _goal("serve is ready after", median(measured.seconds), "{:.1f} s", 4)
    yield Row("  for AI requests", f"{median(measured.serving_seconds):.1f} s")
    yield _goal(f"idle memory of our {measured.our_processes} processes", measured.our_bytes / _MB, "{:.0f} MB", 250)
    yield Row("  Postgres besides", f"{measured.postgres_bytes / _MB:.0f} MB")


def _goal(what: str, value: float, form: str, goal: float | None, *, at_least: bool = False) -> Row:
    shown = form.format(value)
    if goal is None:
        return Row(what, shown)
    if at_least:
        return Row(what, shown, f"at least {goal:g}", value >= goal)
    return Row(what, shown, f"at most {goal:g}", value <= goal)
