"""docs/metrics.md, the dashboard and the alerting rules speak of the metrics there are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import promql
import pytest
import scrapes
import yaml
from prometheus_client.parser import text_string_to_metric_families

from mailhook import advice
from mailhook.metrics.exporter import Exporter
from mailhook.metrics.figures import ALERTS, WAITING
from mailhook.metrics.meter import ANSWERS, API_ANSWERS, KINDS
from mailhook.model import Outcome
from mailhook.store import Store

DOCS = Path(__file__).parents[1] / "docs"
TEXT = (DOCS / "metrics.md").read_text()
RULES = yaml.safe_load((DOCS / "grafana" / "alerts.yml").read_text())
DASHBOARD = json.loads((DOCS / "grafana" / "dashboard.json").read_text())
ALERTING = RULES["groups"][0]["rules"]
_ROW = re.compile(r"^\| `(mailhook_\w+)` \| (\w+) \|([^|]*)\| [^|]+ \|$", re.MULTILINE)
# What Prometheus itself adds to whatever it scrapes, and tells of the scrape.
_ADDED = {"instance", "job"}
_UP = {"up": set[str]()}


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, set[str]]]:
    """Each metric's type and labels, by the name it is asked for in a query."""
    home = scrapes.home(
        tmp_path_factory.mktemp("documented"), web={}, api={"key": {"env": "NOT_ASKED"}}
    )
    Store(home.store).close()
    with Exporter(scrapes.settings(home)):
        text = scrapes.get(home).text
    return {
        sample.name: (family.type, set(sample.labels))
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_every_metric_is_documented_with_its_type_and_labels_and_no_other(
    scraped: dict[str, tuple[str, set[str]]],
):
    told = {name: (kind, set(re.findall(r"`(\w+)`", of))) for name, kind, of in _ROW.findall(TEXT)}
    parts = re.compile(r"_(bucket|count|sum)$")
    found = {
        parts.sub("", name) if kind in {"histogram", "summary"} else name: (kind, labels - {"le"})
        for name, (kind, labels) in scraped.items()
    }
    assert told == found
    assert len(told) == len([line for line in TEXT.splitlines() if line.startswith("| `mailhook_")])


def test_names_follow_the_conventions(scraped: dict[str, tuple[str, set[str]]]):
    for name, (kind, _) in scraped.items():
        assert name.startswith("mailhook_")
        assert name.endswith("_total") == (kind == "counter")
        assert not re.search(r"_(ms|minutes|hours|kb|mb|percent)(_|$)", name)


def test_every_value_of_a_label_is_documented():
    for value in (*Outcome, *KINDS, *ANSWERS, *API_ANSWERS, *ALERTS, *WAITING):
        assert f"`{value}`" in TEXT


def test_every_reason_there_is_advice_for_has_its_figure():
    assert all(advice.on(f"{kind}: x", "email") for kind in set(WAITING) - {"unread", "other"})


EXPRESSIONS = [
    *((rule["alert"], rule["expr"]) for rule in ALERTING),
    *(
        (f"{panel['title']} {target['refId']}", target["expr"])
        for panel in DASHBOARD["panels"]
        for target in panel["targets"]
    ),
    *((note["name"], note["expr"]) for note in DASHBOARD["annotations"]["list"]),
]


@pytest.mark.parametrize(
    "expression", [pytest.param(expression, id=name) for name, expression in EXPRESSIONS]
)
def test_an_expression_can_be_parsed_and_asks_for_what_there_is(
    scraped: dict[str, tuple[str, set[str]]], expression: str
):
    query = promql.parse(expression)
    there = _UP | {name: labels for name, (_, labels) in scraped.items()}
    assert query.metrics
    for name, matched in query.metrics.items():
        assert matched <= there[name] | _ADDED
    asked = [there[name] for name in query.metrics]
    assert query.grouped <= set.union(*asked) | _ADDED


@pytest.mark.parametrize(
    "text",
    ["sum by (x", "a b", "rate(a)", "a[5m] > 1", "a{b}", "a{b=c}", "f(a)", "a >", "sum(a, b)", "$"],
)
def test_what_is_no_expression_is_not_taken_for_one(text: str):
    with pytest.raises((ValueError, KeyError)):
        promql.parse(text)


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule["alert"]) for rule in ALERTING])
def test_a_rule_is_whole_and_names_only_labels_it_will_have(
    scraped: dict[str, tuple[str, set[str]]], rule: dict[str, Any]
):
    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"Mailhook[A-Z]\w+", rule["alert"])
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert re.fullmatch(r"\d+[mh]", rule.get("for", "1m"))
    assert rule["annotations"].keys() == {"summary", "description"}
    query = promql.parse(rule["expr"])
    labels = query.grouped or set.union(
        *({"job"} if name == "up" else scraped[name][1] for name in query.metrics)
    )
    for text in rule["annotations"].values():
        assert set(re.findall(r"\$labels\.(\w+)", text)) <= labels
        assert text.count("{{") == text.count("}}") == len(re.findall(r"\{\{ \$\w[^}]* \}\}", text))


def test_what_is_to_wake_somebody_has_a_rule():
    assert RULES.keys() == {"groups"}
    assert [group["name"] for group in RULES["groups"]] == ["mailhook"]
    names = [rule["alert"].removeprefix("Mailhook") for rule in ALERTING]
    assert len(set(names)) == len(names)
    assert set(names) >= {
        *("Down", "MailboxSilent", "LoginRefused", "NoWriterHeartbeat"),
        *("QuarantineGrowing", "AlertOpen", "DiskNearlyFull", "WebHooksFail"),
    }


def test_the_dashboard_is_one_that_grafana_takes():
    assert DASHBOARD["schemaVersion"] >= 38
    assert "id" not in DASHBOARD
    variables = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in DASHBOARD["panels"]:
        assert panel["type"] in {"stat", "timeseries"}
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["description"].endswith(".")
        for target in panel["targets"]:
            assert set(re.findall(r"\$(\w+)", target["expr"])) <= {*variables, "__rate_interval"}


def test_panels_stand_beside_each_other_and_not_on_each_other():
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (place["x"] + right, place["y"] + down)
            for right in range(place["w"])
            for down in range(place["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells
