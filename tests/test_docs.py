"""The docs say what the program does: commands, links, codes, columns, names and words agree with it.

Commands stand in blocks marked `console`, after `$ `; what follows each is what it prints, where `...` stands for
anything. After a change that is meant, `TRUCEWATCH_WRITE_DOCS=1 pytest tests/test_docs.py` writes the outputs again.
"""

from __future__ import annotations

import ast
import doctest
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest

import trucewatch
from trucewatch.cli import main
from trucewatch.mission import assess_files, shipped
from trucewatch.rehearsals import demo

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
WRITE = os.environ.get("TRUCEWATCH_WRITE_DOCS") == "1"
GED = "ucdp_ged_syria_2016_2019/ged_syria_20160101_20191130.csv.gz"
END = "\x1e"


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


# ---- commands --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Command:
    """A command of a page: the line on which it stands, and the lines (from, to) of what it is said to print."""

    text: str
    at: int
    told: tuple[int, int]


def commands(lines: list[str]) -> Iterator[Command]:
    """Go through the commands of the console blocks of a page."""
    inside, found = False, -1
    for at, line in enumerate([*lines, "```"]):
        if inside and found >= 0 and (line.startswith("$ ") or line == "```"):
            yield Command(lines[found][2:], found, (found + 1, at))
            found = -1
        if line.startswith("```"):
            inside = line == "```console"
        elif inside and line.startswith("$ "):
            found = at


def fill(folder: Path, page: str) -> None:
    """Write the files that a page shows whole, each under its name, into a folder."""
    folder.mkdir(exist_ok=True)
    shown = re.findall(r"^```(\w+) (\S+)\n(.*?)^```$", (DOCS / page).read_text("utf-8"), re.M | re.S)
    for kind, name, body in shown:
        if kind != "text":
            (folder / name).write_text(body, encoding="utf-8")


def checkout(tmp_path: Path) -> Path:
    """Return a folder that looks like a checkout in which nothing has been run yet."""
    place = tmp_path / "clone"
    place.mkdir()
    for name in ("agreements", "sources", "simulations", "weights", "docs"):
        (place / name).symlink_to(ROOT / name)
    (place / ".venv").symlink_to(sys.prefix)
    return place


def made(command: str) -> str:
    """Return what a call of make would run, without what sets up the machine; any other command as it is."""
    target = re.fullmatch(r"make (\w+)", command)
    if not target:
        return command
    makefile = (ROOT / "Makefile").read_text("utf-8")
    recipe = re.search(rf"^{target[1]}:.*\n((?:\t.*\n)+)", makefile, re.M)
    assert recipe, f"there is no target {target[1]}"
    steps = (line.strip().removeprefix("@") for line in recipe[1].splitlines())
    return " && ".join(steps).replace("$(BIN)", ".venv/bin")


