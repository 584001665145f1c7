"""`/first-run`: each step is what is so, and is undone with what it stands for."""

from __future__ import annotations

from typing import Any

from tests.control.endpoints.calls import ENDPOINTS, create_endpoint, models_at
from tests.control.management import API, NIL, Management, answered, refused

_NOTHING = {
    "provider_connected": False,
    "models_discovered": False,
    "model_granted": False,
    "key_made": False,
    "request_answered": False,
}
_REQUEST = """
    INSERT INTO requests (at, id, worker_id, key_id, user_id, model, model_id, method, path, stream, outcome, status)
    VALUES (now(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), $1, 'm', gen_random_uuid(), 'POST',
            '/ai/v1/chat/completions', false, $2, $3)
"""


async def _asked(management: Management) -> dict[str, Any]:
    answer: dict[str, Any] = await answered(management.admin.get(f"{API}/first-run"), 200)
    return answer


async def _progress(management: Management) -> dict[str, Any]:
    answer = await _asked(management)
    return {step: answer[step] for step in _NOTHING}


async def test_a_new_instance_has_nothing_done_and_each_step_comes_true(management: Management) -> None:
    expected = dict(_NOTHING)
    assert await _progress(management) == expected

    endpoint = await create_endpoint(management)
    expected["provider_connected"] = True
    assert await _progress(management) == expected

    changes = {"model_filter": ["m"], "alias_mapping": {}}
    await answered(management.admin.patch(f"{ENDPOINTS}/{endpoint['id']}", json=changes), 200)
    expected["models_discovered"] = True
    assert await _progress(management) == expected

    model = (await models_at(management, endpoint["id"]))["m"]
    await answered(management.admin.post(f"{API}/groups/{NIL}/models/{model['id']}"), 204)
    expected["model_granted"] = True
    assert await _progress(management) == expected

    keys = f"{API}/users/current/api-keys"
    await answered(management.admin.post(keys, json={"name": "program", "purpose": "platform"}), 201)
    assert await _progress(management) == expected
    await answered(management.admin.post(keys, json={"name": "first"}), 201)
    expected["key_made"] = True
    assert await _progress(management) == expected

    await management.sql(_REQUEST, management.admin_id, "failed", 502)
    await management.sql(_REQUEST, management.admin_id, "completed", 404)
    await management.sql(_REQUEST, NIL, "completed", 200)
    assert await _progress(management) == expected
    await management.sql(_REQUEST, management.admin_id, "completed", 200)
    expected["request_answered"] = True
    assert await _progress(management) == expected

    found = (await _asked(management))["found"]
    assert found.pop("request_at") is not None
    assert found.pop("key_prefix").startswith("sk-")
    assert found == {
        "endpoints": 1,
        "endpoint": endpoint["name"],
        "models": 1,
        "models_granted": 1,
        "groups": 1,
        "group": "Everyone",
        "request_model": "m",
    }

    await answered(management.admin.delete(f"{ENDPOINTS}/{endpoint['id']}"), 204)
    assert await _progress(management) == _NOTHING | {"key_made": True, "request_answered": True}


async def test_without_a_supervisor_the_simulated_provider_is_to_be_started_by_hand(management: Management) -> None:
    assert (await _asked(management))["simulated_offered"] is False
    response = await management.admin.put(f"{ENDPOINTS}/simulated")
    assert response.status_code == 409
    assert "Run `control-layer simulate`" in response.text
    assert await answered(management.admin.get(ENDPOINTS), 200) == []


async def test_is_for_those_who_connect_providers(management: Management) -> None:
    person = await management.person()
    await refused(person.client.get(f"{API}/first-run"), 403, "Insufficient permissions to Create Endpoints")
