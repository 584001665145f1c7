"""Section 4.5.6: composite models."""

from __future__ import annotations

import pytest
from tests.contract_client.client import World, fresh
from tests.contract_client.objects import COMPONENT
from tests.contract_client.shapes import fits

pytestmark = pytest.mark.server


def test_composites_and_their_components(world: World, endpoint: str) -> None:
    composite = world.admin.must(
        "POST", "/models", {"type": "composite", "model_name": "c", "alias": fresh("c")}, status=200
    )
    assert (composite["is_composite"], composite["lb_strategy"]) == (True, "weighted_random")
    assert composite["fallback"] == {
        "enabled": True,
        "on_rate_limit": True,
        "on_status": [499, 500, 502, 503, 504],
        "with_replacement": False,
    }
    assert not {"hosted_on", "reasoning_translation_overrides"} & composite.keys()
    path = f"/models/{composite['id']}/components"
    models = [world.model(endpoint)["id"] for _ in range(3)]
    assert world.admin.get(path) == []
    made = world.admin.must("POST", f"{path}/{models[0]}", {}, status=200)
    fits(made, COMPONENT)
    assert (made["weight"], made["enabled"], made["sort_order"]) == (1, True, 0)
    for other in models[1:]:
        world.admin.must("POST", f"{path}/{other}", {"weight": 5, "enabled": False}, status=200)
    assert world.admin.call("POST", f"{path}/{models[0]}", {}).status_code == 409
    for weight in (0, 101):
        assert world.admin.call("PATCH", f"{path}/{models[0]}", {"weight": weight}).status_code == 400
    world.admin.must("PATCH", f"{path}/{models[0]}", {"sort_order": 99}, status=200)
    ordered = world.admin.get(path)
    assert [(one["model"]["id"], one["sort_order"]) for one in ordered] == [
        (models[1], 0),
        (models[2], 1),
        (models[0], 2),
    ]
    assert world.admin.must("DELETE", f"{path}/{models[1]}", status=200) == "Component removed"
    assert world.admin.call("DELETE", f"{path}/{models[1]}").status_code == 404
    assert [one["sort_order"] for one in world.admin.get(path)] == [0, 1]
    standard = world.admin.call("GET", f"/models/{models[0]}/components")
    assert (standard.status_code, standard.text) == (400, "Model is not a composite model")
    assert world.admin.call("POST", f"{path}/{composite['id']}", {}).status_code == 400
