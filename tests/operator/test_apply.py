"""`apply` and `export` at a running instance: what a file says comes true, and nothing else happens."""

from __future__ import annotations

import copy
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.operator.conftest import Operator, operator_of
from tests.running import Instance, running

pytestmark = pytest.mark.server

_CREDENTIAL = "sk-the-providers-own-credential"
_PENDING = 4


def _company(name: str) -> dict[str, Any]:
    """A state of every kind, all of whose names begin with `name`."""
    return {
        "endpoints": {
            f"{name}-provider": {
                "url": "HTTP://Provider.example:80/v1",
                "description": "Ours",
                "credential": {"env": "PROVIDER_CREDENTIAL"},
                "dialect": "azure",
                "options": {"api_version": "preview", "quirks": ["no_stream_options"]},
                "auth_header_name": "X-Provider-Key",
                "auth_header_prefix": "",
            }
        },
        "models": {
            # The composite model and the redirect stand before what they need.
            f"{name}-mix": {
                "components": [
                    {"model": f"{name}-small", "weight": 10},
                    {"model": f"{name}-large", "weight": 90, "enabled": False},
                ],
                "lb_strategy": "priority",
                "fallback_on_status": [500, 503],
                "fallback_max_attempts": 2,
                "traffic_policy": {
                    "sticky": "session",
                    "canary": {"component": f"{name}-large", "percent": 5},
                    "on_context_overflow": f"{name}-large",
                    "timeouts": {"idle": 30},
                    "hedging": {"after_percentile": 95},
                },
                "traffic_routing_rules": [
                    {"api_key_purpose": "batch", "action": {"type": "redirect", "target": f"{name}-small"}}
                ],
            },
            f"{name}-small": {
                "endpoint": f"{name}-provider",
                "model_name": "provider/small",
                "model_type": "CHAT",
                "requests_per_second": 5,
                "burst_size": 10,
                "capacity": 3,
                "capabilities": ["vision"],
                "provider_pricing": {"mode": "per_token", "input_price_per_token": 0.0000001},
                "tariffs": [
                    {"name": "Std", "input_price_per_token": "2.5e-6", "output_price_per_token": 0.00001}
                    | {"api_key_purpose": "realtime", "audio_input_price_per_token": "4e-5", "price_per_request": 0.01}
                ],
                "metadata": {"provider": "Example", "released_at": "2026-01-31", "extra": {"licence": "MIT"}},
            },
            f"{name}-large": {
                "endpoint": f"{name}-provider",
                "backoff_enabled": True,
                "backoff_max_total_ms": 9000,
                "traffic_policy": {
                    "caching": {"ttl_seconds": 60, "scope": "user", "shared": True},
                    "fallback": {"max_wasted_cost": 0.5, "max_wasted_percent": "2.50"},
                    "breaker": {"failures": 3},
                },
                "allowed_batch_completion_windows": [],
            },
        },
        "groups": {
            f"{name}-engineers": {
                "description": "They build",
                "members": [f"{name}-jo@example.org", f"{name}-al"],
                "models": [f"{name}-mix", f"{name}-small"],
            },
            f"{name}-guests": {"models": []},
        },
        "users": {
            f"{name}-jo@example.org": {"username": f"{name}-jo", "roles": ["BillingManager"], "display_name": "Jo"},
            f"{name}-al": {"email": f"{name}-al@example.org", "zero_data_retention": True},
        },
        "keys": {
            f"{name}-jo@example.org": {
                "ci": {"description": "For CI", "models": [f"{name}-small"], "requests_per_second": 2.5}
                | {"caching": "off"},
                "ops": {
                    "purpose": "platform",
                    "expires_at": "2031-01-01T00:00:00+02:00",
                    "zero_data_retention": True,
                },
            }
        },
        "guardrails": {
            f"{name}-cards": {
                "kind": "redact",
                "pattern": "4[0-9]{15}",
                "stage": "both",
                "window_characters": 64,
                "models": [f"{name}-small", f"{name}-mix"],
            },
            f"{name}-check": {
                "kind": "external",
                "url": "HTTPS://Check.example:443",
                "groups": [f"{name}-engineers", "Everyone"],
                "fail": "open",
                "secret": {"env": "CHECK_SECRET"},
            },
        },
        "rate_limits": {
            "groups": {f"{name}-engineers": {"Tokens": {"kind": "tokens", "amount": 100000, "per": "minute"}}},
            "models": {f"{name}-mix": {"At once": {"kind": "concurrency", "amount": 9, "queue_seconds": 2}}},
            "users": {f"{name}-jo@example.org": {"Voice": {"kind": "session_minutes", "amount": 60, "per": "day"}}},
            "keys": {f"{name}-jo": {"ci": {"Daily": {"kind": "requests", "amount": 50, "per": "day", "burst": 5}}}},
        },
        "budgets": {
            "users": {f"{name}-al@example.org": {"Monthly": {"amount": "12.5", "period": "month", "rolling": True}}},
            "groups": {f"{name}-guests": {"All": {"amount": 100, "period": "total", "alert_thresholds": [1, 0.5]}}},
        },
        "probes": {
            f"{name}-small is up": {
                "model": f"{name}-small",
                "interval_seconds": 3600,
                "active": False,
                "request_path": "/v1/embeddings",
                "request_body": {"model": f"{name}-small", "input": "x"},
            }
        },
    }


