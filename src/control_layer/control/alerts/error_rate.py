"""More of a model's requests fail than before."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.alerts.model_traffic import Traffic, traffic_of_models
from control_layer.control.alerts.observation import Look, Observation, Subject, Verdict
from control_layer.control.alerts.wording import minutes, percent
from control_layer.settings import Alerts

__all__ = ["ErrorRateKind", "judge"]

_BASELINE = "baseline_rate"


def judge(now: Traffic, usual: float, *, minimum: int, increase: float, is_open: bool) -> Verdict:
    """By how much the share of failures has risen over what is `usual`, both 0 to 1.

    An episode is over once half of the rise is gone, so that what hovers about the limit is told once.
    """
    if now.requests < minimum:
        return Verdict.UNKNOWN
    rise = now.error_rate - usual
    return Verdict.FIRING if rise >= (increase / 2 if is_open else increase) else Verdict.QUIET


class ErrorRateKind:
    """Compares the last window with the one before it; an open episode with what was usual when it began."""

    name = "error_rate"

    def enabled(self, settings: Alerts) -> bool:
        return settings.error_rate.enabled

    async def observe(self, session: AsyncSession, look: Look) -> Sequence[Observation]:
        settings, found = look.settings, []
        for model_id, model in (await traffic_of_models(session, look.now, settings.window)).items():
            begun = look.open.get(str(model_id))
            compared = model.before.requests >= settings.minimum_requests
            usual = begun[_BASELINE] if begun is not None else model.before.error_rate if compared else 0.0
            verdict = judge(
                model.now,
                usual,
                minimum=settings.minimum_requests,
                increase=settings.error_rate.increase,
                is_open=begun is not None,
            )
            before = f"it was {percent(usual)}" if compared else "there was too little before to compare it with"
            rate, count = percent(model.now.error_rate), model.now.requests
            summary = (
                f"{rate} of {count} requests to {model.name} failed in the last {minutes(settings.window)}; {before}"
            )
            found.append(
                Observation(
                    subject=Subject(id=str(model_id), name=model.name),
                    verdict=verdict,
                    summary=summary,
                    measured={
                        "requests": model.now.requests,
                        "errors": model.now.errors,
                        "rate": model.now.error_rate,
                        _BASELINE: usual,
                    },
                )
            )
        return found
