"""Rosters: who may be named and what is said of them is read as written, or is a problem on its line."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from trucewatch.actors import (
    BINDING,
    Affiliation,
    AffiliationStatement,
    ChangeKind,
    Register,
    Stance,
    Told,
    write_pairs,
)
from trucewatch.agreement.examples import read_examples
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.rosters import read_roster
from trucewatch.agreement.terms import Agreement, TextSource
from trucewatch.claims import claims_table
from trucewatch.findings import assess
from trucewatch.incidents import corroborate
from trucewatch.levels import Level
from trucewatch.problems import Problem
from trucewatch.route import assess_files
from trucewatch.texts import parse_text
from trucewatch.views import view

ROOT = Path(__file__).parents[2]
SOUTH = ROOT / "agreements" / "south-syria-2017"
SCHEMA = Draft202012Validator(json.loads((ROOT / "trucewatch/formats/actors.schema.json").read_text("utf-8")))
SOURCES = {"herald": TextSource("herald", "The Herald", "2020-01-01", "B")}
TEXT = """\
format: 1
sources:
  wire: {title: Wire, published: 2020-01-02, grade: C}
actors:
  hills: {names: [State of the Hills, دولة التلال], kind: state}
  army: {names: [Army of the Hills], kind: armed-forces}
  guard: {names: [Hill Guard, Old Guard, גדוד הגבעות]}
  sons: {names: [Sons of the Guard]}
  post: {names: [Envoy of the Hills], kind: office}
  envoy: {names: [A. Envoy], kind: person}
  bands: {names: [Bands, Hill Guard], kind: umbrella, members: [guard, sons], open: true}
  outlaws: {names: [List of Outlaws], kind: list}
affiliations:
  - {of: army, to: hills, kind: part-of, says: [herald]}
  - {of: hills, to: guard, kind: commands, assessed_by: [wire, army], from: 2020-03, until: 2020-06-30, grade: D}
  - {of: guard, to: hills, kind: claims-to-be-subordinate-to, claimed_by: [guard], denied_by: [hills], says: [wire]}
  - {of: sons, to: outlaws, kind: listed-on, from: 2020-05-01, says: [wire]}
changes:
  - {kind: renamed, of: guard, from: Old Guard, into: Hill Guard, at: 2019, says: [wire], basis: inferred}
  - {kind: split, from: [guard], into: [sons], says: [wire]}
  - {kind: merged, from: [sons, guard], into: guard, at: ../2021, claimed_by: [guard]}
in_office:
  - {office: post, person: envoy, from: 2020-01-01, says: [herald]}
labels:
  - {of: guard, described_as: Of the old faith, by: [wire], not_by: [herald, army], level: sealed}
  - {of: sons, described_as: Of the new faith, by: [wire]}