def _changed(name: str) -> dict[str, Any]:
    """The same with something different in every kind."""
    state = _company(name)
    endpoint = state["endpoints"][f"{name}-provider"]
    endpoint.update(url="http://elsewhere.example/v1", verify_tls=False)
    for field in ("description", "auth_header_name", "options"):
        del endpoint[field]
    endpoint["dialect"] = "azure"
    mix, small = state["models"][f"{name}-mix"], state["models"][f"{name}-small"]
    mix["components"] = [{"model": f"{name}-large", "weight": 5}, {"model": f"{name}-new"}, {"model": f"{name}-small"}]
    mix["traffic_routing_rules"][0]["action"]["target"] = f"{name}-new"
    state["models"][f"{name}-new"] = {"endpoint": f"{name}-provider", "model_name": "provider/new"}
    for field in ("requests_per_second", "capabilities", "provider_pricing", "tariffs", "metadata"):
        del small[field]
    small["description"] = "Smaller"
    state["models"][f"{name}-large"] = {"endpoint": f"{name}-provider", "trusted": True}
    group = state["groups"][f"{name}-engineers"]
    group.update(members=[f"{name}-new@example.org"], models=[f"{name}-large"])
    del group["description"]
    state["users"][f"{name}-new@example.org"] = {}
    state["users"][f"{name}-jo@example.org"]["roles"] = ["RequestViewer", "BatchAPIUser"]
    keys = state["keys"][f"{name}-jo@example.org"]
    keys["ci"].update(models=[f"{name}-new"], requests_per_second=3)
    del keys["ops"]["expires_at"]
    mix["traffic_policy"] = {"balancing": "least_busy", "canary": {"component": f"{name}-new", "percent": 1}}
    cards, check = state["guardrails"][f"{name}-cards"], state["guardrails"][f"{name}-check"]
    cards.update(enabled=False, replacement="[a card]", models=[f"{name}-new"])
    check.update(url="https://elsewhere.example/check", timeout_ms=50, whole_stream=True)
    del check["groups"], cards["window_characters"]
    limits = state["rate_limits"]
    limits["groups"][f"{name}-engineers"]["Tokens"].update(amount=5, per="day")
    del limits["models"][f"{name}-mix"]["At once"]["queue_seconds"]
    del limits["keys"][f"{name}-jo"]["ci"]["Daily"]["burst"]
    limits["users"][f"{name}-jo@example.org"]["Voice"].update(amount=90)
    limits["groups"][f"{name}-guests"] = {"Tokens": {"kind": "requests", "amount": 1, "per": "second"}}
    state["budgets"]["users"][f"{name}-al@example.org"]["Monthly"].update(amount=13, enforcement="alert")
    state["probes"][f"{name}-small is up"].update(interval_seconds=60, active=True, http_method="PUT")
    return state


def _apply(operator: Operator, state: object, *options: str, status: int = 0) -> str:
    return operator.apply(
        state, *options, status=status, PROVIDER_CREDENTIAL=_CREDENTIAL, CHECK_SECRET="the-services-own-secret"
    )


