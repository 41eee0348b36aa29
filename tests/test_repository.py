"""The repository keeps its own rules: locks, names, mirrored tests, changelog, licences."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "trucewatch"
LOCKS = sorted(ROOT.glob("requirements/*.lock.txt"))
MODULES = sorted(m for m in PACKAGE.rglob("*.py") if m.stem not in ("__init__", "__main__"))
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)", re.MULTILINE)

# Drawers that say nothing of ceasefires, whether as a module or as a folder.
NO_SUCH_NAME = re.compile(
    r"utils?|helpers?|common|misc|base|core|internals?|models?|schemas?|types?|constants|settings"
    r"|managers?|services?|handlers?|processors?|orchestrators?|factory|registry|\w+_(utils?|helpers?|v\d+)"
)


def pinned(lock: Path) -> list[tuple[str, str]]:
    """Return each (package, version) that a lock file pins."""
    return [(found["name"], found["version"]) for found in PINNED.finditer(lock.read_text("utf-8"))]


def test_there_are_three_locks() -> None:
    assert [lock.name for lock in LOCKS] == ["bench.lock.txt", "dev.lock.txt", "run.lock.txt"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_names_no_host(lock: Path) -> None:
    text = lock.read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*(-i|-f|--index-url|--extra-index-url|--find-links|--trusted-host)\b", text, re.M)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_pins_every_package_with_its_hashes(lock: Path) -> None:
    entries = re.findall(r"^[^\s#].*(?:\n\s+--hash.*)*", lock.read_text("utf-8"), re.MULTILINE)
    assert len(entries) == len(pinned(lock)) > 0
    assert [e.splitlines()[0] for e in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", e)] == []


@pytest.mark.parametrize("other", ["dev.lock.txt", "bench.lock.txt"])
def test_what_runs_is_locked_to_the_same_versions_for_developers_and_benchmarks(other: str) -> None:
    run, others = (set(pinned(ROOT / "requirements" / name)) for name in ("run.lock.txt", other))
    assert run - others == set()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_a_module_has_its_test_file(module: Path) -> None:
    mirrored = module.relative_to(PACKAGE).with_name(f"test_{module.stem}.py")
    assert (ROOT / "tests" / mirrored).is_file(), f"tests/{mirrored} is missing"


def test_no_file_is_a_drawer() -> None:
    ours = [PACKAGE, ROOT / "tests", ROOT / "tools"]
    paths = [path for folder in ours for path in folder.rglob("*") if "__pycache__" not in path.parts]
    assert [str(path.relative_to(ROOT)) for path in paths if NO_SUCH_NAME.fullmatch(path.stem.lower())] == []


def test_every_test_file_holds_a_test() -> None:
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    tested = re.compile(r"^\s*def test_\w+\(", re.MULTILINE)
    assert [file.name for file in files if not tested.search(file.read_text("utf-8"))] == []


def test_the_changelog_opens_with_what_is_not_released_yet() -> None:
    sections = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert sections[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", section) for section in sections[1:])


def test_the_citation_names_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])


def test_the_third_party_licences_name_what_is_installed_to_run() -> None:
    text = (ROOT / "THIRD_PARTY_LICENSES.md").read_text("utf-8")
    rows = {(name, version) for name, version, _ in re.findall(r"^\| (\S+) \| (\S+) \| (\S.*?) \|", text, re.M)}
    assert rows - {("package", "version"), ("---", "---")} == set(pinned(ROOT / "requirements/run.lock.txt"))
