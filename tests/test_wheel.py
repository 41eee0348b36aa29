"""The wheel alone, installed bare and far from the checkout, does what the README promises."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> None:
    """Run a command, and show what it said if it fails."""
    done = subprocess.run(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, cwd=ROOT)
    [built] = folder.glob("trucewatch-*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs' folder of a new environment that holds the wheel and what it runs on, no more."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    run(sys.executable, "-m", "venv", folder, cwd=folder.parent)
    pip = (folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    run(*pip, "--require-hashes", "-r", ROOT / "requirements" / "run.lock.txt", cwd=folder.parent)
    run(*pip, "--no-deps", "--no-index", wheel, cwd=folder.parent)
    return folder / "bin"


def test_it_carries_what_stands_at_the_root(names: set[str]) -> None:
    assert "trucewatch/shipped/agreements/south-syria-2017/agreement.yml" in names
    shipped = {
        f"trucewatch/shipped/{file.relative_to(ROOT).as_posix()}"
        for folder in ("agreements", "sources", "simulations")
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and file.name != ".gitkeep"
    }
    assert shipped - names == set()


def test_it_carries_the_package_and_nothing_else(names: set[str]) -> None:
    folders = {name.partition("/")[0] for name in names}
    assert sorted(folder.partition("-")[0] for folder in folders) == ["trucewatch", "trucewatch"]
    assert "trucewatch/py.typed" in names


@pytest.mark.parametrize("licence", ["LICENSE", "THIRD_PARTY_LICENSES.md"])
def test_it_carries_the_licences(names: set[str], licence: str) -> None:
    assert [name for name in names if name.endswith(f".dist-info/licenses/{licence}")] != []


def test_the_demo_runs_from_it(installed: Path, tmp_path: Path) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    env = {"HOME": str(home), "PATH": os.pathsep.join([str(installed), "/usr/bin", "/bin"])}
    run(installed / "trucewatch", "demo", "--out", "X", cwd=work, env=env)
    sitrep = (work / "X" / "sitrep.html").read_text("utf-8")
    assert "</html>" in sitrep
    assert str(ROOT) not in sitrep
    assert sorted(path.name for path in work.iterdir()) == ["X", "X-mission", "X-simulation"]
