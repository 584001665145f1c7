"""Takes texts through the steps of a plan: at once where patterns decide, with a wait where a service is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from control_layer.contract.guardrails import SEPARATOR, Question, Verdict
from control_layer.gateway import errors
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.guardrails.counts import Looked
from control_layer.gateway.guardrails.external import Asking
from control_layer.gateway.guardrails.steps import Allow, Deny, External, Redact, Step

if TYPE_CHECKING:
    from control_layer.gateway.exchange import Exchange

__all__ = ["Check"]

_SEPARATOR = SEPARATOR.encode()
_NO_SEPARATOR = b" "


class Check:
    """One passage through some steps. `texts` are replaced by what is left of them; `done` is told once how it went.

    Where no service is asked, that is before `run` returns.
    """

    __slots__ = ("_asking", "_at", "_done", "_exchange", "_stage", "_steps", "texts")

    def __init__(
        self,
        exchange: Exchange,
        stage: Looked,
        steps: Sequence[Step],
        texts: list[bytes],
        done: Callable[[GatewayError | None], None],
    ) -> None:
        self.texts = texts
        self._exchange = exchange
        self._stage: Looked = stage
        self._steps = steps
        self._done: Callable[[GatewayError | None], None] | None = done
        self._at = 0
        self._asking: Asking | None = None

    def run(self) -> None:
        """Goes on until a step blocks, a service has to be asked, or the end."""
        while self._at < len(self._steps):
            step = self._steps[self._at]
            self._at += 1
            if isinstance(step, External):
                self._ask(step)
                return
            error = self._look(step)
            if error is not None:
                self._tell(error)
                return
        self._tell(None)

    def cancel(self) -> None:
        """Nobody waits for it any more."""
        self._done = None
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    def _tell(self, error: GatewayError | None) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(error)

    def _look(self, step: Deny | Redact | Allow) -> GatewayError | None:
        looked = self._exchange.plane.metrics.guardrails.looked
        if isinstance(step, Redact):
            found: set[int] = set()
            self.texts[:] = [step.redacted(text, found) for text in self.texts]
            for number in range(len(step.rails)):
                looked("redact", self._stage, "redacted" if number in found else "passed")
            return None
        blocking = step.blocking(self.texts)
        if blocking is not None:
            looked(blocking.kind, self._stage, "blocked")
            return errors.guardrail_blocked(blocking.name, self._stage)
        for rail in step.rails:
            looked(rail.row.kind, self._stage, "passed")
        return None

    # -- asking a service --------------------------------------------------------------------------------------------

    def _ask(self, step: External) -> None:
        if not any(self.texts):
            self.run()
            return
        exchange = self._exchange
        said = _SEPARATOR.join(text.replace(_SEPARATOR, _NO_SEPARATOR) for text in self.texts)
        question = Question(
            self._stage, exchange.route.model.alias, exchange.key.id, exchange.user.id, said.decode(errors="replace")
        )
        asking = self._asking = Asking(exchange.plane, step, lambda verdict: self._answered(step, question, verdict))
        asking.ask(question)

    def _answered(self, step: External, question: Question, verdict: Verdict | None) -> None:
        asking, self._asking = self._asking, None
        row, counts = step.row, self._exchange.plane.metrics.guardrails
        if asking is not None:
            counts.asked(self._exchange.plane.monotonic() - asking.started)
        if verdict is not None and verdict.action == "redact":
            if self._redacted(question, verdict):
                counts.looked("external", self._stage, "redacted")
                self.run()
                return
            now = self._exchange.plane.monotonic()
            counts.failing(row.name, "its text does not have the parts of the question's", now)
            verdict = None
        if verdict is None:
            counts.looked("external", self._stage, "failed")
            if row.fail == "closed":
                self._tell(errors.guardrail_unavailable(row.name))
                return
        elif verdict.action == "deny":
            counts.looked("external", self._stage, "blocked")
            self._tell(errors.guardrail_blocked(row.name, self._stage, verdict.reason))
            return
        else:
            counts.looked("external", self._stage, "passed")
        self.run()

    def _redacted(self, question: Question, verdict: Verdict) -> bool:
        """Takes over the text that the service has given back, part for part; false where the parts do not fit."""
        if verdict.text is None:
            return False
        asked, answered = question.text.split(SEPARATOR), verdict.text.split(SEPARATOR)
        if len(asked) != len(answered):
            return False
        for number, (before, after) in enumerate(zip(asked, answered, strict=True)):
            if before != after:
                self.texts[number] = after.encode(errors="replace")
        return True
