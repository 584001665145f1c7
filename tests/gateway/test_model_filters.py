"""The model list asked for less: by group, and by what keys of purpose `realtime` may call."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest
from bench.processes import EVERYONE, World

from control_layer.contract.routing import Purposes
from control_layer.contract.snapshot import Update

_TEAM, _OTHERS = str(uuid.UUID(int=70)), str(uuid.UUID(int=71))
_MODELS: dict[str, dict[str, Any]] = {
    "everyones": {},
    "teams": {"groups": (_TEAM,)},
    "teams-and-others": {"groups": (_TEAM, _OTHERS)},
    "everyones-and-others": {"groups": (EVERYONE, _OTHERS)},
    "others": {"groups": (_OTHERS,)},
    "batches-only": {"purposes": (Purposes("realtime", None),)},
    "not-for-batches": {"purposes": (Purposes("batch", None),)},
    "redirected": {"purposes": (Purposes("realtime", "everyones"),)},
}


@dataclass(slots=True)
class Team(World):
    """Its user is in a group beside Everyone."""

    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        users = tuple(msgspec.structs.replace(user, groups=(EVERYONE, _TEAM)) for user in whole.users)
        models = tuple(msgspec.structs.replace(model, **_MODELS[model.alias]) for model in whole.models)
        return msgspec.structs.replace(whole, users=users, models=models)


@pytest.fixture(scope="module")
def company(simulator_url: str) -> Team:
    return Team(simulator_url, aliases=tuple(_MODELS))


def _listed(client: httpx.Client, **query: str) -> list[str]:
    answer = client.get("/models", params=query)
    assert answer.status_code == 200, answer.text
    names = [model["id"] for model in answer.json()["data"]]
    headers = {"anthropic-version": "2023-06-01"}
    assert [each["id"] for each in client.get("/models", params=query, headers=headers).json()["data"]] == names
    return names


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (_TEAM, ["teams", "teams-and-others"]),
        (_TEAM.upper(), ["teams", "teams-and-others"]),
        (f"{_OTHERS}, {_TEAM}", ["teams", "teams-and-others"]),
        (_OTHERS, []),
        (str(uuid.UUID(int=72)), []),
        (EVERYONE, ["batches-only", "everyones", "everyones-and-others", "not-for-batches", "redirected"]),
        ("", sorted({*_MODELS} - {"others"})),
    ],
)
def test_the_list_holds_what_a_group_of_the_users_grants(
    client: httpx.Client, groups: str, expected: list[str]
) -> None:
    assert _listed(client, group=groups) == expected


def test_the_list_holds_what_realtime_keys_may_call_or_the_rest(client: httpx.Client) -> None:
    everything = _listed(client)
    assert _listed(client, available_for_realtime="false") == ["batches-only"]
    assert _listed(client, available_for_realtime="true") == [name for name in everything if name != "batches-only"]
    assert _listed(client, available_for_realtime="true", group=_TEAM) == ["teams", "teams-and-others"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"available_for_realtime": "yes"}, "invalid_query_parameter"),
        ({"include_reasoning_capabilities": "1"}, "invalid_query_parameter"),
        ({"detail": "TRUE"}, "invalid_query_parameter"),
        ({"group": "team"}, "invalid_group"),
        ({"group": f"{_TEAM},"}, "invalid_group"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(client: httpx.Client, query: dict[str, str], code: str) -> None:
    answer = client.get("/models", params=query)
    told = answer.json()["error"]
    assert (answer.status_code, told["code"], told["param"]) == (400, code, *query)
