"""What a gateway would say to a request for a model, and why. Pure: knows facts, no database and no caller.

The rules and their order are the gateway's own (`gateway.entrance`, then `gateway.exchange`); a test holds the two
against each other. Whether the provider then answers is not decided here: nobody asks it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

__all__ = ["Decision", "Deployment", "Facts", "KeyFacts", "ModelFacts", "Outcome", "Rule", "Verdict", "decide"]


class Rule(StrEnum):
    """What is looked at, in this order."""

    OWNER = "owner_active"
    EXPIRY = "key_not_expired"
    PURPOSE = "key_purpose"
    MODEL = "model_exists"
    GRANT = "model_granted"
    SUBSET = "key_models"
    CREDIT = "credit_available"
    DEPLOYMENT = "deployment_usable"


class Outcome(StrEnum):
    """What came of it."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"
    """There is nothing to decide about, such as the grant of a model that does not exist."""


_ANSWERS: Mapping[Rule, tuple[int, str]] = {
    Rule.OWNER: (401, "invalid_api_key"),
    Rule.EXPIRY: (401, "invalid_api_key"),
    Rule.PURPOSE: (403, "key_purpose_not_allowed"),
    Rule.MODEL: (404, "model_not_found"),
    Rule.GRANT: (403, "model_access_denied"),
    Rule.SUBSET: (403, "model_access_denied"),
    Rule.CREDIT: (402, "insufficient_quota"),
    Rule.DEPLOYMENT: (502, "model_unavailable"),
}
"""Status and code of the gateway's answer where a rule fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """An API key that is not deleted."""

    purpose: str
    expires_at: datetime | None
    models: frozenset[str] | None
    """Aliases it is restricted to."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A place that serves the model: live, and not switched off."""

    endpoint: str
    readable: bool
    """The endpoint's credential can be opened, or it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What an alias stands for."""

    deleted: bool
    active: bool
    granted_to: Mapping[uuid.UUID, str]
    """The groups it is granted to, by id, with their names."""
    deployments: tuple[Deployment, ...]
    priced: bool
    """Calling it takes credit."""

    @property
    def exists(self) -> bool:
        """Whether a gateway knows it."""
        return not self.deleted and self.active and bool(self.deployments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that decides."""

    alias: str
    owner_active: bool
    """Neither deleted nor disabled."""
    groups: frozenset[uuid.UUID]
    """The owner's, Everyone included."""
    credit_spent: bool
    """The owner's."""
    key: KeyFacts | None
    """`None`: any unrestricted inference key of the owner's."""
    model: ModelFacts | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule's."""

    rule: Rule
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The gateway's answer. `status` 200 and no `code`: the request would be forwarded."""

    status: int
    code: str | None
    verdicts: tuple[Verdict, ...]
    """Of every rule that applies, in order; the first that failed decides."""
    granting: Mapping[uuid.UUID, str] = field(default_factory=dict)
    """The owner's groups that the model is granted to."""

    @property
    def allowed(self) -> bool:
        return self.status == 200


def decide(facts: Facts, now: datetime) -> Decision:
    """The decision about a request made at `now`."""
    verdicts = tuple(Verdict(rule, outcome) for rule, outcome in _outcomes(facts, now))
    failed = next((verdict.rule for verdict in verdicts if verdict.outcome is Outcome.FAILED), None)
    status, code = (200, None) if failed is None else _ANSWERS[failed]
    return Decision(status=status, code=code, verdicts=verdicts, granting=_granting(facts))


def _outcomes(facts: Facts, now: datetime) -> Iterator[tuple[Rule, Outcome]]:
    key, model = facts.key, facts.model
    yield Rule.OWNER, _outcome(facts.owner_active)
    if key is not None:
        yield Rule.EXPIRY, _outcome(key.expires_at is None or key.expires_at > now)
        yield Rule.PURPOSE, _outcome(key.purpose != "platform")
    exists = model is not None and model.exists
    yield Rule.MODEL, _outcome(exists)
    yield Rule.GRANT, _outcome(bool(_granting(facts))) if exists else Outcome.UNDECIDED
    if key is not None:
        yield Rule.SUBSET, _outcome(key.models is None or facts.alias in key.models)
    affordable = model is not None and not (model.priced and facts.credit_spent)
    yield Rule.CREDIT, _outcome(affordable) if exists else Outcome.UNDECIDED
    usable = model is not None and any(deployment.readable for deployment in model.deployments)
    yield Rule.DEPLOYMENT, _outcome(usable) if exists else Outcome.UNDECIDED


def _granting(facts: Facts) -> Mapping[uuid.UUID, str]:
    if facts.model is None:
        return {}
    return {group: name for group, name in facts.model.granted_to.items() if group in facts.groups}


def _outcome(passed: bool) -> Outcome:
    return Outcome.PASSED if passed else Outcome.FAILED