"""
Change = Callable[[str], str]


def read(folder: Path, text: str = TEXT) -> tuple[Register, tuple[Problem, ...]]:
    folder.mkdir(exist_ok=True)
    (folder / "actors.yml").write_text(text, encoding="utf-8")
    register, _, problems = read_roster(folder, "Asia/Damascus", SOURCES)
    return register, problems


def swap(old: str, new: str) -> Change:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


def add(section: str, line: str) -> Change:
    return swap(f"{section}:\n", f"{section}:\n  - {{{line}}}\n")


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


# ---- what is read ----------------------------------------------------------------------------------------------------


@pytest.fixture
def register(tmp_path: Path) -> Register:
    found, problems = read(tmp_path)
    assert problems == ()
    return found


def test_a_statement_is_read_with_its_voice_and_its_span(register: Register) -> None:
    part, command, claim, _ = register.statements
    assert (part.of, part.kind, part.to, part.says) == ("army", Affiliation.PART_OF, "hills", ("herald",))
    assert part.voice.voices(part.says) == ((Stance.STATED, "herald"),)
    # That one commands the other is told from the other's side.
    assert (command.of, command.kind, command.to) == ("guard", Affiliation.COMMANDED_BY, "hills")
    assert command.voice.voices(command.says) == ((Stance.ASSESSED, "wire"), (Stance.ASSESSED, "army"))
    assert (command.voice.grade, command.told) == ("D", Told("2020-03", "2020-06-30"))
    assert claim.voice.voices(claim.says) == ((Stance.CLAIMED, "guard"), (Stance.DENIED, "hills"))
    assert claim.contested and not command.contested


def test_a_month_is_vague_and_a_day_is_not(register: Register) -> None:
    command = register.statements[1]
    assert command.earliest == datetime(2020, 2, 29, 22, tzinfo=UTC)
    assert command.begun == datetime(2020, 3, 31, 21, tzinfo=UTC)
    assert (command.latest, command.ending) == (datetime(2020, 6, 30, 21, tzinfo=UTC), None)
    assert command.is_vague and command.surely == (command.begun, command.latest)
    assert not register.statements[0].is_vague and not register.statements[0].instants


def test_what_became_of_them_is_read(register: Register) -> None:
    renamed, split, merged = register.changes
    assert (renamed.kind, renamed.of, renamed.before, renamed.after, renamed.at) == (
        ChangeKind.RENAMED, "guard", ("Old Guard",), ("Hill Guard",), "2019",
    )  # fmt: skip
    assert renamed.voice.basis == "inferred" and split.voice.basis == "stated"
    assert (split.before, split.after) == (("guard",), ("sons",))
    assert (merged.before, merged.after, merged.at) == (("sons", "guard"), ("guard",), "../2021")
    assert [change.kind for change in register.changes if change.concerns("sons")] == ["split", "merged"]


def test_who_holds_an_office_is_read(register: Register) -> None:
    (held,) = register.in_office
    assert (held.office, held.person, held.says, held.told) == ("post", "envoy", ("herald",), Told("2020-01-01"))


def test_a_label_is_a_claim_of_somebody_with_a_level(register: Register) -> None:
    old, new = register.labels
    assert (old.of, old.described_as, old.by, old.not_by, old.level) == (
        "guard", "Of the old faith", ("wire",), ("herald", "army"), Level.SEALED,
    )  # fmt: skip
    assert new.level == Level.MISSION
    seen = {level: register.seen_by(level).labels for level in (Level.PUBLIC, Level.MISSION, Level.SEALED)}
    assert seen == {Level.PUBLIC: (), Level.MISSION: (new,), Level.SEALED: (old, new)}


def test_a_name_shared_with_an_umbrella_means_the_umbrella(register: Register) -> None:
    assert register.identify("HILL GUARD") == "bands" and register.called("Hill Guard") == ("guard", "bands")
    assert register.identify("Old Guard") == "guard"


def test_the_schema_fits_what_is_read_here() -> None:
    assert list(SCHEMA.iter_errors(parse_text(TEXT, "TEXT")[0].plain())) == []


def test_without_a_roster_nobody_is_known(tmp_path: Path) -> None:
    assert read_roster(tmp_path, "UTC", SOURCES) == (Register(), {}, ())


SECTIONS = ("actors", "affiliations", "changes", "in_office", "labels")


@given(st.permutations(SECTIONS), st.randoms(use_true_random=False))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whom_a_name_means_does_not_hang_on_the_order_in_the_file(
    tmp_path: Path, order: list[str], dice: object
) -> None:
    blocks = dict(re.findall(r"^(\w+):\n((?:  .*\n)+)", TEXT, re.M))
    told = "format: 1\n"
    for name in ("sources", *order):
        lines = blocks[name].splitlines(keepends=True)
        dice.shuffle(lines)  # type: ignore[attr-defined]
        told += f"{name}:\n{''.join(lines)}"
    one, other = read(tmp_path)[0], read(tmp_path, told)[0]
    names = {name for actor in one.actors.values() for name in (actor.id, *actor.names)}
    assert {name: other.identify(name) for name in names} == {name: one.identify(name) for name in names}
    assert {one.stands_for(actor) == other.stands_for(actor) for actor in one.actors} == {True}
    assert set(one.statements) == set(other.statements) and set(one.changes) == set(other.changes)


# ---- what is refused -------------------------------------------------------------------------------------------------

OF_ITSELF = "of: army, to: army, kind: part-of, says: [wire]"
REFUSED: dict[str, tuple[Change, str, str]] = {
    # what is changed, the line it is told of by what stands there, and a word of what is said
    "affiliation-circle": (add("affiliations", OF_ITSELF), OF_ITSELF, "'army' is of 'army'"),
    "unknown-actor": (swap("of: army, to: hills", "of: armee, to: hills"), "armee", "did you mean 'army'?"),
    "end-before-start": (swap("until: 2020-06-30", "until: 2020-02-28"), "2020-02-28", "before it starts (2020-03)"),
    "not-a-date": (swap("until: 2020-06-30", "until: 2020-06-31"), "2020-06-31", "2020-06-31"),
    "unknown-office": (swap("office: post", "office: army"), "office: army", "no office is called 'army'"),
    "unknown-person": (swap("person: envoy", "person: guard"), "person: guard", "no person is called 'guard'"),
    "umbrella-of-itself": (swap("members: [guard, sons]", "members: [guard, bands]"), "bands: {", "stands for itself"),
    "changed-into-itself": (swap("into: Hill Guard", "into: OLD GUARD"), "into: OLD GUARD", "'Old Guard'"),
    "unknown-name": (swap("from: Old Guard", "from: Oldest Guard"), "Oldest", "did you mean 'Old Guard'?"),
    "actor-name-twice": (swap("Sons of the Guard", "Army of the HILLS"), "sons: {", "a name of 'army' too"),
    "nobody-says": (swap("kind: part-of, says: [herald]", "kind: part-of"), "of: army", "add says: [SOURCE]"),
    "unknown-kind": (swap("kind: commands", "kind: comands"), "comands", "did you mean 'commands'?"),
    "unknown-source": (swap("from: 2020-01-01, says: [herald]", "says: [herold]"), "herold", "did you mean 'herald'?"),
    "unknown-grade": (swap("grade: D", "grade: G"), "grade: G", ""),
    "unknown-basis": (swap("basis: inferred", "basis: guessed"), "guessed", ""),
    "unknown-level": (swap("level: sealed", "level: secret"), "level: secret", "is not a level"),
    "unknown-key": (swap("of: sons, described_as", "of: sons, faith: x, described_as"), "faith: x", "'faith'"),
    "key-missing": (swap("into: [sons], says", "says"), "kind: split", "'into' is missing"),
    "not-a-list": (swap("to: outlaws", "to: bands"), "of: sons, to: bands", "kind: list"),
    "list-entry-undated": (swap("on, from: 2020-05-01", "on"), "of: sons, to: outlaws", "from"),
    "of-a-list": (swap("kind: listed-on, from", "kind: part-of, from"), "of: sons, to: outlaws", "kind: listed-on"),
    "actor-unnamed": (swap("{names: [Sons of the Guard]}", "{kind: armed-group}"), "sons: {", "no names"),
}  # fmt: skip
BEYOND_SCHEMA = {
    "affiliation-circle", "unknown-actor", "end-before-start", "not-a-date", "unknown-office", "unknown-person",
    "umbrella-of-itself", "changed-into-itself", "unknown-name", "actor-name-twice", "unknown-source", "unknown-level",
    "not-a-list", "of-a-list",
}  # fmt: skip


@pytest.mark.parametrize("code", REFUSED)
def test_what_cannot_mean_what_it_says_is_refused_with_its_line(tmp_path: Path, code: str) -> None:
    change, there, said = REFUSED[code]
    text = change(TEXT)
    _, problems = read(tmp_path, text)
    assert [(p.file, p.line, p.code) for p in problems] == [(str(tmp_path / "actors.yml"), line_of(text, there), code)]
    assert said in f"{problems[0].message} {problems[0].hint}"


def test_every_code_is_provoked_and_documented() -> None:
    source = (ROOT / "trucewatch/agreement/rosters.py").read_text("utf-8")
    coded = set(re.findall(r'_complain\([^"]*"([a-z]+(?:-[a-z]+)+)"', source))
    assert len(coded) > 7 and coded - REFUSED.keys() == set()
    _, _, table = (ROOT / "docs/actors.md").read_text("utf-8").partition("\n## Problems\n")
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    own = {code for row in rows for code in re.findall(r"`([a-z-]+)`", row)}
    _, _, other = (ROOT / "docs/agreement-format.md").read_text("utf-8").partition("\n## Problems\n")
    assert own <= REFUSED.keys() <= own | set(re.findall(r"`([a-z-]+)`", other))


@pytest.mark.parametrize("code", sorted(REFUSED.keys() - BEYOND_SCHEMA))
def test_the_schema_refuses_it_too(code: str) -> None:
    assert not SCHEMA.is_valid(parse_text(REFUSED[code][0](TEXT), "TEXT")[0].plain())


@pytest.mark.parametrize("described", ["of: guard, by: [wire]", "of: guard, described_as: Good"])
def test_a_label_without_a_word_or_a_voice_is_none(tmp_path: Path, described: str) -> None:
    register, problems = read(tmp_path, add("labels", described)(TEXT))
    assert [problem.code for problem in problems] == ["key-missing"] and len(register.labels) == 2


def test_a_change_of_actors_into_themselves_is_none(tmp_path: Path) -> None:
    register, problems = read(tmp_path, swap("from: [guard], into: [sons]", "from: [guard], into: [guard]")(TEXT))
    assert [problem.code for problem in problems] == ["changed-into-itself"] and len(register.changes) == 2


CIRCLE = """\
format: 1
sources: {wire: {title: Wire}}
actors: {a: {names: [A]}, b: {names: [B]}, c: {names: [C]}}
affiliations:
  - {of: a, to: b, kind: part-of, says: wire, until: 2019-12-31}
  - {of: b, to: c, kind: commanded-by, says: wire}
  - {of: c, to: a, kind: part-of, says: wire, from: 2019-06-01}
