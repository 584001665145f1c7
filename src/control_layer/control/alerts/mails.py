"""Mails about alerts: to whom, and what they say."""

from __future__ import annotations

from collections.abc import Sequence

from control_layer.control.alerts.budget_threshold import BUDGET_THRESHOLD
from control_layer.control.alerts.low_balance import LOW_BALANCE
from control_layer.control.mail.letter import Letter
from control_layer.settings import Settings
from control_layer.store.tables import Alert, User

__all__ = ["letters", "recipients"]


def recipients(settings: Settings, alert: Alert, user: User | None, *, resolved: bool) -> Sequence[str]:
    """The account's person for what concerns their money, and for the rest whom the settings name.

    Of a budget both hear, but not that its next period has begun.
    """
    own = () if user is None else (user.email,)
    if alert.kind == LOW_BALANCE:
        return own
    chosen = (settings.admin_email,) if settings.alerts.recipients is None else settings.alerts.recipients
    if alert.kind == BUDGET_THRESHOLD:
        return () if resolved else tuple(dict.fromkeys((*own, *chosen)))
    return chosen


def letters(settings: Settings, alert: Alert, to: Sequence[str], *, resolved: bool) -> list[Letter]:
    """One for each."""
    title, home = settings.metadata.title, settings.dashboard_url.rstrip("/")
    about = alert.subject_name
    subject = f"Over: {alert.kind.replace('_', ' ')}, {about}" if resolved else f"{_heading(alert.kind)}: {about}"
    lines = [f"{alert.summary}."]
    if resolved and alert.resolved_at is not None:
        lines = [f"This is over since {alert.resolved_at:%Y-%m-%d %H:%M} UTC:", *lines]
    return [
        Letter(
            kind="alert",
            to=address,
            subject=f"{subject} ({title})",
            paragraphs=(*lines, f"Noticed at {alert.raised_at:%Y-%m-%d %H:%M} UTC by {title} ({home})."),
        )
        for address in to
    ]


def _heading(kind: str) -> str:
    return kind.replace("_", " ").capitalize()
