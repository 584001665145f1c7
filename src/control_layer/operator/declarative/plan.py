"""What has to change for one state to become another. Pure: states in, changes out."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from control_layer.operator.declarative.resources import (
    FIXED,
    LEFT_ALONE,
    SECRETS,
    UNCLEARABLE,
    Fields,
    Kind,
    Name,
    Resources,
    header_of,
    label,
    needs_no_word,
    resources_of,
)
from control_layer.operator.declarative.state import State
from control_layer.operator.objects import EVERYONE_NAME

__all__ = ["Action", "Change", "FieldChange", "Plan", "planned"]


class Action(StrEnum):
    """What happens to a resource."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field, before and after, as JSON. A credential is only ever where it is found."""

    field: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one resource. A deletion has no fields."""

    action: Action
    kind: Kind
    name: Name
    fields: tuple[FieldChange, ...] = ()
    note: str = ""
    """What else follows from it."""

    @property
    def label(self) -> str:
        return label(self.kind, self.name)


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes in the order in which they can be made."""

    changes: tuple[Change, ...]
    problems: tuple[str, ...]
    """What cannot be done; nothing should be begun while there are any."""
    remarks: tuple[str, ...]
    """What stays different, because the API has no way to change it."""

    @property
    def deletions(self) -> int:
        return sum(change.action is Action.DELETE for change in self.changes)


def planned(
    desired: State,
    current: State,
    *,
    prune: bool = False,
    renew_credentials: bool = False,
    protected: Collection[tuple[Kind, Name]] = (),
    alike: Collection[str] = (),
) -> Plan:
    """How `current` becomes `desired`. Both name things and people alike.

    `prune` deletes what is not in `desired`, of the kinds it has, but for what is `protected`; `renew_credentials`
    gives every endpoint its credential again. `alike` are people who may have been meant where nobody was found.
    """
    wanted, known = resources_of(desired), resources_of(current)
    removed = list(_removed(desired, wanted, known, protected)) if prune else []
    changes: list[Change] = []
    problems: list[str] = []
    remarks: list[str] = []
    for kind in Kind:
        for name, fields in wanted[kind].items():
            before = known[kind].get(name)
            if before is None and kind not in (Kind.MEMBERS, Kind.GRANTS):
                changes.append(_creation(kind, name, fields))
                continue
            different = tuple(_different(kind, fields, before or {}, renew_credentials=renew_credentials))
            problems += (
                f"{label(kind, name)}: {change.field} is '{change.before}' and cannot become '{change.after}'; "
                "make it anew under another name"
                for change in different
                if change.field in FIXED.get(kind, ())
            )
            remarks += _remarks(kind, name, fields, before or {})
            if different:
                changes.append(Change(Action.UPDATE, kind, name, different))
    problems += _dangling(wanted, known, removed, alike)
    changes += (Change(Action.DELETE, kind, name, note=_consequence(kind, name, known)) for kind, name in removed)
    return Plan(tuple(changes), tuple(problems), tuple(remarks))


def _creation(kind: Kind, name: Name, fields: Fields) -> Change:
    given = (
        FieldChange(field, None, value) for field, value in fields.items() if not needs_no_word(kind, field, value)
    )
    return Change(Action.CREATE, kind, name, tuple(given))


def _different(kind: Kind, after: Fields, before: Fields, *, renew_credentials: bool) -> Iterator[FieldChange]:
    if kind is Kind.ENDPOINT:
        after = _with_header(after, after.get("dialect") or before.get("dialect"))
        before = _with_header(before, before.get("dialect"))
        if after.get("dialect", before.get("dialect")) != before.get("dialect"):
            moved = ("auth_header_name", "auth_header_prefix")  # the server changes them with the dialect
            yield from (FieldChange(field, before[field], after[field]) for field in moved)
            before = {**before, **{field: after[field] for field in moved}}
    for field, value in after.items():
        if field in SECRETS:
            # Which one there is is not told to anybody; it does not follow to another origin.
            if renew_credentials or field not in before or _moves(after, before):
                yield FieldChange(field, None, value)
        elif value != before.get(field) and not (_is_list(kind) and not value and not before.get(field)):
            yield FieldChange(field, before.get(field), value)


def _with_header(fields: Fields, dialect: object) -> Fields:
    """Without a word on it, the header that takes the credential is the dialect's."""
    header, prefix = header_of(dialect)
    return {"auth_header_name": header, "auth_header_prefix": prefix, **fields}


def _moves(after: Fields, before: Fields) -> bool:
    """Whether the address of an endpoint or a service gets another origin (RFC 6454, 4)."""
    origins = [urlsplit(fields["url"])[:2] for fields in (after, before) if isinstance(fields.get("url"), str)]
    return len(origins) == 2 and origins[0] != origins[1]


