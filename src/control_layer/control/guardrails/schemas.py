"""The guardrail object and the bodies that make, change and try guardrails."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from control_layer.contract.guardrails import LARGEST_WINDOW, LEAST_WINDOW, Fail, Kind, Stage
from control_layer.control.schema import Flag, Input, Output
from control_layer.store import tables

__all__ = ["Guardrail", "GuardrailChanges", "NewGuardrail", "Outcome", "Trial", "Tried"]

_Name = Annotated[str, Field(min_length=1, max_length=100)]
_Position = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
_Pattern = Annotated[str, Field(min_length=1, max_length=4000)]
_Replacement = Annotated[str, Field(max_length=200)]
_Url = Annotated[str, Field(min_length=1, max_length=2000)]
_Timeout = Annotated[int, Field(strict=True, ge=1, le=60_000)]
_Window = Annotated[int, Field(strict=True, ge=LEAST_WINDOW, le=LARGEST_WINDOW)]
_Ids = Annotated[list[uuid.UUID], Field(min_length=1, max_length=1000)]


class NewGuardrail(Input):
    """A guardrail to be made."""

    name: Annotated[_Name, Field(examples=["No card numbers"])]
    """What errors and logs call it."""
    kind: Kind
    """`deny_pattern` blocks what the pattern is found in, `allow_pattern` what it is not found in; `redact` puts the
    replacement in the place of what is found; `external` asks a service."""
    stage: Stage = "request"
    """What is looked at: what is said to the model, what it answers, or both."""
    enabled: Flag = True
    position: _Position | None = None
    """Those with lower positions come first. Absent for behind all others."""
    models: _Ids | None = None
    """Ids of the models it holds for; absent or null for all."""
    groups: _Ids | None = None
    """Ids of the groups whose members it holds for; absent or null for everybody."""
    pattern: Annotated[_Pattern, Field(examples=[r"\b4[0-9]{15}\b"])] | None = None
    """A regular expression as RE2 understands it: there are no lookarounds and no backreferences."""
    replacement: _Replacement | None = None
    """What stands in the place of what is found; absent for the name in brackets. It is taken as it is."""
    url: _Url | None = None
    """Where the service is asked."""
    timeout_ms: _Timeout | None = None
    """How long it may take; absent for two seconds."""
    fail: Fail | None = None
    """What happens when it does not answer: `open` lets pass, `closed` (where it is absent) blocks."""
    whole_stream: Flag = False
    """The service is asked about a streamed answer once, when all of it has come, and not in windows."""
    window_characters: _Window | None = None
    """Of a streamed answer: the longest match that is surely found, for which so much text is held back, or how much
    the service is asked about at a time. Absent or null for 256, and for 1,000 of an external one."""
    secret: SecretStr | None = None
    """Sent to the service as a bearer token. Never shown again."""


class GuardrailChanges(Input):
    """What changes in a guardrail. Absent keeps, and so does null but for `models`, `groups` and
    `window_characters`; its kind stays."""

    name: _Name | None = None
    stage: Stage | None = None
    enabled: Flag | None = None
    position: _Position | None = None
    models: _Ids | None = None
    """Null for all."""
    groups: _Ids | None = None
    """Null for everybody."""
    pattern: _Pattern | None = None
    replacement: _Replacement | None = None
    url: _Url | None = None
    """Another origin needs `secret` or `remove_secret`, where there is a secret."""
    timeout_ms: _Timeout | None = None
    fail: Fail | None = None
    whole_stream: Flag | None = None
    window_characters: _Window | None = None
    """Null for what holds where nothing is said."""
    secret: SecretStr | None = None
    remove_secret: Flag | None = None
    """Forget the stored secret."""


class Guardrail(Output):
    """A guardrail. The secret is never shown."""

    id: uuid.UUID
    name: str
    enabled: bool
    position: int
    stage: Stage
    kind: Kind
    models: list[uuid.UUID] | None
    groups: list[uuid.UUID] | None
    pattern: str | None
    replacement: str | None
    url: str | None
    timeout_ms: int | None
    fail: Fail | None
    whole_stream: bool
    window_characters: int | None
    """Null: 256, and 1,000 of an external one."""
    has_secret: bool
    created_by: uuid.UUID
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: tables.Guardrail) -> Guardrail:
        """The object of a row."""
        return cls(
            id=row.id,
            name=row.name,
            enabled=row.enabled,
            position=row.position,
            stage=row.stage,
            kind=row.kind,
            models=row.model_ids,
            groups=row.group_ids,
            pattern=row.pattern,
            replacement=row.replacement,
            url=row.url,
            timeout_ms=row.timeout_ms,
            fail=row.fail,
            whole_stream=row.whole_stream,
            window_characters=row.window_characters,
            has_secret=row.sealed_secret is not None,
            created_by=row.created_by,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class Trial(Input):
    """A text to try guardrails on."""

    text: Annotated[str, Field(max_length=1_000_000, examples=["My card is 4111111111111111."])]
    stage: Literal["request", "answer"] = "request"
    model: uuid.UUID | None = None
    """Only those that hold for this model, where `guardrails` is absent."""
    guardrails: Annotated[list[uuid.UUID], Field(min_length=1, max_length=100)] | None = None
    """These ones, enabled or not; absent for those that are enabled and look at this stage."""


class Outcome(Output):
    """What one guardrail did."""

    id: uuid.UUID
    name: str
    kind: Kind
    result: Literal["passed", "blocked", "redacted", "failed"]
    reason: str | None
    """A service's own word, or why it could not be asked."""


class Tried(Output):
    """What would happen to the text."""

    action: Literal["allow", "redact", "block"]
    text: str
    """What is left of it."""
    outcomes: list[Outcome]
    """In order, up to the one that blocks."""
