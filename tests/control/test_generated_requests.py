"""Requests made up from the OpenAPI document: none of them breaks anything, and answers are what the document says."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.control.management import API, managed, settings_for_tests

from control_layer.control.http_listener import HttpListener
from control_layer.control.instance.openapi import document

_CHECKS = [content_type_conformance, response_schema_conformance, status_code_conformance]
"""The document knows no 500."""


@dataclass(frozen=True, slots=True)
class Served:
    """The application on a port of loopback, in a thread with a loop of its own."""

    url: str
    callers: dict[str, dict[str, str]]
    """Header fields that say who is calling."""
    document: dict[str, Any]


async def _serve(database_url: str, listener: socket.socket, ready: Future[Served], done: threading.Event) -> None:
    async with managed(database_url, settings_for_tests()) as management:
        http = HttpListener(management.app)
        serving = asyncio.create_task(http.serve([listener]))
        host, port = listener.getsockname()
        callers = {
            "administrator": {"cookie": f"control_layer_session={management.admin.cookies['control_layer_session']}"},
            "standard user": {"authorization": (await management.person()).client.headers["authorization"]},
        }
        ready.set_result(Served(f"http://{host}:{port}", callers, document(management.app)))
        await asyncio.to_thread(done.wait)
        http.should_exit = True
        await serving


@pytest.fixture
def served(database_url: str) -> Iterator[Served]:
    """The application, for as long as the test runs."""
    ready: Future[Served] = Future()
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=lambda: asyncio.run(_serve(database_url, listener, ready, done)))
        thread.start()
        try:
            yield ready.result(30)
        finally:
            done.set()
            thread.join(30)


@pytest.mark.timeout(600)  # every operation of the document, one after the other
@pytest.mark.parametrize(("caller", "examples"), [("administrator", 12), ("standard user", 6)])
def test_answers_what_the_document_says(served: Served, caller: str, examples: int) -> None:
    schema = schemathesis.openapi.from_dict(served.document)
    schema.config.update(base_url=served.url, request_timeout=60.0)
    operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(operations) == sum(len(item) for item in served.document["paths"].values())

    for operation in operations:
        if operation.method.upper() != "GET" and operation.path.startswith(f"{API}/endpoints"):
            continue  # these ask whatever address they are given

        @given(case=operation.as_strategy())
        @settings(max_examples=examples, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
        def check(case: schemathesis.Case[Any]) -> None:
            # A logout would end the session that all others come with.
            headers = {} if case.path == "/authentication/logout" else served.callers[caller]
            case.call_and_validate(headers=headers, checks=_CHECKS)

        check()
