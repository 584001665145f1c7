"""S2: what is taken away is refused everywhere within half a second, however much traffic there is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from tests.faults.target import SMALL, Target, chat, target
from tests.faults.traffic import Traffic
from tests.running import Instance

pytestmark = pytest.mark.server

_BOUND_SECONDS = 0.5  # the scenario's own figure
_WATCHED_SECONDS = 3.0
_CONNECTIONS = 8
"""Enough that both workers are asked in every round."""


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Two workers, with traffic of another key running."""
    with target(tmp_path_factory.mktemp("revocation"), workers=2) as busy:
        if busy.instance is None:
            pytest.skip("revocation needs our management API")
        with Traffic(busy, SMALL) as traffic:
            yield busy
        assert traffic.failures == []


class _Holder:
    """Somebody with a key, in a group that a model of its own is granted to."""

    def __init__(self, instance: Instance, provider: str, name: str) -> None:
        self.instance = instance
        self.model = f"{name}-model"
        api = instance.api
        self.endpoint = api(
            "POST",
            "/endpoints",
            {"name": name, "url": provider, "model_filter": ["sim-small"], "skip_fetch": True}
            | {"alias_mapping": {"sim-small": self.model}},
            status=201,
        )["id"]
        self.model_id = api("GET", f"/models?endpoint={self.endpoint}")["data"][0]["id"]
        self.group = api("POST", "/groups", {"name": name}, status=201)["id"]
        api("POST", f"/groups/{self.group}/models/{self.model_id}", status=204)
        self.user = api("POST", "/users", {"username": name, "email": f"{name}@example.org", "roles": []}, status=201)[
            "id"
        ]
        api("POST", f"/groups/{self.group}/users/{self.user}", status=204)
        self.key = instance.make_key(name, user_id=self.user)
        instance.wait_callable(str(self.key["key"]), self.model)


def _take_group(holder: _Holder) -> None:
    holder.instance.api("DELETE", f"/groups/{holder.group}/users/{holder.user}", status=204)


def _take_grant(holder: _Holder) -> None:
    holder.instance.api("DELETE", f"/groups/{holder.group}/models/{holder.model_id}", status=204)


def _delete_group(holder: _Holder) -> None:
    holder.instance.api("DELETE", f"/groups/{holder.group}", status=204)


def _delete_user(holder: _Holder) -> None:
    holder.instance.api("DELETE", f"/users/{holder.user}", status=204)


def _delete_model(holder: _Holder) -> None:
    holder.instance.api("DELETE", f"/models/{holder.model_id}", status=200)


def _delete_key(holder: _Holder) -> None:
    holder.instance.api("DELETE", f"/users/{holder.user}/api-keys/{holder.key['id']}", status=204)


def _rotate_key(holder: _Holder) -> None:
    holder.instance.api("POST", f"/users/{holder.user}/api-keys/{holder.key['id']}/rotate", status=200)


@pytest.mark.parametrize(
    ("take_away", "status"),
    [
        (_delete_key, 401),
        (_rotate_key, 401),
        (_delete_user, 401),
        (_take_group, 403),
        (_take_grant, 403),
        (_delete_group, 403),
        (_delete_model, 404),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
def test_s2_refused_everywhere_within_half_a_second(
    busy: Target, take_away: Callable[[_Holder], None], status: int
) -> None:
    assert busy.instance is not None
    holder = _Holder(busy.instance, busy.provider, take_away.__name__.strip("_").replace("_", "-"))
    headers = {"authorization": f"Bearer {holder.key['key']}"}
    clients = [httpx.Client(base_url=busy.base_url, headers=headers, timeout=30.0) for _ in range(_CONNECTIONS)]
    try:
        for client in clients:
            assert client.post("/chat/completions", json=chat(holder.model)).status_code == 200
        take_away(holder)
        answered = time.monotonic()
        last_accepted = 0.0
        while time.monotonic() - answered < _WATCHED_SECONDS:
            for client in clients:
                sent = time.monotonic()
                found = client.post("/chat/completions", json=chat(holder.model)).status_code
                if found == 200:
                    last_accepted = max(last_accepted, sent - answered)
                else:
                    assert found == status
    finally:
        for client in clients:
            client.close()
    assert last_accepted < _BOUND_SECONDS


def test_s2_versions_only_go_up(busy: Target) -> None:
    instance = busy.instance
    assert instance is not None
    seen: dict[str, float] = {}
    for number in range(10):
        key = instance.make_key(f"version-{number}")
        instance.api("DELETE", f"/users/current/api-keys/{key['id']}", status=204)
        page = httpx.get(instance.metrics_address, timeout=30.0).text
        for line in page.splitlines():
            if line.startswith("control_layer_snapshot_version{"):
                worker, _, version = line.rpartition(" ")
                assert float(version) >= seen.get(worker, 0.0)
                seen[worker] = float(version)
    assert len(seen) == 2
