"""What guardrails would do to a text. Nothing of it is kept."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from control_layer.contract.guardrails import SEPARATOR, Question, compiled
from control_layer.contract.sealing import CannotOpen, Seal
from control_layer.contract.spans import Span, cut
from control_layer.control.guardrails.external import NoVerdict, ask
from control_layer.control.guardrails.schemas import Outcome, Tried
from control_layer.store.tables import Guardrail

__all__ = ["Looker", "tried"]


@dataclass(frozen=True, slots=True)
class Looker:
    """In whose name services are asked, and by which means."""

    stage: Literal["request", "answer"]
    model: str
    user_id: uuid.UUID
    secrets: Seal
    ca_file: Path | None


async def tried(rows: Sequence[Guardrail], text: str, looker: Looker) -> Tried:
    """Takes a text through guardrails, in their order. A service that fails does what its guardrail says."""
    outcomes: list[Outcome] = []
    before, blocked = text, False
    for row in rows:
        outcome, text, blocked = await _through(row, text, looker)
        outcomes.append(outcome)
        if blocked:
            break
    action: Literal["allow", "redact", "block"] = "block" if blocked else ("allow" if text == before else "redact")
    return Tried(action=action, text=text, outcomes=outcomes)


async def _through(row: Guardrail, text: str, looker: Looker) -> tuple[Outcome, str, bool]:
    if row.kind == "external":
        return await _asked(row, text, looker)
    found, left = await asyncio.to_thread(_searched, row, text)
    match row.kind:
        case "redact":
            return _outcome(row, "redacted" if found else "passed"), left, False
        case "allow_pattern":
            return _outcome(row, "passed" if found else "blocked"), text, not found
        case _:
            return _outcome(row, "blocked" if found else "passed"), text, found


def _searched(row: Guardrail, text: str) -> tuple[bool, str]:
    """Whether the pattern is found, and what is left where it is replaced."""
    pattern, body = compiled(row.pattern or ""), text.encode(errors="replace")
    if row.kind != "redact":
        return pattern.search(body) is not None, text
    by = (row.replacement or "").encode(errors="replace")
    spans = [Span(*match.span(), by, 0) for match in pattern.finditer(body)]
    return bool(spans), cut(body, spans).decode(errors="replace")


async def _asked(row: Guardrail, text: str, looker: Looker) -> tuple[Outcome, str, bool]:
    question = Question(looker.stage, looker.model, "", str(looker.user_id), text.replace(SEPARATOR, " "))
    try:
        secret = None if row.sealed_secret is None else looker.secrets.open(row.sealed_secret, str(row.id))
        timeout = (row.timeout_ms or 0) / 1000
        verdict = await ask(row.url or "", secret, question, timeout_seconds=timeout, ca_file=looker.ca_file)
    except (NoVerdict, CannotOpen) as error:
        return _outcome(row, "failed", str(error)), text, row.fail == "closed"
    if verdict.action == "redact" and (verdict.text is None or SEPARATOR in verdict.text):
        return _outcome(row, "failed", "its text does not have the parts of the question's"), text, row.fail == "closed"
    if verdict.action == "deny":
        return _outcome(row, "blocked", verdict.reason), text, True
    if verdict.action == "redact" and verdict.text is not None:
        return _outcome(row, "redacted", verdict.reason), verdict.text, False
    return _outcome(row, "passed", verdict.reason), text, False


def _outcome(
    row: Guardrail, result: Literal["passed", "blocked", "redacted", "failed"], reason: str | None = None
) -> Outcome:
    return Outcome(id=row.id, name=row.name, kind=row.kind, result=result, reason=reason)
