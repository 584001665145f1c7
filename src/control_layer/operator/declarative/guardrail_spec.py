"""A guardrail of the state file (see docs/guardrails.md)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from control_layer.operator.declarative.spec import CredentialSpec, Name, Names, Spec

__all__ = ["GuardrailSpec"]

_OF_PATTERNS = ("pattern",)
_OF_SERVICES = ("url", "timeout_ms", "fail", "whole_stream", "secret")


class GuardrailSpec(Spec):
    """A check that requests or answers must pass. `secret` is sent when there is none yet, when the service moves to
    another origin, and with `--renew-credentials`.
    """

    kind: Literal["deny_pattern", "allow_pattern", "redact", "external"]
    stage: Literal["request", "answer", "both"] = "request"
    enabled: bool = True
    position: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    """Those with lower positions come first; absent: where it is, and behind all others for a new one."""
    models: Annotated[Names, Field(min_length=1)] | None = None
    """Aliases of the models it holds for; absent for all."""
    groups: Annotated[Names, Field(min_length=1)] | None = None
    """The groups whose members it holds for; absent for everybody."""
    pattern: Annotated[str, Field(min_length=1, max_length=4000)] | None = None
    replacement: Annotated[str, Field(max_length=200)] | None = None
    """By default the name in brackets."""
    url: Name | None = None
    timeout_ms: Annotated[int, Field(ge=1, le=60_000)] = 2000
    fail: Literal["open", "closed"] = "closed"
    whole_stream: bool = False
    window_characters: Annotated[int, Field(ge=16, le=32_768)] | None = None
    """Of a stream, looked at together; by default 256, and 1000 of an external one."""
    secret: CredentialSpec | None = None

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        needed = "url" if self.kind == "external" else "pattern"
        if getattr(self, needed) is None:
            raise ValueError(f"a guardrail of kind {self.kind} needs '{needed}'")
        foreign = [*(_OF_PATTERNS if self.kind == "external" else _OF_SERVICES)]
        if self.kind != "redact":
            foreign.append("replacement")
        if self.kind == "allow_pattern":
            foreign.append("window_characters")
        wrong = [name for name in foreign if name in self.model_fields_set]
        if wrong:
            raise ValueError(f"a guardrail of kind {self.kind} has no '{wrong[0]}'")
        return self