def test_every_kind_is_made_changed_and_then_as_the_file_says(instance: Instance, operator: Operator) -> None:
    for state in (_company("life"), _changed("life"), _company("life")):
        foreseen = _apply(operator, state, "--dry-run", status=_PENDING)
        assert "to create" in foreseen
        _apply(operator, state)
        assert "No changes" in _apply(operator, state, "--dry-run")
        assert "No changes" in _apply(operator, state)
    mix = next(model for model in instance.api("GET", "/models?search=life-mix&include=components")["data"])
    parts = [(part["model"]["alias"], part["weight"], part["enabled"]) for part in mix["components"]]
    assert parts == [("life-small", 10, True), ("life-large", 90, False)]
    assert mix["fallback"]["on_status"] == [500, 503]


def test_a_dry_run_changes_nothing_and_needs_no_credential(operator: Operator) -> None:
    before = operator.export()
    shown = operator.apply(_company("dry"), "--dry-run", status=_PENDING)
    assert "from $PROVIDER_CREDENTIAL" in shown
    assert operator.export() == before


def test_the_difference_is_shown_field_by_field(operator: Operator) -> None:
    _apply(operator, _company("diff"))
    lines = [line.strip() for line in _apply(operator, _changed("diff"), "--dry-run", status=_PENDING).splitlines()]
    for expected in (
        "~ endpoint diff-provider",
        "url: http://provider.example/v1 → http://elsewhere.example/v1",
        "description: Ours → none",
        "requests_per_second: 5.0 → none",
        "+ model diff-new",
        "- BillingManager",
        "+ RequestViewer",
        "~ members of diff-engineers",
        "- diff-jo@example.org",
        "requests_per_second: 2.5 → 3.0",
        "~ guardrail diff-check",
        "secret: from $CHECK_SECRET",
        "replacement: [diff-cards] → [a card]",
        "~ rate limit Tokens of group diff-engineers",
        "amount: 100000 → 5",
        "+ rate limit Tokens of group diff-guests",
        "~ budget Monthly of user diff-al",
        "amount: 12.5 → 13",
        "- {model: diff-small, weight: 10, enabled: true}",
    ):
        assert expected in lines, expected
    (policy,) = (line for line in lines if line.startswith("traffic_policy: {") and "ttl_seconds: 60.0" in line)
    assert "caching: {ttl_seconds: 60.0, scope: user" in policy
    assert policy.endswith("→ none")


def test_prune_removes_what_the_file_lacks_of_the_kinds_it_has(instance: Instance, tmp_path: Path) -> None:
    with running(tmp_path / "instance") as own:
        operator = operator_of(own, tmp_path / "operator")
        _apply(operator, _company("prune"))
        only_groups: dict[str, Any] = {"groups": {"Everyone": {"models": []}}}
        asked = _apply(operator, only_groups, "--prune", status=2)
        assert "--yes" in asked
        assert "prune-guests" in operator.export()["groups"]
        _apply(operator, only_groups, "--prune", "--yes")
        state = operator.export()
        assert list(state["groups"]) == ["Everyone"]
        assert set(state["users"]) == {"prune-jo@example.org", "prune-al@example.org"}
        _apply(operator, {"endpoints": {}, "models": {}, "users": {}}, "--prune", "--yes")
        assert "No changes" in _apply(operator, {"endpoints": {}, "models": {}, "users": {}}, "--prune")
        left = operator.export()
        assert (left["endpoints"], left["models"], left["users"]) == ({}, {}, {})
        # The administrator is the configuration's, and is still there.
        assert len(operator.json("user", "list")) == 1


def test_keys_are_pruned_for_the_owners_that_the_file_names(operator: Operator) -> None:
    state = _company("keys")
    _apply(operator, state)
    fewer = {"keys": {"keys-jo@example.org": {"ci": state["keys"]["keys-jo@example.org"]["ci"]}}}
    shown = _apply(operator, fewer, "--prune", "--yes")
    assert "- key keys-jo@example.org/ops" in shown
    assert list(operator.export("--only", "keys")["keys"]["keys-jo@example.org"]) == ["ci"]


