"""Metrics of several processes on one page."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from control_layer.contract.supervision import Sample
from control_layer.supervisor.metrics_page import exposition


def _values(page: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


def test_counters_of_equal_labels_are_added_and_others_kept_apart() -> None:
    samples = [
        Sample("things_total", "counter", "Things.", {"model": "a"}, 2.0),
        Sample("things_total", "counter", "Things.", {"model": "b"}, 5.0),
        Sample("things_total", "counter", "Things.", {"model": "a"}, 3.0),
    ]
    assert _values(exposition(samples)) == {
        ("things_total", (("model", "a"),)): 5.0,
        ("things_total", (("model", "b"),)): 5.0,
    }


def test_histograms_are_added_bucket_by_bucket() -> None:
    one = Sample("wait_seconds", "histogram", "Waits.", {}, 3.0, 1.5, ((0.1, 1), (1.0, 3), (float("inf"), 3)))
    other = Sample("wait_seconds", "histogram", "Waits.", {}, 2.0, 9.0, ((0.1, 0), (1.0, 1), (float("inf"), 2)))
    values = _values(exposition([one, other]))
    assert values["wait_seconds_bucket", (("le", "0.1"),)] == 1
    assert values["wait_seconds_bucket", (("le", "1.0"),)] == 4
    assert values["wait_seconds_bucket", (("le", "+Inf"),)] == values["wait_seconds_count", ()] == 5
    assert values["wait_seconds_sum", ()] == 10.5


def test_label_values_are_escaped() -> None:
    name = 'quote " backslash \\ line\nbreak'
    values = _values(exposition([Sample("named", "gauge", "Named.", {"model": name}, 1.0)]))
    assert values == {("named", (("model", name),)): 1.0}


def test_the_gauge_of_a_process_and_its_successor_is_not_their_sum() -> None:
    old = Sample("snapshot_version", "gauge", "Version.", {"process": "gateway-0"}, 7.0)
    new = Sample("snapshot_version", "gauge", "Version.", {"process": "gateway-0"}, 8.0)
    assert _values(exposition([old, new])) == {("snapshot_version", (("process", "gateway-0"),)): 8.0}
    connections = [Sample("open_connections", "gauge", "Connections.", {}, 2.0)] * 2
    assert _values(exposition(connections)) == {("open_connections", ()): 4.0}
