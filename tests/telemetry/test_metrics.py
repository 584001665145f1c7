"""The page of metrics, and what reads it: dashboard and alerts name what is there, in words that Prometheus knows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from tests.running import until
from tests.telemetry.conftest import Watched

pytestmark = pytest.mark.server

_OPS = Path(__file__).parents[2] / "ops"
_DASHBOARD = json.loads((_OPS / "grafana" / "control-layer.json").read_text())
_ALERTS = yaml.safe_load((_OPS / "prometheus" / "alerts.yml").read_text())
_RULES = [rule for group in _ALERTS["groups"] for rule in group["rules"]]
_VARIABLES = {variable["name"]: variable for variable in _DASHBOARD["templating"]["list"]}
_MANUAL = (_OPS.parent / "docs" / "telemetry.md").read_text()


def _panel_queries() -> Iterator[tuple[str, str]]:
    for panel in _DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


def _readable(expression: str) -> str:
    """What Grafana asks Prometheus for all instances, models and endpoints."""
    filled = expression.replace("$__rate_interval", "5m")
    for name in _VARIABLES:
        filled = filled.replace(f"${name}", ".*")
    return filled


def _selectors(expression: str) -> list[promql_parser.VectorSelector]:
    """Raises `ValueError` for what is no PromQL."""
    found: list[promql_parser.VectorSelector] = []

    def note(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.MatrixSelector):
            found.append(node.vector_selector)
        elif isinstance(node, promql_parser.VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(expression), note)
    return found


_EXPRESSIONS = [
    *(pytest.param(rule["expr"], id=rule["alert"]) for rule in _RULES),
    *(pytest.param(_readable(expression), id=title) for title, expression in _panel_queries()),
]


@pytest.fixture(scope="module")
def page(watched: Watched) -> dict[str, dict[str, set[str]]]:
    """Each metric of the page after a little traffic of every kind: its labels and their values."""

    def chat(model: str) -> None:
        body = {"model": model, "messages": [{"role": "user", "content": "x"}]}
        watched.call("/chat/completions", body)

    def metric_after(model: str, name: str) -> float | None:
        chat(model)
        return watched.instance.metric(name)

    for model in ("sim-small", "sim-reasoning", "sim-no-usage", "sim-error-500", "dead", "no-such-model"):
        chat(model)
    watched.keep_answers("sim-no-usage")
    until(lambda: metric_after("sim-no-usage", "control_layer_cache_saved_tokens_total"))
    guardrail = {"name": "nobody", "kind": "external", "url": "http://127.0.0.1:9/", "fail": "open"}
    watched.instance.api("POST", "/guardrails", guardrail, status=201)
    until(lambda: metric_after("sim-small", "control_layer_guardrail_checks_total"))
    watched.limit("sim-reasoning")
    until(lambda: metric_after("sim-reasoning", "control_layer_limited_requests_total"))
    until(lambda: metric_after("dead", "control_layer_resting_deployments"))
    until(lambda: watched.instance.metric("control_layer_refused_requests_total"))
    until(lambda: watched.instance.metric("control_layer_recorded_requests_total"))
    metrics: dict[str, dict[str, set[str]]] = {}
    text = httpx.get(watched.instance.metrics_address, timeout=30.0).text
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = metrics.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                labels.setdefault(label, set()).add(value)
    return metrics


@pytest.mark.parametrize("expression", _EXPRESSIONS)
def test_what_is_asked_for_is_there(page: dict[str, dict[str, set[str]]], expression: str) -> None:
    """That it is PromQL, that its metrics exist, and that they have the labels by which they are told apart."""
    selectors = _selectors(expression)
    assert selectors
    for selector in selectors:
        assert selector.name in page
        for matcher in selector.matchers.matchers:
            # Prometheus itself adds the instance.
            assert matcher.name == "instance" or matcher.name in page[selector.name], (selector.name, matcher.name)
    labels = {label for selector in selectors for label in page[selector.name or ""]}
    grouped = re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", expression)
    for label in {label.strip() for names in grouped for label in names.split(",")}:
        assert label == "instance" or label in labels, label


@pytest.mark.parametrize("variable", [v for v in _VARIABLES.values() if v["type"] == "query"], ids=lambda v: v["name"])
def test_what_the_dashboard_can_be_narrowed_to_is_there(
    page: dict[str, dict[str, set[str]]], variable: dict[str, Any]
) -> None:
    match = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"])
    assert match is not None
    metric, label = match.groups()
    assert label == "instance" or page[metric][label]


def test_the_dashboard_can_be_imported() -> None:
    panels = _DASHBOARD["panels"]
    assert _DASHBOARD["uid"] == "control-layer"
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [_squares(panel["gridPos"]) for panel in panels]
    assert sum(map(len, places)) == len(set().union(*places)), "panels lie on each other"
    for panel in panels:
        if panel["type"] != "row":
            assert panel["datasource"]["uid"] == "${datasource}", "it must not name somebody's own data source"
    used = {name for _, expression in _panel_queries() for name in re.findall(r"\$(\w+)", expression)}
    assert used - {"__rate_interval"} <= _VARIABLES.keys()


def _squares(place: dict[str, int]) -> set[tuple[int, int]]:
    columns = range(place["x"], place["x"] + place["w"])
    assert columns[-1] < 24
    return {(x, y) for x in columns for y in range(place["y"], place["y"] + place["h"])}


def test_alerts_say_what_to_do() -> None:
    assert len({rule["alert"] for rule in _RULES}) == len(_RULES)
    for rule in _RULES:
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert rule["annotations"].keys() == {"summary", "description"}
        assert f"`{rule['alert']}`" in _MANUAL, rule["alert"]
        told = re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values()))
        kept = re.search(r"\bby \(([^)]*)\)", rule["expr"])
        if kept is not None:
            assert set(told) <= {label.strip() for label in kept[1].split(",")}, rule["alert"]


def test_every_metric_is_in_the_manual_and_named_as_is_usual(page: dict[str, dict[str, set[str]]]) -> None:
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in page}
    in_manual = set(re.findall(r"`(control_layer_\w+)`", _MANUAL))
    assert families == in_manual
    for name in families:
        assert re.fullmatch(r"control_layer_[a-z_]+", name)
        assert not re.search(r"_(ms|millis|milliseconds|kb|mb|percent)(_|$)", name), "base units"


def test_no_key_and_no_user_is_a_label(page: dict[str, dict[str, set[str]]], watched: Watched) -> None:
    labels = {label for of_metric in page.values() for label in of_metric}
    assert labels <= {
        "code", "endpoint", "kind", "le", "model", "outcome", "part", "process", "result", "rule", "scope", "sink",
        "source", "stage", "state", "status", "table", "version",
    }  # fmt: skip
    assert "no-such-model" not in page["control_layer_requests_total"]["model"]
    results = page["control_layer_attempts_total"]["result"]
    assert {"ok", "status_500", "connect_failed"} <= results


def test_the_page_has_both_its_names(watched: Watched) -> None:
    address = watched.instance.metrics_address
    assert httpx.get(address.replace("/metrics", "/internal/metrics")).status_code == 200
    assert httpx.get(address.replace("/metrics", "/internal")).status_code == 404
