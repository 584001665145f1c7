"""What somebody does who has never seen the project: one command, then what it printed, pasted."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import trustme
from openai import OpenAI
from tests.running import Instance, running, until

pytestmark = pytest.mark.server


def test_the_printed_curl_line_works_when_pasted(demo: Instance) -> None:
    (line,) = [line.strip() for line in demo.output().splitlines() if line.strip().startswith("curl ")]
    pasted = subprocess.run(
        ["bash", "-c", f"{line} --silent --show-error"], capture_output=True, text=True, timeout=60, check=True
    )
    events = [event.removeprefix("data: ") for event in pasted.stdout.split("\n\n") if event]
    assert events[-1] == "[DONE]"
    text = "".join(json.loads(event)["choices"][0]["delta"].get("content") or "" for event in events[:-1])
    assert text.startswith("This is a simulated answer")


def test_the_printed_sdk_lines_work_when_pasted(demo: Instance) -> None:
    lines = [line.strip() for line in demo.output().splitlines()]
    program = "\n".join(
        [
            "from openai import OpenAI",
            *(line for line in lines if line.startswith("client = ")),
            *(f"print({line}.choices[0].message.content)" for line in lines if line.startswith("client.chat")),
        ]
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("This is a simulated answer")


def test_a_request_leaves_one_row_with_the_providers_numbers_and_what_was_said(demo: Instance, key: str) -> None:
    client = OpenAI(base_url=demo.base_url, api_key=key)
    raw = client.chat.completions.with_raw_response.create(
        model="sim-small", messages=[{"role": "user", "content": "remember this sentence"}]
    )
    usage = raw.parse().usage
    assert usage is not None
    event_id = raw.headers["x-request-id"]
    (row,) = until(lambda: [row for row in demo.requests(outcome="completed") if str(row["id"]) == event_id])
    assert (row["input_tokens"], row["output_tokens"]) == (usage.prompt_tokens, usage.completion_tokens)
    assert (row["token_source"], row["status"], row["model"], row["stream"]) == ("provider", 200, "sim-small", False)
    (bodies,) = until(lambda: demo.sql("SELECT * FROM request_bodies WHERE request_id = $1", row["id"]))
    assert b"remember this sentence" in bodies["request"]
    assert b"This is a simulated answer" in bodies["response"]
    client.close()


def test_the_printed_password_signs_in_where_it_was_generated(tmp_path: Path) -> None:
    with running(tmp_path, "--demo", environment={"CONTROL_LAYER_ADMIN_PASSWORD": None}) as instance:
        found = re.search(r"Administrator +(\S+)\n +Password +(\S+) +\(shown this once\)", instance.output())
        assert found is not None
        login = {"email": found.group(1), "password": found.group(2)}
        answer = httpx.post(f"{instance.address}/authentication/login", json=login, timeout=30.0)
        assert answer.status_code == 200
        assert answer.json()["user"]["is_admin"]


def test_each_start_gives_the_demonstration_a_fresh_key_and_the_old_one_dies(tmp_path: Path) -> None:
    with running(tmp_path, "--demo") as instance:
        first = re.search(r"sk-\S{43}", instance.output())
        instance.stop()
        instance.start_again()
        second = re.search(r"sk-\S{43}", instance.output())
        assert first is not None
        assert second is not None
        assert first.group(0) != second.group(0)
        for found, status in ((first, 401), (second, 200)):
            headers = {"authorization": f"Bearer {found.group(0)}"}
            assert httpx.get(f"{instance.base_url}/models", headers=headers, timeout=30.0).status_code == status


def test_model_sources_are_connected_once_at_the_first_start(tmp_path: Path, demo: Instance) -> None:
    endpoint = demo.sql("SELECT url FROM endpoints")[0]["url"]
    environment = {"CONTROL_LAYER_MODEL_SOURCES": json.dumps([{"name": "mine", "url": endpoint, "api_key": "wrong"}])}
    with running(tmp_path, environment=environment) as instance:
        until(lambda: "model_source_not_connected" in instance.log())
        assert "wrong" not in instance.log()
        assert instance.api("GET", "/endpoints") == []


def test_clients_can_be_served_over_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    environment = {
        "CONTROL_LAYER_GATEWAY__TLS__CERTIFICATE": str(tmp_path / "server.pem"),
        "CONTROL_LAYER_GATEWAY__TLS__KEY": str(tmp_path / "server.pem"),
    }
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    with running(tmp_path, "--demo", environment=environment) as instance:
        assert instance.address.startswith("https://")
        found = re.search(r"sk-\S{43}", instance.output())
        assert found is not None
        headers = {"authorization": f"Bearer {found.group(0)}"}
        body = {"model": "sim-small", "messages": [{"role": "user", "content": "hello"}]}
        with httpx.Client(verify=trust, headers=headers, timeout=30.0) as client:
            assert client.post(f"{instance.base_url}/chat/completions", json=body).status_code == 200
            assert client.get(f"{instance.address}/healthz").status_code == 200
