"""`make screenshots`: pictures of every page of the dashboard, full and empty, in `dashboard/screenshots`."""

from __future__ import annotations

import itertools
import random
import shutil
import tempfile
from pathlib import Path

import httpx
from tests.control.management import NIL
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
    "laptop of Ada": {"models": ["sim-small", "sim-large", "assistant"]},
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
_REQUESTS = 30
_RUNS = """
INSERT INTO probe_results (id, probe_id, executed_at, success, response_time_ms, status_code, error_message)
SELECT gen_random_uuid(), $1, at, ok, 200 + (random() * 600)::int, CASE WHEN ok THEN 200 ELSE 503 END,
       CASE WHEN NOT ok THEN 'HTTP 503 - overloaded' END
FROM (SELECT now() - make_interval(mins => 15 * n) AS at,
             NOT EXISTS (SELECT FROM unnest($2::int[]) AS failed WHERE n BETWEEN failed AND failed + 5) AS ok
      FROM generate_series(0, 2880) AS n) AS runs
"""


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
    _watch(instance)
    _compose(instance)
    credit = {"transaction_type": "admin_grant", "amount": "100", "source_id": "pictures"}
    instance.api(
        "POST", "/transactions", {"user_id": instance.api("GET", "/users/current")["id"], **credit}, status=201
    )
    keys = [instance.make_key(name, user_id="current", **fields) for name, fields in _KEYS.items()]
    _budget(instance, groups[0], keys[0]["id"])
    _settle(instance)
    _use(instance, [key["key"] for key in keys if key["name"] in _USED])
    _remember(instance)


def _budget(instance: Instance, group: str, key: str) -> None:
    """Budgets of several kinds, one of which is used up, and movements on the account."""
    me = instance.api("GET", "/users/current")["id"]
    for name, scope, scope_id, amount, more in (
        ("The whole instance", "group", NIL, "5000", {}),
        ("Support, monthly", "group", group, "250", {"enforcement": "spent"}),
        ("My own", "user", me, "0.002", {"period": "week", "enforcement": "alert"}),
        ("The bot", "key", key, "20", {"period": "day", "rolling": True}),
    ):
        body = {"name": name, "scope": scope, "scope_id": scope_id, "amount": amount, "period": "month", **more}
        instance.api("POST", "/budgets", body, status=201)
    for number, (kind, amount, why) in enumerate(
        (("admin_grant", "50", "For the workshop"), ("admin_removal", "12.5", "Booked twice"))
    ):
        move = {"transaction_type": kind, "amount": amount, "source_id": f"pictures-{number}", "description": why}
        instance.api("POST", "/transactions", {"user_id": me, **move}, status=201)


def _people(instance: Instance) -> list[str]:
    """Accounts in groups; the groups' ids."""
    groups = [
        instance.api("POST", "/groups", {"name": name, "description": f"Everybody in {name.lower()}"}, status=201)["id"]
        for name in _GROUPS
    ]
    for number, (name, roles) in enumerate(_PEOPLE):
        email = f"{name.split()[0].lower()}@example.org"
        body = {"username": email, "email": email, "display_name": name, "roles": roles, "sign_in": "password"}
        user = instance.api("POST", "/users", body, status=201)["id"]
        for group in groups[number % 3 :: 3]:
            instance.api("POST", f"/groups/{group}/users/{user}", status=204)
        instance.make_key("laptop", user_id=user)
    return groups


def _watch(instance: Instance) -> None:
    """Probes with a month of runs, some of which failed."""
    models = instance.api("GET", "/models?limit=100&sort=alias")["data"]
    for number, model in enumerate(models[:-2]):
        body = {"name": model["alias"], "deployment_id": model["id"], "interval_seconds": 86400}
        probe = instance.api("POST", "/probes", body, status=201)["id"]
        if number % 7 == 5:
            instance.api("PATCH", f"/probes/{probe}/deactivate")
        instance.sql(_RUNS, probe, random.Random(number).sample(range(1, 2800), number % 4))


def _compose(instance: Instance) -> None:
    """A composite model, with prices that were others once."""
    body = {"type": "composite", "model_name": "assistant", "model_type": "CHAT", "display_name": "Assistant"}
    made = instance.api("POST", "/models", body)["id"]
    parts = {model["alias"]: model["id"] for model in instance.api("GET", "/models?limit=100")["data"]}
    for alias, weight in (("sim-small", 6), ("sim-large", 3), ("claude-sonnet-4-6", 1)):
        instance.api("POST", f"/models/{made}/components/{parts[alias]}", {"weight": weight})
    instance.api("PATCH", f"/models/{made}/components/{parts['claude-sonnet-4-6']}", {"enabled": False})
    instance.api("POST", f"/groups/{NIL}/models/{made}", status=204)
    for read, said in (("0.000004", "0.000016"), ("0.000003", "0.000012"), ("0.0000025", "0.00001")):
        prices = {"input_price_per_token": read, "output_price_per_token": said}
        tariff = {"name": "Standard", "api_key_purpose": "realtime", **prices}
        for model_id in (made, parts["sim-small"]):
            instance.api("PATCH", f"/models/{model_id}", {"tariffs": [tariff]})


