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


async def _progress(management: Management) -> dict[str, Any]:
    found: dict[str, Any] = await answered(management.admin.get(f"{API}/first-run"), 200)
    return found


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

    await answered(management.admin.delete(f"{ENDPOINTS}/{endpoint['id']}"), 204)
    assert await _progress(management) == _NOTHING | {"key_made": True, "request_answered": True}


async def test_is_for_those_who_connect_providers(management: Management) -> None:
    person = await management.person()
    await refused(person.client.get(f"{API}/first-run"), 403, "Insufficient permissions to Create Endpoints")
