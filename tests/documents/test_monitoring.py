"""What monitoring/ gives operators: alert rules with their tests, and a dashboard."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

from keepalive_core.cockpit import families, families_of_cluster
from keepalive_core.cockpit.families import PREFIX, Family
from places import ROOT
from promtool import promtool

MONITORING = ROOT / "monitoring"
RULES = (MONITORING / "keepalive-alerts.yml").read_text()
TESTS = (MONITORING / "keepalive-alerts-test.yml").read_text()
DASHBOARD: dict[str, Any] = json.loads((MONITORING / "keepalive-dashboard.json").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]


def names_of(family: Family) -> set[str]:
    """What Prometheus calls the series of a family."""
    name = PREFIX + family.name
    ends = {"CounterMetricFamily": ["_total"], "HistogramMetricFamily": ["_bucket", "_sum", "_count"]}
    return {name + end for end in ends.get(family.kind.__name__, [""])}


SERIES = set().union(*map(names_of, (*families.FAMILIES, *families_of_cluster.FAMILIES)))


def test_the_alerts_fire_when_they_should() -> None:
    """As keepalive-alerts-test.yml says, and not for maintenance, drain, and what is not known."""
    promtool("check", "rules", MONITORING / "keepalive-alerts.yml")
    promtool("test", "rules", MONITORING / "keepalive-alerts-test.yml")


def test_each_alert_is_tested() -> None:
    """Each one fires in a test, and there is a moment at which it does not."""
    alerts = re.findall(r"- alert: (\w+)", RULES)
    cases = re.findall(r"alertname: (\w+)\n +eval_time: \w+(\n +exp_alerts:)?", TESTS)
    assert len(alerts) == len(set(alerts))
    assert {name for name, fires in cases if fires} == set(alerts)
    assert {name for name, fires in cases if not fires} == set(alerts)
    assert all(
        re.search(rf"alert: {name}\n(.*\n)*? +severity: (critical|warning|info)\n", RULES) for name in alerts
    )


def expressions(found: object) -> Iterator[str]:
    """All expressions of a dashboard."""
    if isinstance(found, dict):
        if "expr" in found:
            yield found["expr"]
        for each in found.values():
            yield from expressions(each)
    elif isinstance(found, list):
        for each in found:
            yield from expressions(each)


@pytest.mark.parametrize("text", [RULES, TESTS, json.dumps(DASHBOARD)], ids=["rules", "tests", "dashboard"])
def test_what_is_asked_for_is_there(text: str) -> None:
    """Each series is one of docs/metrics.md."""
    asked = set(re.findall(rf"\b{PREFIX}\w+", text))
    assert asked
    assert asked - SERIES == set()


def test_prometheus_can_read_the_dashboard(tmp_path: Path) -> None:
    """Each expression is one, with Grafana's variables filled in."""
    found = [text.replace("$__rate_interval", "5m") for text in expressions(DASHBOARD)]
    assert len(found) > 20
    rules = [{"record": f"dashboard:{number}", "expr": text} for number, text in enumerate(found)]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))  # JSON is YAML
    promtool("check", "rules", file)


# As Grafana's published schema of a dashboard has it, which is not copied here.
TYPES: dict[str, type] = {
    "uid": str,
    "title": str,
    "schemaVersion": int,
    "tags": list,
    "refresh": str,
    "time": dict,
    "templating": dict,
    "annotations": dict,
    "panels": list,
}
KINDS = {"stat", "timeseries", "state-timeline", "table"}
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


def test_grafana_takes_the_dashboard() -> None:
    """Its parts are those of the schema, none lies on another one, and no server's name is built in."""
    for name, kind in TYPES.items():
        assert type(DASHBOARD[name]) is kind, name
    assert "id" not in DASHBOARD, "it is Grafana that numbers them"
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    for panel in PANELS:
        assert panel["type"] in KINDS
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["datasource"] == DATASOURCE
        assert set(panel["fieldConfig"]) == {"defaults", "overrides"}
        assert set(panel["gridPos"]) == {"x", "y", "w", "h"}
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        letters = [target["refId"] for target in panel["targets"]]
        assert len(letters) == len(set(letters)) > 0
        assert all(target["datasource"] == DATASOURCE and target["expr"] for target in panel["targets"])
    assert not [pair for pair in combinations(PANELS, 2) if overlap(*(panel["gridPos"] for panel in pair))]
    known = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(DASHBOARD)))
    assert used - {"__rate_interval"} == known == {"datasource", "instance", "group"}


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    """Say whether two panels lie on one another."""
    return all(
        one[start] < other[start] + other[size] and other[start] < one[start] + one[size]
        for start, size in (("x", "w"), ("y", "h"))
    )


def test_a_grafana_imports_the_dashboard() -> None:
    """One that KEEPALIVE_GRAFANA names, as http://admin:admin@localhost:3000, has it then as it is here."""
    address = urlsplit(os.environ.get("KEEPALIVE_GRAFANA", ""))
    if not address.hostname:
        pytest.skip("no Grafana: KEEPALIVE_GRAFANA=http://USER:PASSWORD@HOST:PORT names one")

    def ask(path: str, body: object = None) -> Any:
        password = base64.b64encode(f"{address.username}:{address.password}".encode()).decode()
        headers = {"Authorization": f"Basic {password}", "Content-Type": "application/json"}
        url = f"{address.scheme}://{address.hostname}:{address.port}{path}"
        with urlopen(
            Request(url, json.dumps(body).encode() if body else None, headers), timeout=10
        ) as answer:
            return json.load(answer)

    ask("/api/dashboards/db", {"dashboard": DASHBOARD, "overwrite": True})
    found = ask(f"/api/dashboards/uid/{DASHBOARD['uid']}")["dashboard"]
    assert [panel["title"] for panel in found["panels"]] == [panel["title"] for panel in PANELS]