"""


def test_a_circle_of_command_is_refused_on_each_of_its_lines(tmp_path: Path) -> None:
    register, problems = read(tmp_path, CIRCLE)
    assert [(problem.line, problem.code) for problem in problems] == [(n, "affiliation-circle") for n in (5, 6, 7)]
    assert register.statements == ()
    assert "'a' is of 'b' is of 'c' is of 'a'" in problems[0].message


@pytest.mark.parametrize(
    "change",
    [
        swap("from: 2019-06-01", "from: 2020-01-01"),  # one after the other
        swap("kind: commanded-by", "kind: supported-by"),
        swap("kind: commanded-by", "kind: commanded-by, denied_by: b"),
        swap("until: 2019-12-31", "until: 2019-06"),  # perhaps at one time, perhaps not
        swap("from: 2019-06-01", "from: 2019"),
    ],
)
def test_what_does_not_surely_hold_at_one_time_is_no_circle(tmp_path: Path, change: Change) -> None:
    text = (
        change(CIRCLE)
        if "2019-07" not in change(CIRCLE)
        else swap("from: 2019-06-01", "from: 2019-07-01")(change(CIRCLE))
    )
    assert read(tmp_path, text)[1] == () and len(read(tmp_path, text)[0].statements) == 3


@given(st.data())
def test_no_damaged_roster_stops_the_reader(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    lines = TEXT.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    word = data.draw(st.sampled_from(["", "null", "- 1", "{}", "[]", "x: [", "of: {}", "  at: 5", "true", "&a"]))
    lines[at] = data.draw(st.sampled_from([word, lines[at][: len(lines[at]) // 2], lines[at] + word]))
    _, problems = read(tmp_path_factory.getbasetemp() / "damaged", "\n".join(lines))
    assert all(0 < p.line <= len(lines) + 1 and p.code and p.message for p in problems)


# ---- what comes of it ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def law() -> Agreement:
    return read_agreement(SOUTH)


@pytest.fixture(scope="module")
def judged(law: Agreement) -> Callable[[Agreement], pl.DataFrame]:
    """Return what judges the worked examples of the agreement."""
    _, claims, problems = read_examples(law)
    assert problems == []
    incidents = corroborate(view(claims, Level.SEALED), law.gazetteer, law.register)
    return lambda agreement: assess(incidents, agreement, None).drop("note", strict=False)


LONG_AFTER = (datetime(2030, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC))
LONG_BEFORE = (datetime(1990, 1, 1, tzinfo=UTC), datetime(1991, 1, 1, tzinfo=UTC))
NAMED = ["golan-knights", "is", "sy-government", "southern-front", "nusra-hts", "hezbollah", "israel"]


@given(
    st.sampled_from(NAMED), st.sampled_from(NAMED), st.sampled_from(list(Affiliation)), st.booleans(),
    st.sampled_from([LONG_BEFORE, LONG_AFTER]),
)  # fmt: skip
@settings(max_examples=6, deadline=None)
def test_outside_its_span_an_affiliation_changes_no_finding(
    law: Agreement,
    judged: Callable[[Agreement], pl.DataFrame],
    of: str,
    to: str,
    kind: Affiliation,
    contested: bool,
    span: tuple[datetime, datetime],
) -> None:
    said = AffiliationStatement(of, to, kind, ("sohr",), *span, contested)
    register = replace(law.register, statements=(*law.register.statements, said))
    found = judged(replace(law, register=register))
    assert found.equals(judged(law)) and found.height > 30


def test_within_its_span_it_does(law: Agreement, judged: Callable[[Agreement], pl.DataFrame]) -> None:
    said = AffiliationStatement("is", "southern-front", Affiliation.PART_OF, ("sohr",))
    register = replace(law.register, statements=(*law.register.statements, said))
    assert not judged(replace(law, register=register)).equals(judged(law))


ROWS = """\
n,day,what,lon,lat,who,to
1,2017-10-01,shelling,36.10,32.62,Golan Knights,Government of Syria
2,2017-10-02,shelling,36.11,32.62,IDF,Golan Knights
3,2017-10-03,clash,36.12,32.62,Government of Syria,Southern Front
"""
FEED = """\
format: 1
id: feed
title: A feed
licence: theirs
timezone: local
file: {form: csv}
record: n
what: {act: what}
when: {from: day}
where: {lon: lon, lat: lat, placing: [{as: disc, radius_m: 400}]}
who: {by: who, on: to}
told: {means: {always: told-by-interlocutor}}
"""


def products(folder: Path, name: str, labels: str, audience: str) -> dict[str, bytes]:
    place = folder / name / "south-syria-2017"
    shutil.copytree(SOUTH, place)
    text = (place / "actors.yml").read_text("utf-8")
    (place / "actors.yml").write_text(text[: text.index("\nlabels:\n")] + labels, encoding="utf-8")
    (folder / "feed.yml").write_text(FEED, encoding="utf-8")
    (folder / "feed.csv").write_text(ROWS, encoding="utf-8")
    out = folder / name / "out"
    assess_files([folder / "feed.csv"], folder / "feed.yml", place, audience=audience).publish(out)
    return {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.mark.parametrize("audience", ["public", "mission", "sealed"])
def test_a_label_of_faith_or_ethnicity_changes_no_product(tmp_path: Path, audience: str) -> None:
    some = "\nlabels:\n  - {of: golan-knights, described_as: Martian, by: [sohr], level: public}\n"
    without, with_label = (products(tmp_path, name, told, audience) for name, told in (("a", "\n"), ("b", some)))
    assert set(without) == set(with_label) and len(without) > 3
    assert [name for name in without if without[name] != with_label[name]] == []
    assert not any(b"Martian" in content for content in with_label.values())


# ---- lists -----------------------------------------------------------------------------------------------------------

LISTS = {
    "agreement.yml": """\