def test_what_was_exported_makes_another_instance_alike(operator: Operator, tmp_path: Path) -> None:
    _apply(operator, _company("export"))
    assert "No changes" in operator.apply(operator.export(), "--dry-run")
    assert operator.run("export").stdout == operator.run("export").stdout
    exported = operator.export()
    # Keys of the first administrator are the first instance's own.
    del exported["keys"]["admin@example.org"]
    secret_of = {**exported["endpoints"], **exported["guardrails"]}.values()
    places = [spec.get("credential") or spec.get("secret") for spec in secret_of]
    names = {place["env"]: _CREDENTIAL for place in places if place is not None}
    with running(tmp_path / "other") as other:
        there = operator_of(other, tmp_path / "there")
        there.environment |= names
        there.apply(exported)
        copied = there.export()
        del copied["keys"]["admin@example.org"]
        assert copied == exported


def test_a_failure_in_the_middle_says_what_was_done_and_the_next_run_completes_it(operator: Operator) -> None:
    state = _company("half")
    broken = copy.deepcopy(state)
    # The server refuses what only it can know: whether the key's end lies in the future.
    broken["keys"]["half-jo@example.org"]["ops"]["expires_at"] = "2001-01-01T00:00:00Z"
    said = _apply(operator, broken, status=1)
    assert "expires_at must lie in the future" in said
    assert "failed    create key half-jo@example.org/ops" in said
    assert "done      create model half-mix" in said
    completed = _apply(operator, state)
    assert "8 to create, 0 to change" in completed  # the key, and what comes after keys
    assert "No changes" in _apply(operator, state)


def test_an_alias_of_a_deleted_model_is_refused_in_words(operator: Operator, instance: Instance) -> None:
    state = {"endpoints": {"gone-provider": {"url": "http://provider.example"}}}
    model = {"models": {"gone": {"endpoint": "gone-provider"}}}
    operator.apply(state | model)
    (found,) = operator.json("model", "list", "--search", "gone")
    instance.api("DELETE", f"/models/{found['id']}")
    assert "choose another" in operator.apply(model, status=1)


def test_secrets_are_printed_once_or_kept_where_only_their_owner_reads(operator: Operator, instance: Instance) -> None:
    state = _company("secret")
    said = _apply(operator, state, "--secrets-file", "secrets")
    kept = operator.directory / "secrets"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    rows = [line.split("\t") for line in kept.read_text().splitlines()]
    assert [row[:2] for row in rows] == [["secret-jo@example.org", "ci"], ["secret-jo@example.org", "ops"]]
    secrets = [row[2] for row in rows]
    state["keys"]["secret-jo@example.org"]["third"] = {}
    printed = _apply(operator, state)
    assert "sk-" in printed
    shown = said + _apply(operator, state) + operator.run("export").stdout + instance.log()
    assert not [secret for secret in [*secrets, _CREDENTIAL] if secret in shown + printed]
    assert "sk-" not in said
    me = operator.run("key", "list", CONTROL_LAYER_API_KEY=secrets[1]).stdout  # the platform key, which is jo's
    assert sorted(line.split("\t")[0] for line in me.splitlines()) == ["ci", "ops", "third"]
    kept.chmod(0o644)
    state["keys"]["secret-jo@example.org"]["fourth"] = {}
    assert "chmod 600" in _apply(operator, state, "--secrets-file", "secrets", status=2)


def test_a_credential_is_read_from_a_file_and_renewed_on_request(operator: Operator, instance: Instance) -> None:
    state = {"endpoints": {"renewed": {"url": "http://provider.example", "credential": {"file": "credential"}}}}
    assert "credential cannot be read" in operator.apply(state, status=2)
    assert "renewed" not in operator.export()["endpoints"]
    (operator.directory / "credential").write_text(_CREDENTIAL + "\n")
    operator.apply(state)
    stored = "SELECT sealed_credential FROM endpoints WHERE name = 'renewed'"
    (first,) = instance.sql(stored)
    assert "No changes" in operator.apply(state)
    assert "credential: from the file credential" in operator.apply(state, "--renew-credentials")
    (second,) = instance.sql(stored)
    assert first["sealed_credential"] != second["sealed_credential"]
    assert _CREDENTIAL.encode() not in second["sealed_credential"]


def test_an_owner_is_known_by_another_name_than_the_files_key(operator: Operator) -> None:
    people = {"alias@example.org": {"username": "alias"}}
    operator.apply({"users": people, "keys": {"alias@example.org": {"ci": {}}}})
    assert "No changes" in operator.apply({"users": people, "keys": {"alias": {"ci": {}}}}, "--dry-run")


