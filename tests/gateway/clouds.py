"""A snapshot of endpoints whose credentials buy access tokens at the simulated clouds."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
from bench.processes import World

from control_layer.contract.dialects import DIALECTS, DialectOptions
from control_layer.contract.routing import Breaker
from control_layer.contract.snapshot import Deployment, Endpoint, Update

__all__ = ["IN_PROJECT", "Clouds", "Place", "clouds"]

IN_PROJECT = DialectOptions(project="other-project", location="europe-west4")
_PATIENT = Breaker(failures=10**9, min_requests=10**9)
_NONE = DialectOptions()


@dataclass(slots=True)
class Place:
    """An endpoint. `query` asks for the simulated `cloud`'s credential; `None` for one that is sent as it is."""

    path: str = "/vertex"
    dialect: str = "vertex"
    options: DialectOptions = _NONE
    query: str | None = ""
    credential: str = "provider-credential"
    cloud: str | None = None
    """By default Microsoft's at Azure, else Google's."""
    change: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Clouds(World):
    """`models` are aliases, each with its endpoint and the provider's model."""

    places: dict[str, Place] = field(default_factory=dict)
    models: dict[str, tuple[str, str]] = field(default_factory=dict)

    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        ids = {name: str(uuid.UUID(int=900 + number)) for number, name in enumerate(self.places)}
        endpoints = [self._endpoint(ids[name], name, place) for name, place in self.places.items()]
        models = []
        for model in whole.models:
            place, name = self.models[model.alias]
            deployment = Deployment(model.id, ids[place], name, breaker=_PATIENT)
            models.append(msgspec.structs.replace(model, deployments=(deployment,)))
        return msgspec.structs.replace(whole, endpoints=tuple(endpoints), models=tuple(models))

    def _endpoint(self, endpoint_id: str, name: str, place: Place) -> Endpoint:
        root = self.url.removesuffix("/v1")
        self.credential = place.credential
        if place.query is not None:
            kind = place.cloud or ("entra-client" if place.dialect == "azure" else "service-account")
            found = httpx.get(f"{root}/sim/{kind}?{place.query}").json()
            self.credential = json.dumps({**found, **place.change})
        header = DIALECTS[place.dialect].header
        sealed = self.sealed(endpoint_id)
        return Endpoint(
            endpoint_id, name, root + place.path, *header, sealed, dialect=place.dialect, options=place.options
        )


def clouds(url: str, places: dict[str, Place], models: dict[str, tuple[str, str]], **more: Any) -> Clouds:
    """Aliases with their places and the providers' models, granted to everyone."""
    return Clouds(url, aliases=tuple(models), places=places, models=models, **more)
