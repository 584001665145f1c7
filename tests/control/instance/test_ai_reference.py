"""The reference of the AI API has every path that is served under `/ai`, and each description is whole."""

from __future__ import annotations

import json
import re

import httpx
from tests.control.management import Management, answered

from control_layer.gateway.paths import KNOWN, Handling

_GATEWAYS = {Handling.JSON: "post", Handling.MULTIPART: "post", Handling.MODELS: "get", Handling.REALTIME: "get"}


async def test_every_path_that_is_served_is_described(management: Management) -> None:
    document = await answered(management.admin.get("/ai/openapi.json"), 200)
    described = {(method, path) for path, item in document["paths"].items() for method in item}
    gateways = {(_GATEWAYS[known.handling], path.decode()) for path, known in KNOWN.items()}
    gateways |= {(method, f"{path}/{{model}}") for method, path in gateways if path.endswith("/models")}
    control = {
        (method.lower(), route.path) for route in management.app.state.routes
        if route.path.startswith("/ai/") and route.include_in_schema for method in route.methods
    }  # fmt: skip
    assert {("get", "/ai/v1/responses/{response_id}"), ("delete", "/ai/v1/responses/{response_id}")} < control
    assert described == gateways | control
    forms = {path for path, item in document["paths"].items() if "multipart/form-data" in json.dumps(item)}
    assert {path.decode() for path, known in KNOWN.items() if known.handling is Handling.MULTIPART} < forms
    whole = await answered(management.admin.get("/admin/openapi.json"), 200)
    schemas = document["components"]["schemas"]
    assert set(re.findall(r"#/components/schemas/([^\"]+)", json.dumps(document))) == set(schemas), "all are used"
    assert not {"Call", "Answer", "Error", "AnthropicError"} & set(whole["components"]["schemas"]), "ours hide none"
    page: httpx.Response = await management.admin.get("/ai/docs")
    assert "/ai/v1/realtime" in page.text
