"""`/probes` as the contract has it (§4.6), where no gateway needs to be asked."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from tests.control.endpoints.calls import ENDPOINTS, create_endpoint
from tests.control.management import Management, answered, refused
from tests.control.models.calls import MODELS, standard
from tests.control.probes.calls import PROBES, ago, create_probe, insert_result

from control_layer.control.permissions import Operation, Role

_FIELDS = {
    *("id", "name", "deployment_id", "interval_seconds", "active", "http_method", "request_path", "request_body"),
    *("created_at", "updated_at"),
}
_RESULT_FIELDS = {
    *("id", "probe_id", "executed_at", "success", "response_time_ms", "status_code", "error_message"),
    *("response_data", "metadata"),
}
_TOO_EARLY = "0001-01-01T00:00:00%2B23:00"
_TAKEN = {"message": "Resource already exists", "resource": "unknown"}


async def test_a_probe_is_active_at_once_and_has_exactly_the_contracts_fields(management: Management) -> None:
    model = await standard(management)
    body = {"name": "up", "deployment_id": model["id"], "interval_seconds": 30}
    probe = await answered(management.admin.post(PROBES, json=body), 201)
    assert set(probe) == _FIELDS
    assert probe == probe | body | {"active": True, "http_method": "POST", "request_path": None, "request_body": None}
    assert await answered(management.admin.get(f"{PROBES}/{probe['id']}"), 200) == probe


async def test_a_probe_keeps_what_it_is_to_ask_as_it_was_written(management: Management) -> None:
    asked = {"http_method": "put", "request_path": "/v1/x?a=b", "request_body": {"z": [1.5, None, "ü"], "a": {}}}
    probe = await create_probe(management, **asked)
    assert (probe["http_method"], probe["request_path"]) == ("PUT", "/v1/x?a=b")
    response = await management.admin.get(f"{PROBES}/{probe['id']}")
    assert '"request_body":{"z":[1.5,null,"ü"],"a":{}}' in response.text


async def test_names_and_models_are_taken_once_and_unknown_models_are_404(management: Management) -> None:
    probe = await create_probe(management, name="first")
    other, unknown = await standard(management), str(uuid.uuid4())
    body = {"name": "first", "deployment_id": other["id"], "interval_seconds": 60}
    assert await answered(management.admin.post(PROBES, json=body), 409) == _TAKEN
    body = {"name": "second", "deployment_id": probe["deployment_id"], "interval_seconds": 60}
    assert await answered(management.admin.post(PROBES, json=body), 409) == _TAKEN
    for model_id in (unknown, other["id"]):
        await answered(management.admin.delete(f"{MODELS}/{other['id']}"), 200)
        body = {"name": "third", "deployment_id": model_id, "interval_seconds": 60}
        await refused(management.admin.post(PROBES, json=body), 404, f"Model with ID {model_id} not found")


async def test_of_many_probes_of_one_model_made_at_once_one_is_made(management: Management) -> None:
    model = await standard(management)
    answers = await asyncio.gather(
        *(
            management.admin.post(
                PROBES, json={"name": f"p{number}", "deployment_id": model["id"], "interval_seconds": 9}
            )
            for number in range(6)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": None}, 422),
        ({"deployment_id": "x"}, 422),
        ({"interval_seconds": None}, 422),
        ({"interval_seconds": "60"}, 422),
        ({"interval_seconds": 2**31}, 422),
        ({"name": " "}, 400),
        ({"interval_seconds": 0}, 400),
        ({"interval_seconds": -5}, 400),
        ({"http_method": "HEAD"}, 400),
        ({"http_method": "G\r\nX: y"}, 400),
        ({"request_path": "v1/models"}, 400),
        ({"request_path": "/v1/../../admin/api/v1/users"}, 400),
        ({"request_path": "/v1/%2e%2e/x"}, 400),
        ({"request_path": "/v1/..%2f..%2fadmin"}, 400),
        ({"request_path": "/v1\\..\\x"}, 400),
        ({"request_path": "/v1/x y"}, 400),
        ({"request_path": "/v1/x#y"}, 400),
        ({"request_path": "/v1/ü"}, 400),
        ({"request_path": "/" + "x" * 2048}, 400),
        ({"name": "a\0b"}, 400),
    ],
)
async def test_refuses_what_makes_no_probe(management: Management, fields: dict[str, Any], status: int) -> None:
    body = {"name": "p", "deployment_id": (await standard(management))["id"], "interval_seconds": 60} | fields
    await refused(management.admin.post(PROBES, json=body), status)
    assert await answered(management.admin.get(PROBES), 200) == []


async def test_lists_all_newest_first_and_active_ones_alone(management: Management) -> None:
    probes = [await create_probe(management) for _ in range(3)]
    await answered(management.admin.patch(f"{PROBES}/{probes[1]['id']}/deactivate"), 200)

    async def ids(query: str) -> list[str]:
        return [probe["id"] for probe in await answered(management.admin.get(PROBES + query), 200)]

    newest_first = [probe["id"] for probe in reversed(probes)]
    assert await ids("") == await ids("?status=inactive") == await ids("?status=") == newest_first
    assert await ids("?status=active") == [newest_first[0], newest_first[2]]


async def test_patch_changes_what_is_given_but_never_the_name_or_the_model(management: Management) -> None:
    probe = await create_probe(management, request_path="/v1/x", request_body={"a": 1})
    url = f"{PROBES}/{probe['id']}"
    nothing = {"interval_seconds": None, "http_method": None, "request_path": None, "request_body": None}
    for body in ({}, nothing, {"name": "other", "deployment_id": str(uuid.uuid4()), "active": False}):
        kept = await answered(management.admin.patch(url, json=body), 200)
        assert kept | {"updated_at": ""} == probe | {"updated_at": ""}
    changes = {"interval_seconds": 5, "http_method": "GET", "request_path": "/v1/y", "request_body": [1]}
    changed = await answered(management.admin.patch(url, json=changes), 200)
    assert changed == probe | changes | {"updated_at": changed["updated_at"]}
    for bad in ({"interval_seconds": 0}, {"http_method": "?"}, {"request_path": "x"}):
        await refused(management.admin.patch(url, json=bad), 400)
    assert await answered(management.admin.get(url), 200) == changed


async def test_an_empty_path_or_body_takes_away_the_one_there_was(management: Management) -> None:
    probe = await create_probe(management, request_path="/v1/x", request_body={"a": 1})
    url = f"{PROBES}/{probe['id']}"
    changed = await answered(management.admin.patch(url, json={"request_path": ""}), 200)
    assert (changed["request_path"], changed["request_body"]) == (None, {"a": 1})
    changed = await answered(management.admin.patch(url, json={"request_body": ""}), 200)
    assert changed["request_body"] is None


async def test_activation_is_idempotent(management: Management) -> None:
    probe = await create_probe(management)
    for verb, active in (("deactivate", False), ("deactivate", False), ("activate", True), ("activate", True)):
        shown = await answered(management.admin.patch(f"{PROBES}/{probe['id']}/{verb}"), 200)
        assert shown["active"] is active
        assert set(shown) == _FIELDS


async def test_unknown_probes(management: Management) -> None:
    unknown = str(uuid.uuid4())
    url = f"{PROBES}/{unknown}"
    missing = f"Probe with ID {unknown} not found"
    for call in (
        management.admin.get(url),
        management.admin.patch(url, json={}),
        management.admin.patch(f"{url}/activate"),
        management.admin.patch(f"{url}/deactivate"),
        management.admin.post(f"{url}/execute"),
    ):
        await refused(call, 404, missing)
    await refused(management.admin.post(f"{PROBES}/test/{unknown}", json={}), 404, f"Model with ID {unknown} not found")
    await answered(management.admin.delete(url), 204)
    assert await answered(management.admin.get(f"{url}/results"), 200) == []
    numbers = await answered(management.admin.get(f"{url}/statistics"), 200)
    assert numbers == dict.fromkeys(numbers) | {
        "total_executions": 0,
        "successful_executions": 0,
        "failed_executions": 0,
        "success_rate": 0.0,
    }
    assert len(numbers) == 13
    await refused(management.admin.get(f"{PROBES}/nonsense"), 400)


async def test_only_platform_managers_get_at_probes_before_their_body_is_looked_at(management: Management) -> None:
    probe = await create_probe(management)
    url = f"{PROBES}/{probe['id']}"
    calls = [
        ("POST", PROBES, Operation.CREATE),
        ("GET", PROBES, Operation.READ),
        ("GET", url, Operation.READ),
        ("PATCH", url, Operation.UPDATE),
        ("DELETE", url, Operation.DELETE),
        ("PATCH", f"{url}/activate", Operation.UPDATE),
        ("PATCH", f"{url}/deactivate", Operation.UPDATE),
        ("POST", f"{url}/execute", Operation.UPDATE),
        ("POST", f"{PROBES}/test/{probe['deployment_id']}", Operation.READ),
        ("GET", f"{url}/results", Operation.READ),
        ("GET", f"{url}/statistics", Operation.READ),
    ]
    for role in set(Role) - {Role.PLATFORM_MANAGER}:
        person = await management.person(role)
        for method, path, operation in calls:
            call = person.client.request(method, path, content=b"garbage")
            await refused(call, 403, f"Insufficient permissions to {operation} Probes")
    manager = await management.person(Role.PLATFORM_MANAGER)
    new = {"name": "new", "deployment_id": (await standard(management))["id"], "interval_seconds": 60}
    for method, path, operation in sorted(calls, key=lambda call: call[0] == "DELETE"):
        response = await manager.client.request(method, path, json=new if operation is Operation.CREATE else {})
        assert response.is_success, (method, path, response.text)


async def test_a_test_takes_an_empty_object_or_null_but_not_nothing(management: Management) -> None:
    model = await standard(management)
    url = f"{PROBES}/test/{model['id']}"
    for content, status in ((b"{}", 200), (b"null", 200), (b"", 400), (b"[]", 422), (b"{", 400)):
        response = await management.admin.post(url, content=content, headers={"content-type": "application/json"})
        assert response.status_code == status, (content, response.text)
    await refused(management.admin.post(url), 415)
    for bad in ({"http_method": "?"}, {"request_path": "/.."}):
        await refused(management.admin.post(url, json=bad), 400)


async def test_without_a_gateway_a_run_says_so(management: Management) -> None:
    probe = await create_probe(management)
    result = await answered(management.admin.post(f"{PROBES}/{probe['id']}/execute"), 201)
    assert set(result) == _RESULT_FIELDS
    assert (result["success"], result["status_code"], result["response_time_ms"]) == (False, None, None)
    assert "no gateway" in result["error_message"]
    assert await answered(management.admin.get(f"{PROBES}/{probe['id']}/results"), 200) == [result]
    tested = await answered(management.admin.post(f"{PROBES}/test/{probe['deployment_id']}", json={}), 200)
    assert tested["probe_id"] == probe["deployment_id"]
    assert len(await answered(management.admin.get(f"{PROBES}/{probe['id']}/results"), 200)) == 1


async def test_results_are_newest_first_between_both_times(management: Management) -> None:
    probe, now = await create_probe(management), management.services.now()
    for minutes in (3, 1, 2, 0):
        await insert_result(management, probe["id"], ago(now, minutes=minutes))
    await insert_result(management, (await create_probe(management))["id"], now)

    async def times(**query: str) -> list[str]:
        url = f"{PROBES}/{probe['id']}/results"
        return [result["executed_at"] for result in await answered(management.admin.get(url, params=query), 200)]

    everything = await times()
    assert len(everything) == 4
    assert everything == sorted(everything, reverse=True)
    assert await times(limit="2") == everything[:2]
    assert await times(limit="0") == await times(limit="-1") == []
    assert await times(start_time=everything[2], end_time=everything[1]) == everything[1:3]
    # a time without a zone is in UTC
    assert await times(end_time=everything[2].rstrip("Z")) == everything[2:]
    url = f"{PROBES}/{probe['id']}"
    for query in ("results?limit=x", "results?start_time=x", "statistics?end_time=x", f"results?end_time={_TOO_EARLY}"):
        await refused(management.admin.get(f"{url}/{query}"), 400)


async def test_deleting_a_probe_takes_its_results_along(management: Management) -> None:
    probe = await create_probe(management, name="again")
    await insert_result(management, probe["id"], management.services.now())
    await answered(management.admin.delete(f"{PROBES}/{probe['id']}"), 204)
    assert await management.sql("SELECT * FROM probe_results") == []
    await create_probe(management, name="again", deployment_id=probe["deployment_id"])


async def test_a_models_probe_goes_with_its_endpoint_and_stays_when_it_is_soft_deleted(management: Management) -> None:
    endpoint = await create_endpoint(management)
    kept = await create_probe(management)
    probe = await create_probe(management, deployment_id=(await standard(management, hosted_on=endpoint["id"]))["id"])
    for made in (kept, probe):
        await insert_result(management, made["id"], management.services.now())
        await answered(management.admin.delete(f"{MODELS}/{made['deployment_id']}"), 200)
    assert len(await answered(management.admin.get(PROBES), 200)) == 2
    await answered(management.admin.delete(f"{ENDPOINTS}/{endpoint['id']}"), 204)
    assert [shown["id"] for shown in await answered(management.admin.get(PROBES), 200)] == [kept["id"]]
    rows = await management.sql("SELECT probe_id FROM probe_results")
    assert [str(row.probe_id) for row in rows] == [kept["id"]]
