"""In which order the deployments of a route are tried."""

from __future__ import annotations

from collections.abc import Callable

from control_layer.contract.snapshot import Deployment

__all__ = ["by_weight"]


def by_weight(deployments: tuple[Deployment, ...], random: Callable[[], float]) -> tuple[Deployment, ...]:
    """All of them once: each next one drawn with the chance its weight gives it among those left; weight 0 comes last.

    Efraimidis and Spirakis (2006): sorting by `random ** (1 / weight)` draws without replacement by weight.
    """
    if len(deployments) == 1:
        return deployments
    return tuple(sorted(deployments, key=lambda deployment: -_draw(deployment.weight, random())))


def _draw(weight: int, drawn: float) -> float:
    return drawn ** (1.0 / weight) if weight > 0 else drawn - 1.0
