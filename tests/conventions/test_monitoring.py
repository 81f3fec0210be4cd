"""What operators are shown and woken by: each metric that a dashboard or a rule names is on our own page."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from flask import Flask
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from app.core.observability import metrics
from app.core.observability.carrying import Carried
from app.settings import ROOT
from app.web.ops import gauges

DASHBOARDS = sorted((ROOT / "deploy" / "grafana").glob("*.json"))
RULES = sorted((ROOT / "deploy" / "prometheus").glob("*.yml"))
SUFFIXES = ("_bucket", "_sum", "_count")
METRIC = re.compile(r"\b((?:annae|http)_[a-z0-9_]+)\b")
LABELS = re.compile(r"\b((?:annae|http)_[a-z0-9_]+)\{([^}]*)\}")
# What alerts of the plan must be there, whoever edits the file.
ASKED = {
    "annae_outbox_oldest_pending_seconds": "600",
    "annae_outbox_promises": "0",
    "annae_outbox_breaker_state": "2",
    "annae_outbox_lease_lost_total": None,
    "annae_fhir_conflicts_total": None,
    "annae_fhir_sync_age_seconds": "300",
}


def families() -> dict[str, tuple[str, ...]]:
    """Return every metric of the page by its family's name, with its labels."""
    found: dict[str, tuple[str, ...]] = {}
    for registry in (REGISTRY, metrics.SENDING):
        for collector, names in list(registry._collector_to_names.items()):
            labels = tuple(getattr(collector, "_labelnames", ()))
            found.update(dict.fromkeys(names, labels))
    for family in gauges.Standing().collect():
        found[family.name] = tuple(getattr(family, "_labelnames", ()))
    return found


def queries(path: Any) -> Iterator[str]:
    """Return every PromQL expression of a file."""
    if path.suffix == ".json":
        said = json.loads(path.read_text(encoding="utf-8"))
        for panel in said["panels"]:
            yield from (one["expr"] for one in panel["targets"])
        yield from (one["definition"] for one in said["templating"]["list"] if "definition" in one)
    else:
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            yield from (rule["expr"] for rule in group["rules"])


def rules() -> list[dict[str, Any]]:
    return [
        rule
        for path in RULES
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    ]


@pytest.mark.parametrize("path", [*DASHBOARDS, *RULES], ids=lambda path: path.name)
def test_every_metric_that_is_named_exists(path: Any, sqlite_app: Flask) -> None:
    gauges.forget()
    known = families()
    seen = [name for query in queries(path) for name in METRIC.findall(query)]
    assert len(seen) > 5
    missing = [
        name
        for name in seen
        if name not in known and not any(name.removesuffix(one) in known for one in SUFFIXES)
    ]
    assert not missing


@pytest.mark.parametrize("path", [*DASHBOARDS, *RULES], ids=lambda path: path.name)
def test_every_label_that_is_asked_for_exists(path: Any, sqlite_app: Flask) -> None:
    gauges.forget()
    known = families()
    for query in queries(path):
        for name, asked in LABELS.findall(query):
            family = next(
                (one for one in (name, *(name.removesuffix(s) for s in SUFFIXES)) if one in known), ""
            )
            for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", asked):
                assert label in known[family], f"{name}{{{label}}}"


@pytest.mark.parametrize("path", [*DASHBOARDS, *RULES], ids=lambda path: path.name)
def test_what_each_process_tells_of_the_whole_house_is_not_added_up(path: Any) -> None:
    for query in queries(path):
        for before in re.findall(r"(.{0,40})rate\(", query):
            assert re.search(r"max (?:without \(instance\)|by \([^)]*\)) \($", before), query


def test_each_alert_that_was_asked_for_is_there() -> None:
    for metric, bound in ASKED.items():
        found = [rule for rule in rules() if metric in rule["expr"]]
        assert found, metric
        if bound is not None:
            assert any(re.search(rf"[>=] {bound}\b", rule["expr"]) for rule in found), metric
    (breaker,) = [rule for rule in rules() if "breaker_state" in rule["expr"]]
    assert breaker["for"] == "5m"


def test_every_alert_says_what_to_do() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["action"]
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    for path in DASHBOARDS:
        panels = json.loads(path.read_text(encoding="utf-8"))["panels"]
        assert len({one["id"] for one in panels}) == len(panels)
        taken: set[tuple[int, int]] = set()
        for one in panels:
            at = one["gridPos"]
            cells = {
                (x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
            }
            assert at["x"] + at["w"] <= 24
            assert not taken & cells, one["title"]
            taken |= cells


def test_the_page_can_be_read_by_prometheus_and_names_nobody(sqlite_app: Flask) -> None:
    gauges.forget()
    metrics.FHIR_RESPONSES.labels("emr", "Patient", "201").inc()
    page = metrics.exposition(Carried(), gauges.Standing())[0].decode()
    read = {family.name for family in text_string_to_metric_families(page)}
    assert {"annae_fhir_responses", "http_request_seconds"} <= read
    assert len(read) == len([line for line in page.splitlines() if line.startswith("# TYPE ")])
    uuid = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")
    assert not [line for line in page.splitlines() if uuid.search(line)]


def test_no_label_holds_an_id() -> None:
    allowed = {"consumer", "outcome", "status", "target", "resource_type", "route", "method", "limit", "le"}
    for registry in (metrics.SENDING,):
        for collector in registry._collector_to_names:
            assert set(getattr(collector, "_labelnames", ())) <= allowed
