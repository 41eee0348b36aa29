"""Talks: what is read is what is written, nobody passes from a series to a meeting, and a faulty line is a problem."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from trucewatch.agreement.parse import read_agreement
from trucewatch.levels import Level
from trucewatch.logs import liaison
from trucewatch.logs.liaison import State
from trucewatch.problems import FileFault, TrucewatchError
from trucewatch.talks.attribution import Voicing
from trucewatch.talks.positions import Stance, on_clause
from trucewatch.talks.statements import Matter, Talks, open_talks, read_talks
from trucewatch.texts import parse_text, read_text
from trucewatch.when import read_edtf

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "trucewatch" / "formats" / "talks.schema.json"
SHIPPED = sorted(ROOT.glob("agreements/*/talks.yml"))

LAW = """\
format: 1
agreement: hills
title: Truce of the hills
timezone: Europe/Kyiv
sources:
  wire: {title: "Wire, a report"}
bound:
  reds: {actors: [red]}
clauses:
  C1:
    text: No fire.
    forbids: {acts: [use-of-weapons]}
hypothetical:
  D1:
    demand_of: blue
    text: Red guns leave.
    withdraws: {who: [red], from: everywhere}
"""
ACTORS = """\
format: 1
actors:
  red: {names: [Reds, Червоні], kind: armed-group}
  blue: {names: [Blues], kind: state}
  green: {names: [Greens], kind: state}
  envoy: {names: [Envoy of Blue], kind: office}
"""
TALKS = """\
format: 1
level: public
sources:
  paper: {title: Paper}
  copy: {title: Copy}
  attic: {title: Attic}
statements:
  met:
    fact: true
    matter: meeting
    text: They met.
    about: [rounds]
    told:
      - {by: paper, on: [wire, {unnamed: [Blue officials]}], hedge: apparently}
  third:
    matter: level
    text: The third meeting was higher.
    about: [third-one]
    level: mission
    against: [met]
    told:
      - {by: attic, voice: none, quote: much higher}
  line:
    matter: channel
    text: The line is shut.
    told:
      - {by: wire, voice: own-voice}
  line-used:
    matter: channel
    text: The line is used.
    told:
      - {by: paper, voice: it-is-known}
tracks:
  hill-talks: Talks of the hills
series:
  rounds:
    label: the rounds
    track: hill-talks
    words: a series of meetings
    when: 2020-01-01/2020-01-31
    places: [Geneva]
    rests_on: [met]
meetings:
  third-one: {of: rounds, words: the third meeting, place: Geneva, when: 2020-01-20, rests_on: [third]}
  early: {of: rounds, words: two of them in Vienna, place: Vienna, rests_on: [met]}
levels:
  - {of: third-one, higher_than: early, rests_on: [third]}
delegations:
  - {of: rounds, side: Blues, who: [Envoy of Blue], words: two aides, rests_on: [met]}
  - {of: third-one, side: Червоні, rests_on: [third]}
agreements:
  paper-deal:
    {by: [Reds, Blues], signed: 2020-02-01, announced: 2020-02-02, place: Geneva, wording: unpublished, rests_on: met}
channels:
  hot-line: {label: Hot line, between: [Reds, Blues], rests_on: [line]}
states:
  - {channel: hot-line, state: suspended, when: 2020-01, rests_on: [line]}
  - {channel: hot-line, state: in-use, when: 2020-03, words: daily, rests_on: [line-used]}
topics:
  guns: {label: the guns}
positions:
  - {of: Blues, stance: demands, topic: guns, clause: D1, when: 2020-01, rests_on: [met, third]}
  - {of: reds, stance: accepts, topic: guns, clause: C1, shared_with: [Greens], rests_on: [met]}
echoes:
  rounds:
    of: rounds
    root: wire
    on: [{unnamed: [Blue officials]}]
    rests_on: [met]
    says:
      sources: {words: [Blue officials]}
      meetings: {count: at least three, basis: inferred}
      level: {of: third-one, words: [higher], on: [{unnamed: one officer}]}
    repeats:
      - {by: paper, says: {level: {of: third-one, words: [higher]}}}
      - {by: copy, says: {sources: {words: [Green officials]}, meetings: {count: two}}}
"""


def write(folder: Path, talks: str = TALKS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "agreement.yml").write_text(LAW, encoding="utf-8")
    (folder / "actors.yml").write_text(ACTORS, encoding="utf-8")
    (folder / "talks.yml").write_text(talks, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hills")


def read(folder: Path, talks: str = TALKS) -> Talks:
    return read_talks(read_agreement(write(folder, talks)))


# ---- what is read ----------------------------------------------------------------------------------------------------


def test_what_is_read_is_what_is_written(folder: Path) -> None:
    talks = read(folder)
    assert talks.problems == ()
    met, third = talks.statements["met"], talks.statements["third"]
    assert (met.matter, met.is_fact, met.level, third.level) == (Matter.MEETING, True, Level.PUBLIC, Level.MISSION)
    (told,) = met.told
    assert (told.by, told.voicing, told.hedge) == ("paper", Voicing.ATTRIBUTED, "apparently")
    assert [link.cited for link in told.on] == ["wire", "unnamed Blue officials"]
    # What stands against a statement stands against it from either side.
    assert (met.against, third.against) == (("third",), ("met",))
    assert third.told[0].on == () and third.told[0].voicing is Voicing.NONE
    assert talks.meetings["third-one"].ordinal == 3
    (delegation,) = talks.delegations_of("rounds")
    assert (delegation.side, delegation.who, delegation.words) == ("blue", ("envoy",), "two aides")
    assert [one.side for one in talks.delegations_of("third-one")] == ["red"]
    deal = talks.deals["paper-deal"]
    assert (deal.by, deal.wording, deal.place) == (("red", "blue"), "unpublished", "Geneva")
    assert deal.signed == read_edtf("2020-02-01", "Europe/Kyiv")
    blue, reds = talks.positions
    assert (blue.stance, blue.clause, blue.rests_on) == (Stance.DEMANDS, "D1", ("met", "third"))
    assert (reds.of, reds.parties) == ("reds", ("reds", "green"))
    assert on_clause(talks.positions, "C1") == (reds,)
    assert talks.words_of(blue.rests_on) == (("apparently",), ("much higher",))


def test_a_series_has_as_many_meetings_as_its_words_tell(folder: Path) -> None:
    count = read(folder).meetings_in("rounds")
    assert (count.low, count.high) == (3, None)
    # What is told of apart is not added up: it may be the same.
    assert read(folder, TALKS.replace("the third meeting", "one meeting")).meetings_in("rounds").low == 2
    assert read(folder, TALKS.replace("two of them", "five of them")).meetings_in("rounds").low == 5
    narrowed = read(folder, TALKS.replace("words: two of them in Vienna", "words: meetings in Vienna, at_least: 4"))
    assert narrowed.problems == () and narrowed.meetings_in("rounds").low == 4


def test_states_of_a_channel_that_conflict_are_both_kept(folder: Path) -> None:
    said = read(folder).said_of_channels()
    assert [(one.state, one.says) for one in said] == [(State.SUSPENDED, "wire"), (State.IN_USE, "paper")]
    assert liaison.differ(said)
    later = read_edtf("2020-04", "Europe/Kyiv")
    assert liaison.is_available(said, "hot-line", later).holds is None
    assert not read(folder).channels["hot-line"].is_mechanism


def test_drift_is_listed_and_the_copy_does_not_win(folder: Path) -> None:
    talks = read(folder)
    found = [(one.by, one.respect, one.change) for one in talks.differences()]
    assert found == [
        ("paper", "level", "attribution lost"),
        ("copy", "sources", "changed"),
        ("copy", "meetings", "shrank"),
    ]
    assert [one.by for one in talks.differences("third-one")] == ["paper"]
    assert talks.meetings_in("rounds").high is None


def test_a_folder_without_the_file_tells_of_no_talks(tmp_path: Path) -> None:
    place = write(tmp_path / "none")
    (place / "talks.yml").unlink()
    talks = read_talks(read_agreement(place))
    assert (talks.statements, talks.problems, talks.facts) == ({}, (), ())


# ---- who may know it -------------------------------------------------------------------------------------------------


def test_what_lies_above_the_audience_is_gone_before_anything_is_counted(folder: Path) -> None:
    seen = read(folder).seen_by(Level.PUBLIC)
    assert "third" not in seen.statements and "third-one" not in seen.meetings
    assert seen.meetings_in("rounds").low == 2
    assert seen.delegations_of("third-one") == () and seen.ranks == ()
    assert seen.statements["met"].against == ()
    blue = seen.positions[0]
    assert (blue.rests_on, seen.words_of(blue.rests_on)) == (("met",), (("apparently",), ()))
    assert "much higher" not in repr(seen.statements)
    assert "third-one" not in repr((seen.roots, seen.statements, seen.differences()))
    assert set(seen.sources) == {"wire", "paper", "copy"}


def test_a_position_is_tied_to_a_demand_for_the_mission_alone(folder: Path) -> None:
    talks = read(folder)
    assert [one.clause for one in talks.seen_by(Level.MISSION).positions] == ["D1", "C1"]
    assert on_clause(talks.seen_by(Level.GUARANTORS).positions, "D1") == ()
    assert [one.clause for one in talks.seen_by(Level.GUARANTORS).positions] == ["", "C1"]


@settings(max_examples=8)
@given(words=st.sampled_from(["reds", "x"]), level=st.sampled_from(["sealed", "mission", "guarantors", "party: reds"]))
def test_two_files_that_differ_above_a_level_are_the_same_at_it(
    words: str, level: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = f"  secret:\n    matter: trust\n    text: {words}\n    level: '{level}'\n    told: [{{by: wire}}]\n"
    place = tmp_path_factory.mktemp("pair")
    with_it = read(
        place,
        TALKS.replace("statements:\n", f"statements:\n{secret}", 1).replace(
            "rests_on: [met]", "rests_on: [met, secret]"
        ),
    )
    assert with_it.problems == ()
    assert with_it.seen_by(Level.PUBLIC).statements == read(place).seen_by(Level.PUBLIC).statements
    for part in ("series", "meetings", "delegations", "positions", "roots", "topics", "channels", "deals"):
        assert getattr(with_it.seen_by(Level.PUBLIC), part) == getattr(read(place).seen_by(Level.PUBLIC), part)


NAMES = st.sampled_from(["Blues", "Reds", "Greens", "Envoy of Blue"])


@settings(max_examples=30)
@given(of_series=st.lists(NAMES, unique=True), of_meeting=st.lists(NAMES, unique=True))
def test_a_delegation_of_a_series_never_becomes_one_of_a_meeting(
    of_series: list[str], of_meeting: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    lines = [f"  - {{of: rounds, side: {name}, rests_on: [met]}}\n" for name in of_series]
    lines += [f"  - {{of: early, side: {name}, rests_on: [met]}}\n" for name in of_meeting]
    start, _, rest = TALKS.partition("delegations:\n")
    talks = read(
        tmp_path_factory.mktemp("sent"), f"{start}delegations:\n{''.join(lines)}{rest[rest.index('agreements:') :]}"
    )
    assert talks.problems == ()
    names = {"Blues": "blue", "Reds": "red", "Greens": "green", "Envoy of Blue": "envoy"}
    assert [one.side for one in talks.delegations_of("rounds")] == [names[name] for name in of_series]
    assert [one.side for one in talks.delegations_of("early")] == [names[name] for name in of_meeting]
    assert talks.delegations_of("third-one") == ()


# ---- what cannot mean what it says -----------------------------------------------------------------------------------

# What is put in the place of what, the code, and the text of the line that it is told of.
# fmt: off
FAULTS = {
    "unknown-actor": ("who: [Envoy of Blue]", "who: [Envoy of Pink]", "who: [Envoy of Pink]"),
    "end-before-start": ("when: 2020-01-01/2020-01-31", "when: 2020-01-31/2020-01-01", "when: 2020-01-31"),
    "chain-circle": ("on: [wire, {unnamed: [Blue officials]}]", "on: [wire, paper]", "on: [wire, paper]"),
    "unknown-party": ("- {of: Blues, stance: demands", "- {of: Pinks, stance: demands", "of: Pinks"),
    "unknown-clause": ("clause: D1", "clause: D9", "clause: D9"),
    "bounds-contradict": ("words: a series of meetings", "words: two meetings", "  rounds:"),
    "unknown-source": ("- {by: wire, voice: own-voice}", "- {by: wirr, voice: own-voice}", "by: wirr"),
    "unknown-statement": ("when: 2020-01, rests_on: [line]", "when: 2020-01, rests_on: [lime]", "lime"),
    "unknown-voice": ("voice: it-is-known", "voice: rumour", "voice: rumour"),
    "unknown-matter": ("matter: level", "matter: weather", "matter: weather"),
    "unknown-level": ("level: mission", "level: secret", "level: secret"),
    "unknown-subject": ("about: [rounds]", "about: [round]", "about: [round]"),
    "unknown-stance": ("stance: accepts", "stance: likes", "stance: likes"),
    "unknown-topic": ("stance: accepts, topic: guns", "stance: accepts, topic: gums", "topic: gums"),
    "unknown-series": ("third-one: {of: rounds", "third-one: {of: round", "third-one: {of: round,"),
    "unknown-meeting": ("{of: third-one, higher_than: early", "{of: third-one, higher_than: late", "higher_than: late"),
    "unknown-track": ("track: hill-talks", "track: hill-walks", "track: hill-walks"),
    "unknown-channel": ("{channel: hot-line, state: suspended", "{channel: hot-lime, state: suspended", "hot-lime"),
    "unknown-state": ("state: suspended", "state: asleep", "state: asleep"),
    "unknown-wording": ("wording: unpublished", "wording: lost", "wording: lost"),
    "unknown-mechanism": ("label: Hot line", "mechanism: maybe", "mechanism: maybe"),
    "unknown-basis": ("basis: inferred", "basis: guessed", "basis: guessed"),
    "voice-and-chain-differ": ("voice: own-voice", "voice: attributed", "voice: attributed"),
    "chain-goes-on": ("on: [wire, {unnamed: [Blue officials]}]", "on: [{unnamed: men}, wire]", "men}, wire]"),
    "statement-told-by-nobody": ("    told:\n      - {by: wire, voice: own-voice}\n", "", "  line:"),
    "statement-without-text": ("    text: The line is shut.\n", "", "  line:"),
    "rests-on-nothing": ("shared_with: [Greens], rests_on: [met]", "shared_with: [Greens]", "shared_with: [Greens]}"),
    "meeting-outside-series": ("when: 2020-01-20", "when: 2020-03-20", "when: 2020-03-20"),
    "level-above-itself": ("higher_than: early", "higher_than: third-one", "higher_than: third-one"),
    "not-a-number": ("words: a series of meetings", "at_most: few", "at_most: few"),
    "not-a-date": ("signed: 2020-02-01", "signed: yesterday", "signed: yesterday"),
    "name-twice": ("- {by: copy, says", "- {by: paper, says", "- {by: paper, says: {sources"),
    "key-missing": ("words: the third meeting, ", "", "third-one: {of: rounds, place"),
    "unknown-key": ("hedge: apparently", "hedgehog: apparently", "hedgehog"),
    "unknown-format": ("format: 1", "format: 2", "format: 2"),
}
# fmt: on


@pytest.mark.parametrize("code", sorted(FAULTS))
def test_what_cannot_mean_what_it_says_is_refused_with_its_line(code: str, tmp_path: Path) -> None:
    old, new, at = FAULTS[code]
    assert old in TALKS
    text = TALKS.replace(old, new, 1)
    problems = [one for one in read(tmp_path, text).problems if one.code == code]
    assert problems, read(tmp_path, text).problems
    (line, *_) = [number for number, written in enumerate(text.splitlines(), 1) if at in written]
    assert line in [one.line for one in problems]
    assert all(one.file.endswith("talks.yml") for one in problems)
    with pytest.raises(TrucewatchError, match=r"talks\.yml:\d+: "):
        open_talks(read_agreement(tmp_path))


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("{unnamed: Blue officials, at_most: 1}", "at least 2, and at most 1"),
        ("{unnamed: an aide, at_least: 3}", "at most 1"),
    ],
)
def test_a_bound_beside_words_may_not_contradict_them(link: str, words: str, tmp_path: Path) -> None:
    found = read(tmp_path, TALKS.replace("{unnamed: [Blue officials]}", link, 1)).problems
    assert [one.code for one in found] == ["bounds-contradict"] and words in found[0].message


def test_a_third_of_at_most_two_contradicts_itself(tmp_path: Path) -> None:
    found = read(tmp_path, TALKS.replace("words: a series of meetings", "at_most: 2")).problems
    assert [one.code for one in found] == ["bounds-contradict"]


def test_the_good_rest_goes_on(tmp_path: Path) -> None:
    talks = read(
        tmp_path, TALKS.replace("of: Blues, stance", "of: Pinks, stance").replace("side: Blues", "side: Pinks")
    )
    assert len(talks.problems) == 2
    assert [one.of for one in talks.positions] == ["reds"]
    assert talks.delegations_of("rounds") == () and talks.meetings_in("rounds").low == 3


@settings(max_examples=60)
@given(torn=st.data())
def test_no_text_makes_the_reader_fall(torn: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    words = torn.draw(st.sampled_from(sorted(set(re.findall(r"[\w-]+|[\[\]{}:]", TALKS)))))
    other = torn.draw(st.sampled_from(["", "null", "[]", "{}", "7", "x", "[[]]", "{a: b}"]))
    at = torn.draw(st.integers(0, TALKS.count(words) - 1))
    parts = TALKS.split(words)
    text = words.join(parts[: at + 1]) + other + words.join(parts[at + 1 :])
    talks = read(tmp_path_factory.mktemp("torn"), text)
    for audience in (Level.PUBLIC, Level.SEALED):
        talks.seen_by(audience).differences()


def test_a_file_that_is_no_text_is_refused_whole(tmp_path: Path) -> None:
    place = write(tmp_path)
    (place / "talks.yml").write_bytes(b"format: 1\n\xff\n")
    with pytest.raises(FileFault, match=r"talks\.yml:2: not UTF-8"):
        read_talks(read_agreement(place))


# ---- the format ------------------------------------------------------------------------------------------------------


def schema() -> Draft202012Validator:
    written = json.loads(SCHEMA.read_text("utf-8"))
    Draft202012Validator.check_schema(written)
    return Draft202012Validator(written)


def plain(text: str) -> Any:
    return parse_text(text, "TALKS")[0].plain()


def test_the_schema_fits_the_text_of_these_tests() -> None:
    assert list(schema().iter_errors(plain(TALKS))) == []


def test_the_talks_of_the_documentation_are_read(tmp_path: Path) -> None:
    (shown,) = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / "docs" / "talks.md").read_text("utf-8"), re.M | re.S)
    talks = read(tmp_path, shown.replace("side: Russia", "side: Blues"))
    assert talks.problems == () and talks.meetings_in("talks").low == 3
    assert list(schema().iter_errors(plain(shown))) == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_the_schema_fits_what_is_shipped(path: Path) -> None:
    assert list(schema().iter_errors(read_text(path)[0].plain())) == []
    first = path.read_text("utf-8").splitlines()[0]
    named = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert named is not None and (path.parent / named[1]).resolve() == SCHEMA
    assert open_talks(read_agreement(path.parent)).statements


# What JSON Schema cannot see: references from one place to another, and what words mean.
BEYOND_SCHEMA = {
    "unknown-actor", "end-before-start", "chain-circle", "unknown-party", "unknown-clause", "bounds-contradict",
    "unknown-source", "unknown-statement", "unknown-subject", "unknown-topic", "unknown-series", "unknown-meeting",
    "unknown-track", "unknown-channel", "chain-goes-on", "meeting-outside-series", "level-above-itself", "not-a-date",
    "name-twice",
}  # fmt: skip


@pytest.mark.parametrize("code", sorted(set(FAULTS) - BEYOND_SCHEMA))
def test_the_schema_rejects_what_the_reader_complains_of(code: str) -> None:
    old, new, _ = FAULTS[code]
    assert not schema().is_valid(plain(TALKS.replace(old, new, 1)))


def test_the_schema_holds_the_words_of_the_field() -> None:
    written = json.loads(SCHEMA.read_text("utf-8"))
    parts = written["properties"]
    assert parts["statements"]["additionalProperties"]["properties"]["matter"]["enum"] == list(Matter)
    assert parts["states"]["items"]["properties"]["state"]["enum"] == list(State)
    assert parts["positions"]["items"]["properties"]["stance"]["enum"] == list(Stance)
    assert written["$defs"]["attribution"]["properties"]["voice"]["enum"] == list(Voicing)
