"""README.md is true: its picture, its commands, its SQL, its table of products."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command import call

from mailhook.cli import commands
from mailhook.store import Reader

CHECKOUT = Path(__file__).parents[1]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("readme") / "demo"
    return folder, call("demo", str(folder)).out


def test_the_picture_of_a_run_is_what_a_run_prints(demo: tuple[Path, str]):
    picture = next(text for kind, text in BLOCKS if kind == "text" and "make demo" in text)
    printed = {line.rstrip() for line in demo[1].splitlines()}
    shown = [line for line in picture.splitlines() if line and line[0] not in "$…"]
    assert [line for line in shown if line not in printed] == []


def test_every_command_is_in_the_table_and_no_other():
    table = README.split("| command | does |")[1].split("\n\n")[0]
    names = re.findall(
        r"`([a-z]+)[^`]*`", "\n".join(row.split("|")[1] for row in table.split("\n")[2:])
    )
    assert set(names) - {"show", "drop"} == set(commands.list_commands(None))  # type: ignore[arg-type]


def test_its_sql_runs(demo: tuple[Path, str]):
    (sql,) = [text for kind, text in BLOCKS if kind == "sql"]
    with Reader(demo[0] / "mailhook.db") as store:
        _, rows = store.query(sql.strip().rstrip(";"))
        assert list(rows)


def test_its_products_and_events_are_the_vendors():
    legacy = json.loads((CHECKOUT / "fixtures/catalog/legacy.json").read_text(encoding="utf-8"))
    table = README.split("| product | events |")[1].split("\n\n")[0]
    told = {}
    for row in table.split("\n")[2:]:
        _, products, events, _ = (cell.strip() for cell in row.split("|"))
        told |= {product: events.split(", ") for product in products.split(", ")}
    assert told == {product: entry["actions"] for product, entry in legacy.items()}


def test_what_it_names_is_there():
    for path in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (CHECKOUT / path).exists(), path
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`?make ([a-z]+)", README):
        assert f"\n{target}:" in makefile, target
