"""A model's answers begin later than before."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.alerts.model_traffic import Traffic, traffic_of_models
from control_layer.control.alerts.observation import Look, Observation, Subject, Verdict
from control_layer.control.alerts.wording import minutes
from control_layer.settings import Alerts

__all__ = ["LatencyKind", "judge"]

_BASELINE = "baseline_seconds"


def judge(now: Traffic, usual: float | None, *, minimum: int, factor: float, increase: float, is_open: bool) -> Verdict:
    """How much later half of the answers begin than what is `usual`, by `factor` and by `increase` in seconds.

    An episode is over once half of both is gone. `None`: nobody knows what is usual.
    """
    if usual is None or now.median_seconds is None or now.answered < minimum:
        return Verdict.UNKNOWN
    if is_open:
        factor, increase = 1 + (factor - 1) / 2, increase / 2
    late = now.median_seconds >= usual * factor and now.median_seconds - usual >= increase
    return Verdict.FIRING if late else Verdict.QUIET


class LatencyKind:
    """Compares the last window with the one before it; an open episode with what was usual when it began."""

    name = "latency"

    def enabled(self, settings: Alerts) -> bool:
        return settings.latency.enabled

    async def observe(self, session: AsyncSession, look: Look) -> Sequence[Observation]:
        settings, found = look.settings, []
        for model_id, model in (await traffic_of_models(session, look.now, settings.window)).items():
            begun = look.open.get(str(model_id))
            compared = model.before.median_seconds if model.before.answered >= settings.minimum_requests else None
            usual = compared if begun is None else begun[_BASELINE]
            verdict = judge(
                model.now,
                usual,
                minimum=settings.minimum_requests,
                factor=settings.latency.factor,
                increase=settings.latency.increase.total_seconds(),
                is_open=begun is not None,
            )
            median = model.now.median_seconds
            if median is None or usual is None:
                continue
            found.append(
                Observation(
                    subject=Subject(id=str(model_id), name=model.name),
                    verdict=verdict,
                    summary=f"Half of the answers of {model.name} began after {median:.2f} s or later in the last "
                    f"{minutes(settings.window)}; it was {usual:.2f} s",
                    measured={"answered": model.now.answered, "median_seconds": median, _BASELINE: usual},
                )
            )
        return found
