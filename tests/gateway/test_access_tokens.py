"""Access tokens, from the first to the last: who waits for them, who is not kept waiting, and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from anthropic import Anthropic
from bench.processes import GatewayProcess, simulator, start_gateway
from openai import OpenAI
from tests.gateway.clouds import IN_PROJECT, Clouds, Place, clouds
from tests.gateway.conftest import Journal, Provider, chat, until
from tests.gateway.control_plane import ControlPlane
from tests.websocket import connect

from control_layer.contract.snapshot import Timeouts, Update

_PROMPT: list[Any] = [{"role": "user", "content": "Say something."}]
_PLACES = {
    "brief": Place(query="seconds=2"),
    "refused": Place(change={"client_email": "nobody@sim-project.iam.gserviceaccount.com"}),
    "wrong-key": Place(change={"private_key": "no key"}),
    "azure": Place("/azure", "azure"),
    "azure-refused": Place("/azure", "azure", change={"client_secret": "another"}),
}


@pytest.fixture(scope="module")
def company(simulator_url: str) -> Clouds:
    return clouds(simulator_url, _PLACES, {name: (name, "sim-small") for name in _PLACES})


@contextmanager
def _gateway(
    directory: Path, url: str, place: Place, *, settings: dict[str, Any] | None = None, **more: Any
) -> Iterator[GatewayProcess]:
    """A worker that knows one model, `gemini`, at that place."""
    company = clouds(url, {"place": place}, {"gemini": ("place", "sim-small")}, **more)
    process = start_gateway(directory, company, **(settings or {}))
    try:
        yield process
    finally:
        process.stop()


def _ask(gateway: GatewayProcess, model: str = "gemini", patience: float = 20.0, **more: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {gateway.secret}"}
    url = f"{gateway.base_url}/chat/completions"
    return httpx.post(url, json=chat(model, **more), headers=headers, timeout=patience)


# -- while all is well -------------------------------------------------------------------------------------------------


def test_a_token_that_expires_is_renewed_before(client: httpx.Client, provider: Provider) -> None:
    """Each is good for two seconds; no request meets one that is not."""

    def renewed() -> bool:
        answer = client.post("/chat/completions", json=chat("brief"))
        assert answer.status_code == 200, answer.text
        return bool(provider.stats()["requests"]["/sim-small/2/token sim-small"] >= 3)

    until(renewed, "a third token")


def test_azure_with_a_client_of_entra(gateway: GatewayProcess, provider: Provider) -> None:
    with OpenAI(base_url=gateway.base_url, api_key=gateway.secret, max_retries=0, timeout=15) as openai:
        whole = openai.chat.completions.create(model="azure", messages=_PROMPT)
        chunks = list(openai.chat.completions.create(model="azure", messages=_PROMPT, stream=True))
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == whole.choices[0].message.content != ""
    base_url = f"{gateway.base_url.removesuffix('/v1')}/anthropic"
    with Anthropic(base_url=base_url, api_key=gateway.secret, max_retries=0, timeout=15) as anthropic:
        message = anthropic.messages.create(model="azure", max_tokens=500, messages=_PROMPT)
    assert message.content[0].type == "text"
    assert provider.stats()["requests"]["/sim-tenant/oauth2/v2.0/token sim-tenant"] == 1


def test_it_is_asked_for_before_a_request_needs_it(tmp_path: Path) -> None:
    with simulator("--api-key", "provider-credential") as url, _gateway(tmp_path, url, Place()):
        requests = until(lambda: Provider(url).stats()["requests"], "a token without a request")
        assert requests == {"/token sim-small": 1}


def test_another_name_keeps_the_token_another_credential_does_not_and_the_last_is_not_renewed(tmp_path: Path) -> None:
    control = ControlPlane(tmp_path / "s.sock")
    settings = {"snapshot_socket": str(tmp_path / "s.sock")}
    first = Place()
    with (
        simulator("--api-key", "provider-credential") as url,
        _gateway(tmp_path, url, first, settings=settings) as process,
    ):
        provider = Provider(url)
        control.accept()
        assert _ask(process).status_code == 200
        before = clouds(url, {"place": first}, {}).update().endpoints[0]
        # Sealed anew, it is another text.
        after = clouds(url, {"place": Place(query="script=sim-large&seconds=2")}, {}).update().endpoints[0]
        control.send(Update(version=2, base=1, final=True, endpoints=(before,)))
        until(lambda: provider.stats()["requests"]["/token sim-small"] == 2, "a token of the credential sealed anew")
        renamed = msgspec.structs.replace(before, name="renamed")
        control.send(Update(version=3, base=2, final=True, endpoints=(renamed,)))
        control.send(Update(version=4, base=3, final=True, endpoints=(after,)))
        counted = "/sim-large/2/token sim-large"
        until(lambda: provider.stats()["requests"].get(counted, 0) >= 2, "tokens of the new credential, renewed")
        assert provider.stats()["requests"]["/token sim-small"] == 2
        assert _ask(process).status_code == 200
        control.send(Update(version=5, base=4, final=True, gone_endpoints=(after.id,)))
        until(lambda: _ask(process).status_code != 200, "the endpoint is gone")
    control.close()


# -- the first one -----------------------------------------------------------------------------------------------------


def test_requests_wait_for_the_first_token(simulator_url: str, tmp_path: Path) -> None:
    place = Place(query="script=sim-slow-first-1500ms")
    with _gateway(tmp_path, simulator_url, place) as process, ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(_ask, process, stream=number % 2 == 0) for number in range(8)]
        assert [each.result().status_code for each in asked] == [200] * 8
    counted = "/sim-slow-first-1500ms/3599/token sim-slow-first-1500ms"
    assert Provider(simulator_url).stats()["requests"][counted] == 1


def test_nobody_waits_for_the_token_of_another_endpoint(simulator_url: str, tmp_path: Path) -> None:
    places = {"hanging": Place(query="script=sim-hang"), "plain": Place(query=None, options=IN_PROJECT)}
    company = clouds(simulator_url, places, {name: (name, "sim-small") for name in places})
    process = start_gateway(tmp_path, company)
    try:
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(_ask, process, "hanging", patience=3.0)
            until(lambda: Journal(process.journal).records(), "the request that waits is let in")
            assert _ask(process, "plain").status_code == 200
            assert isinstance(waiting.exception(), httpx.ReadTimeout)
    finally:
        process.stop()


def test_a_client_that_leaves_while_it_waits(simulator_url: str, tmp_path: Path) -> None:
    with _gateway(tmp_path, simulator_url, Place(query="script=sim-hang")) as process:
        with Journal(process.journal).admitted() as ends, pytest.raises(httpx.ReadTimeout):
            _ask(process, patience=0.5)
        assert (ends[0].outcome, ends[0].status) == ("cancelled", 499)


def test_a_form_waits_with_its_bytes_and_so_does_a_session(tmp_path: Path) -> None:
    """At an address that is compatible with OpenAI's, with a client of Entra."""
    slow = {"tenant_id": "sim-slow-first-1500ms"}
    (tmp_path / "form").mkdir()
    (tmp_path / "session").mkdir()
    with simulator() as url:
        place = Place("/v1", "openai", cloud="entra-client", change=slow)
        with _gateway(tmp_path / "form", url, place) as process:
            headers = {"authorization": f"Bearer {process.secret}"}
            files, data = {"file": ("a.wav", b"x" * 300_000)}, {"model": "gemini"}
            where = f"{process.base_url}/audio/transcriptions"
            answer = httpx.post(where, files=files, data=data, headers=headers, timeout=20)
            assert answer.status_code == 200, answer.text
            assert "Simulated transcript" in answer.text
        with _gateway(tmp_path / "session", url, place) as process:
            bearer = f"Authorization: Bearer {process.secret}"
            with connect(process.port, "/ai/v1/realtime?model=gemini", bearer) as (ws, _):
                assert ws.read_head().startswith(b"HTTP/1.1 101 ")
                ws.receive()
                ws.send(1, b"hello")
                assert b"hello" in ws.receive()[1]


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("refused", "upstream_authentication"),
        ("azure-refused", "upstream_authentication"),
        ("wrong-key", "model_unavailable"),
    ],
)
def test_a_credential_that_buys_nothing(client: httpx.Client, journal: Journal, model: str, code: str) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat(model))
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, code), answer.text
    assert "nobody@" not in answer.text
    assert ends[0].outcome == "failed"
    if code == "upstream_authentication":
        assert [attempt.error for attempt in ends[0].attempts] == ["token_refused"]


def test_a_token_endpoint_that_fails_for_a_while(simulator_url: str, tmp_path: Path) -> None:
    """The request that came meanwhile is answered when it is back."""
    with _gateway(tmp_path, simulator_url, Place(query="script=sim-flaky-2")) as process:
        answer = _ask(process)
    assert answer.status_code == 200, answer.text
    assert Provider(simulator_url).stats()["requests"]["/sim-flaky-2/3599/token sim-flaky-2"] == 3


def test_a_token_endpoint_that_cannot_be_reached(
    simulator_url: str, dead_port: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    place = Place(change={"token_uri": f"http://127.0.0.1:{dead_port}/token"})
    with _gateway(tmp_path, simulator_url, place, timeouts=Timeouts(connect=0.5)) as process:
        with Journal(process.journal).admitted() as ends:
            answer = _ask(process)
        assert (answer.status_code, answer.json()["error"]["code"]) == (502, "model_unavailable")
        assert "access token" in answer.json()["error"]["message"]
        assert str(dead_port) not in answer.text
        assert [attempt.error for attempt in ends[0].attempts] == ["token_unavailable"]
    logged = capfd.readouterr().err
    assert "access_token_failed" in logged
    assert "PRIVATE KEY" not in logged
    assert "assertion" not in logged
