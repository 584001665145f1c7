"""The components of a composite model, brought into the wanted order with the wanted weights (§4.5.6)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from control_layer.operator.api import Api
from control_layer.operator.declarative.model_object import Component
from control_layer.operator.errors import ApiRefusal
from control_layer.operator.objects import read_as

__all__ = ["Place", "arrange", "arrangement"]


@dataclass(frozen=True, slots=True)
class Place:
    """A model in a composite one."""

    model_id: uuid.UUID
    weight: int
    enabled: bool


def arrangement(api: Api, composite_id: uuid.UUID) -> list[Place]:
    """The components as they are, in their order."""
    found = [read_as(Component, item) for item in api.get(f"/models/{composite_id}/components")]
    return [Place(part.model.id, part.weight, part.enabled) for part in found]


def arrange(api: Api, composite_id: uuid.UUID, wanted: Sequence[Place]) -> None:
    """Makes them as wanted, from whatever they are."""
    path = f"/models/{composite_id}/components"
    there = {place.model_id: place for place in arrangement(api, composite_id)}
    for gone in [model_id for model_id in there if model_id not in {place.model_id for place in wanted}]:
        api.delete(f"{path}/{gone}")
        del there[gone]
    for place in wanted:
        body = {"weight": place.weight, "enabled": place.enabled}
        if place.model_id not in there:
            try:
                api.post(f"{path}/{place.model_id}", body)
            except ApiRefusal as error:
                if error.status != 409:  # somebody else has just added it
                    raise
                api.patch(f"{path}/{place.model_id}", body)
        elif there[place.model_id] != place:
            api.patch(f"{path}/{place.model_id}", body)
    order = [place.model_id for place in arrangement(api, composite_id)]
    for number, place in enumerate(wanted):
        if order[number : number + 1] != [place.model_id]:
            api.patch(f"{path}/{place.model_id}", {"sort_order": number})
            order = [each for each in order if each != place.model_id]
            order.insert(number, place.model_id)
