"""Presets: what they say is what an endpoint can be made of."""

from __future__ import annotations

from tests.control.endpoints.calls import create_endpoint
from tests.control.management import API, Management, answered, refused

from control_layer.control.endpoints.presets import PRESETS


async def test_every_preset_makes_an_endpoint(management: Management) -> None:
    presets = await answered(management.admin.get(f"{API}/endpoint-presets"), 200)
    assert [preset["key"] for preset in presets] == [preset.key for preset in PRESETS]
    assert len({preset["key"] for preset in presets}) == len(presets)
    for preset in presets:
        assert preset["docs_url"].startswith("https://")
        body = {name: preset[name] for name in ("name", "url", "dialect", "auth_header_name", "auth_header_prefix")}
        for part, ours in (("<resource>", "ours"), ("<location>", "europe-west4"), ("<region>", "eu-west-1")):
            body["url"] = body["url"].replace(part, ours)
        endpoint = await create_endpoint(management, **body)
        assert {name: endpoint[name] for name in body} == body


async def test_presets_are_for_those_who_manage_endpoints(management: Management) -> None:
    person = await management.person()
    await refused(person.client.get(f"{API}/endpoint-presets"), 403, "Insufficient permissions to Read Endpoints")