def run(asked: list[str], place: Path, **environment: str) -> list[tuple[str, int]]:
    """Run commands one after the other in one shell; return what each printed, and its exit code."""
    script = "".join(f"{made(command)}\nprintf '{END}%s{END}' $?\n" for command in asked)
    path = f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", f"exec 2>&1\n{script}"],
        cwd=place,
        env={**os.environ, "PATH": path, "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    parts = done.stdout.split(END)
    return [(printed, int(code)) for printed, code in zip(parts[::2], parts[1::2], strict=False)]


def agrees(told: str, printed: str) -> bool:
    """Say whether a text was printed as told, where `...` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in told.strip().split("..."))
    return bool(re.fullmatch(pattern, printed.strip(), re.S))


def hold(page: Path, chosen: list[Command], lines: list[str], results: list[tuple[str, int]]) -> None:
    """Compare what commands printed with what the page says, or write it there."""
    differing = []
    for command, (printed, code) in reversed(list(zip(chosen, results, strict=True))):
        told = "\n".join(lines[slice(*command.told)])
        assert code == 0, f"{named(page)}:{command.at + 1}: {command.text}\nexit code {code}\n{printed}"
        if told.strip() and not agrees(told, printed):
            differing.append(f"{named(page)}:{command.at + 1}: {command.text}\nprints\n{printed}\nand not\n{told}")
            if WRITE and "..." not in told and "Traceback" not in printed:
                lines[slice(*command.told)] = printed.strip().splitlines()
    if WRITE:
        page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert (WRITE and "Traceback" not in "".join(differing)) or not differing, "\n\n".join(reversed(differing))


@pytest.mark.parametrize("on_data", [False, True], ids=["alone", "on-real-data"])
@pytest.mark.parametrize("page", [ROOT / "README.md", DOCS / "readings.md"], ids=named)
def test_a_page_with_real_data_prints_what_it_says(
    page: Path, on_data: bool, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    lines = page.read_text("utf-8").splitlines()
    chosen = [c for c in commands(lines) if ("TRUCEWATCH_DATA" in c.text or "out/real" in c.text) is on_data]
    assert chosen
    data = str(request.getfixturevalue("data")) if on_data else ""
    results = run([command.text for command in chosen], checkout(tmp_path), TRUCEWATCH_DATA=data)
    hold(page, chosen, lines, results)


@pytest.mark.parametrize(
    "name",
    [
        "actors.md",
        "casualties.md",
        "tutorial.md",
        "corroboration.md",
        "duties.md",
        "leads.md",
        "ledger.md",
        "liaison.md",
        "logs.md",
        "releases.md",
        "talks.md",
    ],
)
def test_a_page_of_commands_prints_what_it_says(name: str, tmp_path: Path) -> None:
    page = DOCS / name
    lines = page.read_text("utf-8").splitlines()
    place = checkout(tmp_path)
    for folder, source in re.findall(r"^<!-- files (\S+): (\S+) -->$", "\n".join(lines), re.M):
        fill(place / folder, source)
    chosen = list(commands(lines))
    hold(page, chosen, lines, run([command.text for command in chosen], place))


def test_the_python_page_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = DOCS / "python.md"
    monkeypatch.chdir(tmp_path)
    fill(tmp_path, "source-format.md")
    text = page.read_text("utf-8")
    shown = "\n".join(re.findall(r"^```pycon\n(.*?)^```$", text, re.M | re.S))
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    told = doctest.DocTestParser().get_doctest(shown, {}, named(page), named(page), 0)
    assert told.examples
    failures: list[str] = []
    doctest.DocTestRunner(optionflags=options).run(told, out=lambda line: failures.append(line))
    assert not failures, "".join(failures)


# ---- links, words and generated parts --------------------------------------------------------------------------------


def prose(text: str) -> str:
    """Return a page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", prose(page.read_text("utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", prose(page.read_text("utf-8"))):
        if "://" in target:
            continue
        there = (page.parent / target) if target else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            dead.append(f"{target}#{anchor}")
    assert dead == []


def test_every_page_is_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8")):
            there = (page.parent / target).resolve()
            waiting += sorted(there.glob("*.md")) if there.is_dir() else [there] if there.suffix == ".md" else []
    assert [named(page) for page in PAGES if page not in reached and page.name != "CODE_OF_CONDUCT.md"] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_page_names_nobodys_machine(page: Path) -> None:
    text = page.read_text("utf-8")
    assert re.findall(r"(?<![\w.])/(?:work|home|root|tmp|Users)/\S*|localhost|127\.0\.0\.1", text) == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_only_the_outcome_of_a_finding_is_a_violation(page: Path) -> None:
    plain = re.sub(r"`[^`\n]*`", "", prose(page.read_text("utf-8")))
    wrong = r"(?i)\b(?:ceasefire|truce|alleged|reported|possible)[ -]violations?\b|\bviolations? (?:by|of the)\b"
    assert re.findall(wrong, plain) == []


def test_the_commands_are_told_as_they_are() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cogapp", "--check", "docs/cli.md"], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0, "run: make docs"
    told = re.findall(r"^### trucewatch ([\w-]+)$", (DOCS / "cli.md").read_text("utf-8"), re.M)
    assert isinstance(main, click.Group)
    assert told == list(main.commands)


def test_what_ships_is_named() -> None:
    text = "".join(page.read_text("utf-8") for page in (ROOT / "README.md", DOCS / "agreement-format.md"))
    ids = [folder.name for folder in shipped("agreements").iterdir() if (folder / "agreement.yml").exists()]
    ids += [file.stem for kind in ("sources", "simulations") for file in shipped(kind).glob("*.yml")]
    assert [name for name in sorted(ids) if f"`{name}`" not in text] == []


# ---- codes, names, columns and words ---------------------------------------------------------------------------------

# The calls that make a problem, and which of their arguments is its code, or what `unknown-` is put before.
CODED = {"Problem": 2, "report": 1, "_complain": 1, "_geometry_problem": 3, "refuse": 1, "refuse_where": 1, "read": 1}
CODED |= {"read_rows": 1, "problem": 0, "_Refused": 0, "among": 1, "_one_of": 1}
UNKNOWN = {"_unknown": 1, "_reference": 3, "_references": 3, "_choice": 1}


def codes() -> set[str]:
    """Return the code of every problem that the program can tell of."""
    found: set[str] = set()
    for module in (ROOT / "trucewatch").rglob("*.py"):
        for call in ast.walk(ast.parse(module.read_text("utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            for table, before in ((CODED, ""), (UNKNOWN, "unknown-")):
                at = table.get(name, len(call.args))
                word = call.args[at] if at < len(call.args) else None
                if isinstance(word, ast.Constant) and isinstance(word.value, str):
                    found.add(before + word.value.split()[0] if word.value else "")
    return {code for code in found if re.fullmatch(r"[a-z]+(-[a-z]+)+", code)}


def test_every_problem_is_told_of() -> None:
    pages = ("actors.md", "problems.md", "agreement-format.md", "source-format.md")
    told = {word for page in pages for word in re.findall(r"`([a-z-]+)`", (DOCS / page).read_text("utf-8"))}
    assert len(codes()) > 60
    assert sorted(codes() - told) == []


def test_no_problem_is_told_of_that_cannot_occur() -> None:
    rows = re.findall(r"^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \|", (DOCS / "problems.md").read_text("utf-8"), re.M)
    told = {word for row in rows for word in re.findall(r"`([a-z-]+)`", row)}
    assert sorted(told - codes()) == []


def test_the_public_names_are_told_of() -> None:
    text = (DOCS / "python.md").read_text("utf-8")
    names = set(trucewatch.__all__)
    for kind in (trucewatch.Assessment, trucewatch.Finding, trucewatch.Mission, trucewatch.Problem):
        names |= {name for name in vars(kind) if not name.startswith("_")}
    assert sorted(name for name in names if not re.search(rf"[`.]{name}\b", text)) == []


def test_the_glossary_has_the_words_that_modules_are_named_by() -> None:
    modules = {path.stem for path in (ROOT / "trucewatch").glob("*.py") if path.stem not in ("__init__", "cli")}
    modules |= {path.parent.name for path in (ROOT / "trucewatch").glob("*/__init__.py")}
    text = (DOCS / "glossary.md").read_text("utf-8")
    assert sorted(name for name in modules if f"`{name}`" not in text) == []


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the demo's sitrep."""
    out = tmp_path_factory.mktemp("shown") / "demo"
    demo(out)
    return out


def test_the_products_are_described_to_the_column(shown: Path) -> None:
    text = (DOCS / "products.md").read_text("utf-8")
    columns = (shown / "findings.csv").read_text("utf-8").splitlines()[0].split(",")
    words = {
        *columns,
        *(path.name for path in shown.iterdir()),
        *json.loads((shown / "summary.json").read_text("utf-8")),
    }
    assert sorted(word for word in words if f"`{word}`" not in text) == []


def summary_schema() -> dict[str, Any]:
    path = ROOT / "trucewatch" / "formats" / "summary.schema.json"
    schema: dict[str, Any] = json.loads(path.read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


def test_the_summary_of_the_demo_is_what_its_schema_says(shown: Path) -> None:
    summary = json.loads((shown / "summary.json").read_text("utf-8"))
    jsonschema.validate(summary, summary_schema())
    assert set(summary_schema()["required"]) == set(summary)
    for wrong in ({"score": 1}, {"findings": {"violation": 1}}, {"marking": "secret"}, {"incidents": -1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**summary, **wrong}, summary_schema())


def test_the_summary_of_real_data_is_what_its_schema_says(data: Path) -> None:
    done = assess_files([data / GED], source="ucdp", agreement="south-syria-2017", period="2017-05/2018-08")
    jsonschema.validate(json.loads(json.dumps(done.summary)), summary_schema())
