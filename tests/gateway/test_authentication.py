"""Who may call what: 401, 403, 404, in the caller's dialect."""

from __future__ import annotations

import httpx
import pytest
from bench.processes import GatewayProcess
from tests.gateway.company import EXPIRED, OUTSIDER, PLATFORM, RESTRICTED
from tests.gateway.conftest import Journal, chat


def post(
    gateway: GatewayProcess, headers: dict[str, str], path: str = "/chat/completions", model: str = "sim-small"
) -> httpx.Response:
    body = chat(model, max_tokens=5)
    return httpx.post(gateway.base_url + path, json=body, headers=headers)


@pytest.mark.parametrize("header", ["authorization", "x-api-key", "api-key"])
@pytest.mark.parametrize("path", ["/chat/completions", "/messages"])
def test_takes_the_key_from_any_of_its_headers(gateway: GatewayProcess, header: str, path: str) -> None:
    value = f"Bearer {gateway.secret}" if header == "authorization" else gateway.secret
    assert post(gateway, {header: value}, path).status_code == 200


@pytest.mark.parametrize(
    ("headers", "begins"),
    [
        ({}, "You didn't provide an API key."),
        ({"authorization": "Basic dTpw"}, "You didn't provide an API key."),
        ({"cookie": "dwctl_session=x"}, "You didn't provide an API key."),
        ({"authorization": "Bearer sk-wrong-wrong-wrong-1234"}, "Incorrect API key provided: sk-…1234"),
        ({"x-api-key": "nonsense"}, "Incorrect API key provided"),
        ({"authorization": f"Bearer {EXPIRED}"}, "Incorrect API key provided: sk-…eeee. It has expired"),
    ],
)
def test_refuses_a_missing_wrong_or_expired_key(gateway: GatewayProcess, headers: dict[str, str], begins: str) -> None:
    answer = post(gateway, headers)
    error = answer.json()["error"]
    assert answer.status_code == 401
    assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", "invalid_api_key", None)
    assert error["message"].startswith(begins)
    answer = post(gateway, headers, "/messages")
    assert answer.status_code == 401
    body = answer.json()
    assert (body["type"], body["error"]["type"]) == ("error", "authentication_error")
    assert body["request_id"] == answer.headers["x-request-id"] == answer.headers["request-id"]


def test_a_bad_key_is_refused_before_the_body_comes(gateway: GatewayProcess) -> None:
    import socket

    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        connection.sendall(
            b"POST /ai/v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sk-no\r\n"
            b"expect: 100-continue\r\ncontent-length: 50000000\r\n\r\n"
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 401 ")


def test_refuses_a_platform_key(gateway: GatewayProcess) -> None:
    answer = post(gateway, {"authorization": f"Bearer {PLATFORM}"})
    assert answer.status_code == 403
    assert "purpose 'platform' cannot be used for inference" in answer.json()["error"]["message"]


@pytest.mark.parametrize(("key", "model"), [(None, "secret-model"), (OUTSIDER, "sim-small"), (RESTRICTED, "sim-embed")])
def test_refuses_a_model_that_exists_and_is_not_granted(gateway: GatewayProcess, key: str | None, model: str) -> None:
    headers = {"authorization": f"Bearer {key or gateway.secret}"}
    answer = post(gateway, headers, model=model)
    error = answer.json()["error"]
    assert answer.status_code == 403
    assert (error["type"], error["code"], error["param"]) == ("permission_error", "model_access_denied", "model")
    answer = post(gateway, headers, "/messages", model)
    assert (answer.status_code, answer.json()["error"]["type"]) == (403, "permission_error")


def test_a_key_may_call_what_its_own_list_names(gateway: GatewayProcess) -> None:
    assert post(gateway, {"authorization": f"Bearer {RESTRICTED}"}).status_code == 200


def test_an_unknown_model_is_not_found(gateway: GatewayProcess) -> None:
    headers = {"authorization": f"Bearer {gateway.secret}"}
    answer = post(gateway, headers, model="no-such-model")
    error = answer.json()["error"]
    assert answer.status_code == 404
    assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", "model_not_found", "model")
    assert error["message"].startswith("The model `no-such-model` does not exist or you do not have access to it.")
    answer = post(gateway, headers, "/messages", "no-such-model")
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found_error")


def test_nothing_that_was_refused_is_accounted_for(gateway: GatewayProcess, journal: Journal) -> None:
    before = len(journal.records())
    post(gateway, {})
    post(gateway, {"authorization": f"Bearer {gateway.secret}"}, model="secret-model")
    with journal.admitted() as ends:
        post(gateway, {"authorization": f"Bearer {gateway.secret}"})
    assert len(journal.records()) == before + 2
    assert ends[0].status == 200


@pytest.mark.parametrize("value", ["my-id-1", "bad id", "x" * 200])
def test_every_answer_carries_a_request_id_the_callers_own_when_sane(gateway: GatewayProcess, value: str) -> None:
    for headers in ({}, {"authorization": f"Bearer {gateway.secret}"}):
        answer = post(gateway, {**headers, "x-request-id": value})
        assert (answer.headers["x-request-id"] == value) == (value == "my-id-1")
        assert answer.headers["x-request-id"]


def test_each_request_of_a_connection_is_its_own_callers(gateway: GatewayProcess) -> None:
    keys = [gateway.secret, gateway.secret, EXPIRED, gateway.secret, OUTSIDER, OUTSIDER, gateway.secret]
    with httpx.Client() as client:
        answers = [
            client.post(
                gateway.base_url + "/chat/completions",
                json=chat("sim-small", max_tokens=5),
                headers={"authorization": f"Bearer {key}"},
            )
            for key in keys
        ]
        assert len({answer.extensions["network_stream"].get_extra_info("client_addr") for answer in answers}) == 1
    assert [answer.status_code for answer in answers] == [200, 200, 401, 200, 403, 403, 200]
    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)
