"""The house keeps its shape: one direction of imports, one owner a library."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import mailhook

ROOT = Path(mailhook.__file__).parent

# From the bottom up: a room imports only from rows below its own.
ROWS = (
    {"errors", "model", "mime", "systemd"},
    {"times", "strict_json", "notify", "tag"},
    {"config", "catalog", "markup", "message"},
    {"standing"},
    {"token", "signing_keys", "authenticity", "merging", "events", "matching", "oauth"},
    {"readers", "sources", "trust"},
    {"store", "examining"},
    {"pipeline", "guard", "silence"},
    {"reconcile", "replay", "recheck", "advice", "queries", "log", "export", "health"},
    {"explain", "examiner", "alarms", "control", "metrics"},
    {"checks"},
    {"worker", "doctor"},
    {"testing"},
    {"demo"},
    {"cli"},
    {"__main__"},
)

OWNERS = {
    "imapclient": "sources.imap",
    "mailparser": "message",
    "jwt": "token",
    "sqlite_utils": "store",
    "apscheduler": "worker",
    "pydantic": "config",
    "pydantic_core": "config",
    "selectolax": "markup",
    "click": "cli",
    "rich": "cli",
    "structlog": "log",
    "prometheus_client": "metrics",
    "apprise": "notify",
    "pymap": "demo",
    "proxyprotocol": "demo",
    "pysasl": "demo",
    "google": "oauth",
    "msal": "oauth",
    "authlib": "oauth",
    "requests": "oauth",
    "httptools": "sources.web",
    "uvloop": "sources.web",
    "stamina": "sources.api",
    "dkim": "authenticity.dkim",
    "cryptography": "authenticity.dkim",
    "dns": "authenticity.resolver",
}
# Two owners: settings and the vocabulary are both YAML; urllib3 is what requests stands on.
SHARED = {"yaml": {"config", "catalog"}, "urllib3": {"oauth", "sources.api"}}


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        yield name.removesuffix("__init__").rstrip("."), path


MODULES = [pytest.param(name, path, id=name or "mailhook") for name, path in modules()]


@cache
def imports(path: Path) -> tuple[str, ...]:
    return tuple(_imports(ast.parse(path.read_text())))


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "mailhook":
            yield from (f"mailhook.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            yield node.module or ""


def level(room: str) -> int:
    return next(nth for nth, row in enumerate(ROWS) if room in row)


def test_every_room_has_its_row():
    rooms = {name.partition(".")[0] for name, _ in modules()} - {""}
    assert rooms == set().union(*ROWS)


@pytest.mark.parametrize(("name", "path"), MODULES)
def test_a_module_imports_only_from_rows_below_its_own(name: str, path: Path):
    room = name.partition(".")[0]
    for imported in imports(path):
        package, _, rest = imported.partition(".")
        other = rest.partition(".")[0]
        if package == "mailhook" and other not in {"", room}:
            assert level(other) < level(room), f"{name} imports {imported}"


@pytest.mark.parametrize(("name", "path"), MODULES)
def test_a_library_is_imported_only_by_its_owner(name: str, path: Path):
    for imported in imports(path):
        library = imported.partition(".")[0]
        owners = SHARED.get(library) or {OWNERS.get(library, "")}
        if library in {*OWNERS, *SHARED}:
            assert any(f"{name}.".startswith(f"{owner}.") for owner in owners), library


def test_every_dependency_has_an_owner():
    import tomllib

    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    listed = [*project["dependencies"], *extras["demo"], *extras["oauth"], *extras["dkim"]]
    names = {line.split(">")[0].partition("[")[0].replace("-", "_") for line in listed}
    spelled = {
        "mail_parser": "mailparser",
        "pyjwt": "jwt",
        "pyyaml": "yaml",
        "google_auth": "google",
        "dkimpy": "dkim",
        "dnspython": "dns",
    }
    assert {spelled.get(name, name) for name in names} <= {*OWNERS, *SHARED}


def test_no_file_is_named_for_nothing():
    vague = {"util", "utils", "helper", "helpers", "manager", "process", "data", "info", "common"}
    assert not vague & {name.rpartition(".")[2] for name, _ in modules()}