format: 1
agreement: lists
bound: {north: {actors: [army]}}
clauses:
  C1:
    text: No fire.
    forbids: {acts: [use-of-weapons], from: 2020-01-01}
    outside_scope: [{target: [outlaws]}]
""",
    "actors.yml": """\
format: 1
sources: {wire: {title: Wire}}
actors:
  army: {names: [Army]}
  guard: {names: [Guard]}
  company: {names: [Company]}
  outlaws: {names: [Outlaws], kind: list}
affiliations:
  - {of: guard, to: outlaws, kind: listed-on, from: 2020-05-01, until: 2020-08-31, says: [wire]}
  - {of: company, to: guard, kind: part-of, from: 2020-06-01, says: [wire]}
""",
}


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    folder = tmp_path_factory.mktemp("lists")
    for name, text in LISTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    law = read_agreement(folder)
    assert law.problems == ()
    return law


def outcomes(lists: Agreement, days: int, targets: Sequence[str]) -> dict[tuple[int, str], str]:
    """Return the outcome of fire on each target on each day, all judged together; a dataset keeps them apart."""
    fired = [(day, target) for day in range(days) for target in targets]
    claims = []
    for day, target in fired:
        first = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=day)
        key = f"{day} {target}"
        claims.append({
            "claim_key": key, "version": key, "event_key": key, "source": "s", "record": key, "item": 0, "entry": 0,
            "assertion": "act", "act": "shelling", "earliest": first, "latest": first + timedelta(days=1),
            "time_extent": "within", "place_kind": "unplaced", "place_extent": "within", "means": "saw",
            "office": "post", "pairs": write_pairs([("Army", target)]), "curated": True, "allegation": False,
            "records_deaths": False, "exercise": False, "levels": "{}",
        })  # fmt: skip
    table = claims_table({name: [claim[name] for claim in claims] for name in claims[0]})
    found = assess(corroborate(view(table, Level.SEALED)), lists)
    told = dict(found.select("incident", "outcome").iter_rows())
    assert len(told) == found.height == len(fired)
    return {(day, target): told[f"{day} {target}"] for day, target in fired}


def test_who_is_on_a_list_is_outside_while_it_is_on_it(lists: Agreement) -> None:
    listed, joined, struck = 121, 152, 244  # 1 May, 1 June, 1 September
    found = outcomes(lists, 366, ["Guard", "Company", "Army", "", "somebody"])
    for day in range(366):
        assert found[day, "Guard"] == ("outside_scope" if listed <= day < struck else "violation"), day
        assert found[day, "Company"] == ("outside_scope" if joined <= day < struck else "violation"), day
        assert found[day, "Army"] == "violation", day
        assert found[day, ""] == ("undetermined" if listed <= day < struck else "violation"), day
        assert found[day, "somebody"] == found[day, ""], day


def test_an_entry_on_a_list_binds_nobody(lists: Agreement) -> None:
    assert not any(said.kind in BINDING for said in lists.register.statements_of("guard"))
    assert lists.register.wholes("guard") == {"guard"}


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("kind: list}", "kind: list, members: [guard]}", "list-entry-undated"),
        ("company: {names: [Company]}", "company: {names: [Company], kind: umbrella, members: [outlaws]}", "of-a-list"),
        ("of: company, to: guard", "of: outlaws, to: guard", "of-a-list"),
        ("of: company, to: guard, kind: part-of", "of: company, to: guard, kind: listed-on", "not-a-list"),
    ],
)
def test_a_list_is_nobodys_and_has_entries_with_their_day(tmp_path: Path, before: str, after: str, code: str) -> None:
    assert before in LISTS["actors.yml"]
    _, problems = read(tmp_path, LISTS["actors.yml"].replace(before, after))
    assert [problem.code for problem in problems] == [code]
    assert problems[0].line == line_of(LISTS["actors.yml"], before)