def test_limits_budgets_guardrails_and_probes_are_pruned(operator: Operator) -> None:
    state = _company("trim")
    _apply(operator, state)
    keys = operator.export("--only", "rate_limits")["rate_limits"]["keys"]
    fewer: dict[str, Any] = {"guardrails": {}, "budgets": {}, "probes": {}, "rate_limits": {}}
    _apply(operator, fewer, "--prune", "--yes")
    left = operator.export(*(word for name in fewer for word in ("--only", name)))
    # Of keys, those of owners that the file names.
    assert left == {"guardrails": {}, "rate_limits": {"keys": keys}, "budgets": {}, "probes": {}}
    del state["rate_limits"]["keys"]["trim-jo"]["ci"]["Daily"]
    assert "- rate limit Daily of key trim-jo" in _apply(operator, state, "--prune", "--dry-run", status=_PENDING)


def test_a_guardrail_stays_where_it_is_and_a_new_one_comes_last(operator: Operator) -> None:
    rail = {"kind": "deny_pattern", "pattern": "x"}
    operator.apply({"guardrails": {"place-b": rail, "place-a": rail}})
    operator.apply({"guardrails": {"place-c": rail, "place-a": {**rail, "pattern": "y"}, "place-b": rail}})
    listed = operator.export("--only", "guardrails")["guardrails"]
    order = sorted((name for name in listed if name.startswith("place-")), key=lambda name: listed[name]["position"])
    assert order == ["place-b", "place-a", "place-c"]


def test_two_at_once_do_no_harm(operator: Operator) -> None:
    name = operator.write(_company("twice"))
    environment = operator.environment | {"PROVIDER_CREDENTIAL": _CREDENTIAL, "CHECK_SECRET": "secret"}
    command = [sys.executable, "-P", "-m", "control_layer", "apply", "-f", name]
    both = [
        subprocess.Popen(
            command,
            cwd=operator.directory,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=90)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert "".join(outputs).count("shown this once") == 2  # each key was made by one of them
    after = _apply(operator, _company("twice"))
    assert "No changes" in after, outputs


def test_mistakes_in_a_file_are_all_told_by_their_lines(operator: Operator) -> None:
    (operator.directory / "bad.yaml").write_text(
        "endpoint: {}\n"
        "endpoints:\n"
        "  one: {url: http://one, credential: sk-pasted-by-mistake}\n"
        "models:\n"
        "  x: {endpoint: one, modelname: z, requests_per_second: -1}\n"
        "  y: {}\n"
    )
    said = operator.run("apply", "-f", "bad.yaml", status=2).stderr
    assert "bad.yaml, line 1: unknown key 'endpoint'; did you mean 'endpoints'?" in said
    assert "bad.yaml, line 3: endpoints.one.credential" in said
    assert "bad.yaml, line 5: unknown key 'models.x.modelname'; did you mean 'model_name'?" in said
    assert "bad.yaml, line 5: models.x.requests_per_second: it should be greater than 0" in said
    assert "bad.yaml, line 6: models.y: give either" in said
    assert "sk-pasted" not in said
    operator.run("apply", "-f", "nowhere.yaml", status=2)
    operator.run("apply", status=2)


def test_a_person_who_is_not_there_is_a_problem_before_anything_is_done(operator: Operator) -> None:
    operator.run("user", "create", "near@example.org")
    state = {"groups": {"never-made": {"members": ["naer@example.org"]}}}
    assert "did you mean 'near@example.org'?" in operator.apply(state, status=2)
    assert "never-made" not in operator.run("group", "list").stdout


def test_one_json_document_tells_all(operator: Operator) -> None:
    name = operator.write({"users": {"json@example.org": {}}, "keys": {"json@example.org": {"k": {}}}})
    planned = operator.run("apply", "-f", name, "--dry-run", "--json", status=_PENDING)
    assert '"completed"' not in planned.stdout
    done = operator.json("apply", "-f", name)
    assert [(change["action"], change["kind"]) for change in done["changes"]] == [("create", "user"), ("create", "key")]
    assert done["completed"] is True
    assert [key["name"] for key in done["keys"]] == ["k"]
    schema = operator.json("apply", "--schema")
    assert set(schema["properties"]) == {
        *("endpoints", "models", "groups", "users", "keys"),
        *("guardrails", "rate_limits", "budgets", "probes"),
    }