def _is_list(kind: Kind) -> bool:
    return kind in (Kind.MEMBERS, Kind.GRANTS)


def _remarks(kind: Kind, name: Name, after: Fields, before: Fields) -> Iterator[str]:
    for field in sorted(UNCLEARABLE.get(kind, frozenset()) & LEFT_ALONE.get(kind, frozenset())):
        if field in before and field not in after:
            yield f"{label(kind, name)}: {field} stays {before[field]}; it can be changed, but not taken away"


def _removed(
    desired: State, wanted: Resources, known: Resources, protected: Collection[tuple[Kind, Name]]
) -> Iterator[tuple[Kind, Name]]:
    """What goes, in the order in which it can: composite models before their components, models before endpoints."""
    mentioned = {
        Kind.PROBE: desired.probes is not None,
        Kind.BUDGET: desired.budgets is not None,
        Kind.RATE_LIMIT: desired.rate_limits is not None,
        Kind.GUARDRAIL: desired.guardrails is not None,
        Kind.KEY: desired.keys is not None,
        Kind.USER: desired.users is not None,
        Kind.GROUP: desired.groups is not None,
        Kind.MODEL: desired.models is not None,
        Kind.ENDPOINT: desired.endpoints is not None,
    }
    for kind, is_mentioned in mentioned.items():
        extra = [name for name in known[kind] if name not in wanted[kind] and (kind, name) not in protected]
        if kind is Kind.MODEL:
            extra.sort(key=lambda name: known[Kind.MODEL][name]["type"] != "composite")
        for name in extra if is_mentioned else ():
            if (kind, name) != (Kind.GROUP, (EVERYONE_NAME,)):
                yield kind, name


def _consequence(kind: Kind, name: Name, known: Resources) -> str:
    if kind is Kind.MODEL:
        return "no other model can ever have this alias"
    if kind is Kind.USER:
        return "with all keys of the account"
    if kind is Kind.ENDPOINT:
        hosted = sum(fields.get("endpoint") == name[0] for fields in known[Kind.MODEL].values())
        return f"with its {hosted} models" if hosted != 1 else "with its model"
    return ""


def _dangling(
    wanted: Resources, known: Resources, removed: Iterable[tuple[Kind, Name]], alike: Collection[str]
) -> Iterator[str]:
    """References to what is neither in the file nor in the instance, or would be removed."""
    gone = set(removed)
    there = {
        kind: {name for name in (*wanted[kind], *known[kind]) if (kind, name) not in gone}
        for kind in (Kind.ENDPOINT, Kind.MODEL, Kind.GROUP, Kind.USER, Kind.KEY)
    }
    for user, kind, target in _references(wanted):
        if target not in there[kind]:
            name = "/".join(target)
            near = {"/".join(each) for each in there[kind]}.union(alike if kind is Kind.USER else ())
            why = "which --prune would delete" if (kind, target) in gone else f"which there is not{_meant(name, near)}"
            yield f"{user} needs the {kind} '{name}', {why}"


def _references(wanted: Resources) -> Iterator[tuple[str, Kind, Name]]:
    for name, fields in wanted[Kind.MODEL].items():
        yield from ((label(Kind.MODEL, name), kind, target) for kind, target in _references_of_model(fields))
    lists = (
        (Kind.MEMBERS, "members", Kind.USER),
        (Kind.GRANTS, "models", Kind.MODEL),
        (Kind.GUARDRAIL, "models", Kind.MODEL),
        (Kind.GUARDRAIL, "groups", Kind.GROUP),
    )
    for kind, field, target in lists:
        for name, fields in wanted[kind].items():
            for item in fields[field] or ():
                yield label(kind, name), target, (item,)
    for owner in {name[0]: None for name in wanted[Kind.KEY]}:
        yield f"keys of {owner}", Kind.USER, (owner,)
    for kind in (Kind.RATE_LIMIT, Kind.BUDGET):
        for name in wanted[kind]:
            yield label(kind, name), Kind(name[0]), name[1:-1]
    for name, fields in wanted[Kind.PROBE].items():
        yield label(Kind.PROBE, name), Kind.MODEL, (fields["model"],)


def _references_of_model(fields: Fields) -> Iterator[tuple[Kind, Name]]:
    if fields["type"] == "standard":
        yield Kind.ENDPOINT, (fields["endpoint"],)
    for component in fields.get("components") or ():
        yield Kind.MODEL, (component["model"],)
    for rule in fields["traffic_routing_rules"] or ():
        if "target" in rule["action"]:
            yield Kind.MODEL, (rule["action"]["target"],)
    policy = fields["traffic_policy"] or {}
    for field in ("on_context_overflow", "on_content_refusal"):
        if field in policy:
            yield Kind.MODEL, (policy[field],)
    if "canary" in policy:
        yield Kind.MODEL, (policy["canary"]["component"],)


def _meant(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""