def _settle(instance: Instance) -> None:
    """Guardrails, limits, a redaction rule, and webhooks of which one hears nothing."""
    for name, kind, stage, fields in (
        ("No card numbers", "deny_pattern", "both", {"pattern": r"\b4[0-9]{15}\b"}),
        ("Addresses", "redact", "request", {"pattern": r"[\w.]+@[\w.]+", "replacement": "[address]"}),
        ("Moderation", "external", "answer", {"url": "https://moderation.example.org/check", "fail": "open"}),
    ):
        body = {"name": name, "kind": kind, "stage": stage, "enabled": kind != "external", **fields}
        instance.api("POST", "/guardrails", body, status=201)
    everyone = {"scope": "group", "scope_id": NIL}
    for limit in (
        {"name": "Whole instance", "kind": "requests", "amount": 5000, "per": "second"},
        {"name": "Tokens of all", "kind": "tokens", "amount": 90_000_000, "per": "day"},
        {"name": "At a time", "kind": "concurrency", "amount": 400, "queue_seconds": 2.5},
        {"name": "Voice", "kind": "session_minutes", "amount": 600, "per": "day"},
    ):
        instance.api("POST", "/rate-limits", {**everyone, **limit}, status=201)
    rule = {"name": "employee_ids", "pattern": r"\bEMP-[0-9]{6}\b"}
    instance.api("POST", "/redaction-rules", rule, status=201)
    for url, scope in (("https://example.org/hooks/batches", "own"), ("http://127.0.0.1:9/hook", "platform")):
        instance.api("POST", "/users/current/webhooks", {"url": url, "scope": scope}, status=201)


def _use(instance: Instance, secrets: list[str]) -> None:
    """Real requests, so that there is something to see."""
    for secret in secrets:
        instance.wait_callable(secret, "assistant")
    with httpx.Client(base_url=instance.base_url, timeout=30.0) as client:
        for number, secret in zip(range(_REQUESTS), itertools.cycle(secrets), strict=False):
            model = ("sim-small", "sim-large", "assistant")[number % 3]
            body = {"model": model, "messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 20}
            answer = client.post("/chat/completions", json=body, headers={"authorization": f"Bearer {secret}"})
            assert answer.status_code == 200, answer.text
    until(lambda: instance.sql("SELECT count(*) AS n FROM requests")[0]["n"] >= _REQUESTS)


def _remember(instance: Instance) -> None:
    """The same requests on the days before, more on some than on others, of other models, and some that failed."""
    columns = instance.sql(
        "SELECT string_agg(column_name, ', ' ORDER BY ordinal_position) AS names FROM information_schema.columns "
        "WHERE table_name = 'requests' AND column_name NOT IN ('sequence')"
    )[0]["names"]
    changed = {
        "id": "gen_random_uuid()",
        "at": "at - hours * interval '1 hour' - random() * interval '1 hour'",
        "model": "(ARRAY['gpt-5.2', 'claude-sonnet-4-6', 'mistral-large-3', model])[1 + (random() * 3)::int]",
        "status": "CASE WHEN random() < 0.03 THEN 502 WHEN random() < 0.04 THEN 429 ELSE status END",
        "stream": "random() < 0.5",
        "first_byte_seconds": "0.12 + random() ^ 4 * 2",
        "duration_seconds": "0.4 + random() ^ 3 * 9",
        "input_tokens": "(200 + random() * 4000)::int",
        "output_tokens": "(20 + random() * 900)::int",
        "cost": "(random() / 50)::numeric(12, 6)",
        "cache": "CASE WHEN random() < 0.3 THEN 'hit' WHEN random() < 0.5 THEN 'miss' END",
    }
    chosen = ", ".join(changed.get(name, name) for name in columns.split(", "))
    copies = (
        f"INSERT INTO requests ({columns}) SELECT {chosen} FROM requests, generate_series(1, 1000) AS hours "  # noqa: S608
        "WHERE random() < 0.16 + 0.4 * (1 + sin(hours * pi() / 12)) + 0 * sequence RETURNING at, id"
    )
    folded = "INSERT INTO unfolded_requests (at, id, lost) SELECT at, id, 0 FROM copies"
    instance.sql(f"WITH copies AS ({copies}) {folded}")
    until(lambda: instance.sql("SELECT count(*) AS n FROM unfolded_requests")[0]["n"] == 0, seconds=60.0)


if __name__ == "__main__":
    main()
