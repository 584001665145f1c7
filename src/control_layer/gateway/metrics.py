"""What a worker counts. Plain dictionaries and lists, read by the supervisor when somebody scrapes.

Labels are aliases, endpoint names and codes of our own: nothing that a client makes up, no key and no user. There may
be thousands of models and endpoints, and each has dozens of series: only so many are told apart, and the rest are
counted together as `other`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from control_layer.contract.supervision import Sample
from control_layer.contract.usage import Closed, Tokens
from control_layer.gateway.guardrails.counts import GuardrailCounts
from control_layer.gateway.histogram import Histogram

__all__ = ["MOST_TOLD_APART", "OTHER", "Metrics"]

MOST_TOLD_APART = 250
"""Of the models and of the endpoints that a worker has seen. A model has about 45 series: 11,000 at most."""
OTHER = "other"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
_ERRORS_FROM = 400


class _Labels(dict[str, str]):
    """The names that are told apart: those that were seen first."""

    def __missing__(self, name: str) -> str:
        if len(self) >= MOST_TOLD_APART:
            return OTHER
        self[name] = name
        return name


class _OfModel:
    """What is counted of one model."""

    __slots__ = ("duration", "first_byte", "requests", "retries", "token_parts", "tokens", "unmetered")

    def __init__(self) -> None:
        self.requests: defaultdict[tuple[int, str], int] = defaultdict(int)
        self.duration = Histogram(_SECONDS)
        self.first_byte = Histogram(_SECONDS)
        self.retries = 0
        self.tokens: defaultdict[str, int] = defaultdict(int)
        self.token_parts: defaultdict[str, int] = defaultdict(int)
        self.unmetered: defaultdict[str, int] = defaultdict(int)


class Metrics:
    """One worker's counters since its start."""

    __slots__ = (
        "_attempts",
        "_endpoint_labels",
        "_lookups",
        "_model_labels",
        "_models",
        "_saved",
        "guardrails",
        "limited",
        "refused",
    )

    def __init__(self) -> None:
        self._model_labels = _Labels()
        self._endpoint_labels = _Labels()
        self._models: defaultdict[str, _OfModel] = defaultdict(_OfModel)
        self._attempts: defaultdict[tuple[str, str | int], int] = defaultdict(int)
        self._lookups: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._saved: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.refused: defaultdict[str, int] = defaultdict(int)
        """By error code: requests that were not let in."""
        self.limited: defaultdict[tuple[str, str], int] = defaultdict(int)
        """By kind and scope of the limit that kept a request out."""
        self.guardrails = GuardrailCounts()

    def closed(self, event: Closed) -> None:
        """Counts an admitted request that has ended."""
        model = self._models[self._model_labels[event.model]]
        model.requests[event.status, event.outcome] += 1
        model.duration.observe(event.duration)
        if event.first_byte is not None:
            model.first_byte.observe(event.first_byte)
        if len(event.attempts) > 1:
            model.retries += len(event.attempts) - 1
        tokens = event.tokens
        if tokens.input:
            model.tokens["input"] += tokens.input
            if tokens.cached_input:
                model.token_parts["cached_input"] += tokens.cached_input
            if tokens.cache_write:
                model.token_parts["cache_write"] += tokens.cache_write
            if tokens.audio_input:
                model.token_parts["audio_input"] += tokens.audio_input
            if tokens.image_input:
                model.token_parts["image_input"] += tokens.image_input
        if tokens.output:
            model.tokens["output"] += tokens.output
            if tokens.reasoning:
                model.token_parts["reasoning"] += tokens.reasoning
            if tokens.audio_output:
                model.token_parts["audio_output"] += tokens.audio_output
            if tokens.image_output:
                model.token_parts["image_output"] += tokens.image_output
        if tokens.source != "provider":
            model.unmetered[tokens.source] += 1

    def looked_up(self, model: str, result: str) -> None:
        """Counts a request whose model keeps answers."""
        self._lookups[self._model_labels[model], result] += 1

    def saved(self, model: str, tokens: Tokens) -> None:
        """Counts what an answer had cost that was given again."""
        label = self._model_labels[model]
        self._saved[label, "input"] += tokens.input or 0
        self._saved[label, "output"] += tokens.output or 0

    def attempted(self, endpoint: str, status: int | None, code: str | None) -> None:
        """Counts an attempt that has ended, with the provider's status and our code for what went wrong."""
        result: str | int = "ok"
        if code is not None:
            result = code
        elif status is not None and status >= _ERRORS_FROM:
            result = status
        self._attempts[self._endpoint_labels[endpoint], result] += 1

    def samples(self) -> Iterator[Sample]:
        """Everything, as the supervisor wants it."""
        for name, model in self._models.items():
            yield from _of_model(name, model)
        text = "Requests refused before admission, by error code."
        for code, count in self.refused.items():
            yield Sample("control_layer_refused_requests_total", "counter", text, {"code": code}, count)
        text = "Requests refused, and sessions ended, by a limit: its kind, and whether of a key, user, group or model."
        for (kind, scope), count in self.limited.items():
            yield Sample("control_layer_limited_requests_total", "counter", text, {"kind": kind, "scope": scope}, count)
        text = "Requests to models that keep answers: hit, coalesced with another one, miss, bypass."
        for (name, how), count in self._lookups.items():
            labels = {"model": name, "result": how}
            yield Sample("control_layer_cache_lookups_total", "counter", text, labels, count)
        text = "Tokens of answers that were given again, as they were counted when they were made."
        for (name, kind), count in self._saved.items():
            labels = {"model": name, "kind": kind}
            yield Sample("control_layer_cache_saved_tokens_total", "counter", text, labels, count)
        text = "Attempts at a provider: ok, its error status as status_NNN, or what went wrong."
        for (endpoint, result), count in self._attempts.items():
            told = result if isinstance(result, str) else f"status_{result}"
            labels = {"endpoint": endpoint, "result": told}
            yield Sample("control_layer_attempts_total", "counter", text, labels, count)
        yield from self.guardrails.samples()


def _of_model(name: str, model: _OfModel) -> Iterator[Sample]:
    mine = {"model": name}
    text = "Admitted AI requests that have ended."
    for (status, outcome), count in model.requests.items():
        labels = {**mine, "status": str(status), "outcome": outcome}
        yield Sample("control_layer_requests_total", "counter", text, labels, count)
    text = "From admission to the end of the answer."
    yield model.duration.sample("control_layer_request_duration_seconds", text, mine)
    text = "From admission to the provider's first body byte."
    yield model.first_byte.sample("control_layer_time_to_first_byte_seconds", text, mine)
    text = "Attempts after the first of a request."
    yield Sample("control_layer_retries_total", "counter", text, mine, model.retries)
    for counts, metric, text, label in (
        (model.tokens, "control_layer_tokens_total", "Tokens by kind: input, output.", "kind"),
        (
            model.token_parts,
            "control_layer_token_parts_total",
            "Parts of tokens_total: cached, written to a cache, audio, image input; reasoning, audio, image output.",
            "part",
        ),
        (
            model.unmetered,
            "control_layer_unmetered_requests_total",
            "Ended requests whose token counts are not the provider's.",
            "source",
        ),
    ):
        for value, count in counts.items():
            yield Sample(metric, "counter", text, {**mine, label: value}, count)
