"""`make screenshots`: pictures of every page of the dashboard, full and empty, in `dashboard/screenshots`."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from pathlib import Path

import httpx
from tests.dashboard.journeys import travel
from tests.running import ADMIN_EMAIL, ADMIN_PASSWORD, Instance, running, until

_PICTURES = Path(__file__).parents[2] / "dashboard" / "screenshots"
_PROVIDERS = {
    "OpenAI": ("gpt-5.2", "gpt-5.2-mini", "o4-mini", "text-embedding-3-large"),
    "Anthropic": ("claude-opus-4-7", "claude-sonnet-4-6", "claude-haiku-4-5"),
    "Mistral": ("mistral-large-3", "codestral-2", "mistral-embed"),
    "Our own GPUs": ("qwen3-235b-instruct", "llama-4-maverick", "bge-reranker-v2", "gpt-oss-120b"),
}
_KEYS: dict[str, dict[str, object]] = {
    "support bot": {"expires_at": "2030-01-01T00:00:00Z"},
    "ci": {"spend_limit": "50", "spend_limit_interval": "monthly"},
    "laptop of Ada": {"models": ["sim-small", "sim-large"]},
    "nightly evaluation": {"spend_limit": "200", "requests_per_second": 5},
    "search index": {"models": ["text-embedding-3-large"], "expires_at": "2031-06-01T00:00:00Z"},
    "billing export": {"purpose": "platform"},
    "old prototype": {},
}
_PEOPLE: tuple[tuple[str, list[str]], ...] = (
    ("Ada Lovelace", ["PlatformManager"]),
    ("Grace Hopper", ["RequestViewer", "BatchAPIUser"]),
    ("Alan Turing", []),
    ("Katherine Johnson", ["BillingManager"]),
    ("Edsger Dijkstra", []),
    ("Barbara Liskov", ["BatchAPIUser"]),
    ("Donald Knuth", []),
    ("Margaret Hamilton", ["BackgroundInferenceUser"]),
)
_GROUPS = ("Support", "Research", "Finance", "Legal", "Marketing", "Platform team", "Trainees", "Night shift")
_USED = {"support bot", "laptop of Ada", "old prototype"}
_REQUESTS = 240


def main() -> None:
    """Starts an instance, fills it, and takes the pictures."""
    directory = Path(tempfile.mkdtemp(prefix="screenshots-"))
    environment = {
        "CONTROL_LAYER_AUTH__NATIVE__ALLOW_REGISTRATION": "true",
        "CONTROL_LAYER_METADATA__TITLE": "Control Layer",
    }
    try:
        with running(directory, "--demo", environment=environment) as instance:
            _fill(instance)
            travel(instance, ADMIN_EMAIL, ADMIN_PASSWORD, "screenshots", pictures=_PICTURES)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{len(list(_PICTURES.glob('*.png')))} pictures are in {_PICTURES}")


def _fill(instance: Instance) -> None:
    groups = _people(instance)
    for number, (provider, models) in enumerate(_PROVIDERS.items()):
        instance.connect_provider("http://127.0.0.1:9/v1", list(models), name=provider)
        for model in instance.api("GET", f"/models?search={provider}&limit=100")["data"]:
            price = 0.0000005 * (1 + len(model["alias"]) % 7)
            changes = {
                "description": f"{model['alias']}, hosted by {provider}.",
                "capabilities": ["vision", "tools"] if number < 2 else ["tools"],
                "metadata": {"provider": provider, "context_window": 200_000},
                "tariffs": [
                    {
                        "name": "Standard",
                        "api_key_purpose": "realtime",
                        "input_price_per_token": f"{price:.9f}",
                        "output_price_per_token": f"{price * 4:.9f}",
                    }
                ],
            }
            instance.api("PATCH", f"/models/{model['id']}", changes)
            instance.api("POST", f"/groups/{groups[number % 2]}/models/{model['id']}", status=204)
    keys = [instance.make_key(name, user_id="current", **fields) for name, fields in _KEYS.items()]
    _use(instance, [key["key"] for key in keys if key["name"] in _USED])


def _people(instance: Instance) -> list[str]:
    """Accounts in groups; the groups' ids."""
    groups = [
        instance.api("POST", "/groups", {"name": name, "description": f"Everybody in {name.lower()}"}, status=201)["id"]
        for name in _GROUPS
    ]
    for number, (name, roles) in enumerate(_PEOPLE):
        email = f"{name.split()[0].lower()}@example.org"
        body = {"username": email, "email": email, "display_name": name, "roles": roles, "auth_source": "native"}
        user = instance.api("POST", "/users", body, status=201)["id"]
        for group in groups[number % 3 :: 3]:
            instance.api("POST", f"/groups/{group}/users/{user}", status=204)
        instance.make_key("laptop", user_id=user)
    return groups


def _use(instance: Instance, secrets: list[str]) -> None:
    """Real requests, so that there is something to see."""
    for secret in secrets:
        instance.wait_callable(secret, "sim-small")
    with httpx.Client(base_url=instance.base_url, timeout=30.0) as client:
        for number, secret in zip(range(_REQUESTS), itertools.cycle(secrets), strict=False):
            model = ("sim-small", "sim-large")[number % 3 == 0]
            body = {"model": model, "messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 20}
            answer = client.post("/chat/completions", json=body, headers={"authorization": f"Bearer {secret}"})
            assert answer.status_code == 200, answer.text
    until(lambda: instance.sql("SELECT count(*) AS n FROM requests")[0]["n"] >= _REQUESTS)


if __name__ == "__main__":
    main()
