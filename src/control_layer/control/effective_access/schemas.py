"""The explanation, as far as its reader may know what it speaks of."""

from __future__ import annotations

import uuid

from control_layer.control.effective_access.decision import Outcome, Rule
from control_layer.control.schema import OmitNull, Output

__all__ = ["EffectiveAccess", "GrantingGroup", "Reason"]


class Reason(Output):
    """What one rule said. Rules stand in the order in which a gateway looks at them."""

    rule: Rule
    outcome: Outcome
    detail: str
    """For people; its wording may change."""


class GrantingGroup(Output):
    """A group that lets its members use the model."""

    id: uuid.UUID
    name: str


class EffectiveAccess(Output):
    """Whether, and why, a gateway would forward a request for the model."""

    model: str
    user_id: uuid.UUID
    key_id: OmitNull[uuid.UUID]
    allowed: bool
    status: int
    """The HTTP status a gateway would answer with; 200 where it would forward the request."""
    code: str | None
    """The code of its error."""
    groups: list[GrantingGroup]
    """The user's groups that the model is granted to."""
    reasons: list[Reason]
    """What was looked at: everything for those who see every model, else up to the first rule that failed."""
