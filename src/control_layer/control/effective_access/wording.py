"""A decision in words, for one reader: what they may not see in the management API is not told here either (§3.3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from control_layer.control.effective_access.decision import Decision, Facts, ModelFacts, Outcome, Rule, Verdict
from control_layer.control.effective_access.schemas import Reason
from control_layer.control.permissions import Operation, Resource
from control_layer.control.principal import Principal

__all__ = ["Reader", "reasons"]


@dataclass(frozen=True, slots=True)
class Reader:
    """What the caller may know."""

    every_model: bool
    deleted_and_inactive: bool
    groups: bool
    endpoints: bool

    @classmethod
    def of(cls, caller: Principal) -> Reader:
        """By the caller's roles."""

        def reads(resource: Resource) -> bool:
            return caller.may(Operation.READ, resource)

        return cls(
            every_model=reads(Resource.MODELS),
            deleted_and_inactive=reads(Resource.SYSTEM_ACCESS),
            groups=reads(Resource.GROUPS),
            endpoints=reads(Resource.ENDPOINTS),
        )


def reasons(facts: Facts, decision: Decision, reader: Reader) -> list[Reason]:
    """All verdicts, or, for those who do not see every model, what a gateway's own answer would tell them."""
    told = []
    for verdict in decision.verdicts:
        detail = _detail(verdict, facts, decision, reader)
        told.append(Reason(rule=verdict.rule, outcome=verdict.outcome, detail=detail))
        if verdict.outcome is Outcome.FAILED and not reader.every_model:
            break
    return told


def _detail(verdict: Verdict, facts: Facts, decision: Decision, reader: Reader) -> str:
    if verdict.outcome is Outcome.UNDECIDED:
        return "There is no such model to decide about"
    passed, model = verdict.outcome is Outcome.PASSED, facts.model
    match verdict.rule:
        case Rule.OWNER:
            return "The account is active" if passed else "The account is disabled, or has been deleted"
        case Rule.EXPIRY:
            return _expiry(facts)
        case Rule.PURPOSE:
            purpose = facts.key.purpose if facts.key else ""
            if passed:
                return f"Keys of purpose '{purpose}' are for AI requests"
            return "Keys of purpose 'platform' are for the management API only: make a key of purpose 'realtime'"
        case Rule.MODEL:
            return f"The model '{facts.alias}' exists" if passed else _missing(facts, reader)
        case Rule.GRANT:
            if passed:
                return f"Granted to {_listed(decision.granting.values())}"
            return _not_granted(model, reader)
        case Rule.SUBSET:
            return _subset(facts)
        case Rule.CREDIT:
            return _credit(facts)
        case Rule.DEPLOYMENT:
            return _deployment(model, reader, usable=passed)


def _expiry(facts: Facts) -> str:
    if facts.key is None or facts.key.expires_at is None:
        return "The key does not expire"
    return f"The key expires at {facts.key.expires_at.isoformat()}"


def _subset(facts: Facts) -> str:
    if facts.key is None or facts.key.models is None:
        return "The key is not restricted to certain models"
    return f"The key is restricted to {_listed(sorted(facts.key.models)) or 'no model at all'}"


def _credit(facts: Facts) -> str:
    if facts.model is not None and not facts.model.priced:
        return "The model has no price"
    return (
        "The account's credit is spent, and the model has a price" if facts.credit_spent else "The account has credit"
    )


def _missing(facts: Facts, reader: Reader) -> str:
    model, alias = facts.model, facts.alias
    if model is not None and reader.deleted_and_inactive:
        if model.deleted:
            return f"The model '{alias}' has been deleted"
        if not model.active:
            return f"The model '{alias}' is inactive: its provider did not list it at the last synchronisation"
    if model is not None and not model.deleted and model.active and reader.every_model:
        return f"The composite model '{alias}' has no enabled component that is live"
    return f"There is no model called '{alias}'"


def _not_granted(model: ModelFacts | None, reader: Reader) -> str:
    if model is None or not reader.groups:
        return "None of the account's groups has been granted the model"
    if not model.granted_to:
        return "The model has not been granted to any group"
    return f"Granted to {_listed(model.granted_to.values())}, of which the account is in none"


def _deployment(model: ModelFacts | None, reader: Reader, *, usable: bool) -> str:
    deployments = () if model is None else model.deployments
    if not reader.endpoints:
        return "The model can be reached" if usable else "The model cannot be reached; an administrator must mend it"
    unreadable = _listed(deployment.endpoint for deployment in deployments if not deployment.readable)
    served = _listed(deployment.endpoint for deployment in deployments if deployment.readable)
    trouble = f"the credential of {unreadable} cannot be read: set its api_key again" if unreadable else ""
    if not usable:
        return trouble[:1].upper() + trouble[1:]
    return f"Served by {served}" + (f"; {trouble}" if trouble else "")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in dict.fromkeys(names))
