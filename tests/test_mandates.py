"""Mandates: what a mission may say, in which words, and who signs it; each fault with its line."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from trucewatch.evidence import Standard
from trucewatch.grains import grain_of
from trucewatch.levels import Level
from trucewatch.mandates import TEMPLATE, Mandate, Witnessing, open_mandate, read_mandate
from trucewatch.problems import TrucewatchError
from trucewatch.shipped import open_agreement

WHOLE = """\
format: 1
may: [observe, record, verify, attribute, determine]
standard: balance-of-probabilities
names_parties: true
clearance: [reporting, legal, chief]
roles:
  deputy: {under: analyst}
  liaison: {nominee_of: government-forces}
cut_off: '18:00'
delay_days: 21
witness: {times: ['18:30', '06:30'], pad_to: 64}
grains:
  public: {time: weeks, least_count: 5}
  'party: government-forces': {place: 0.5}
style:
  mission: {en: The Mission, ar: البعثة}
  actors:
    government-forces: [{en: the authorities, audiences: [public]}, {en: the Government, ar: الحكومة}]
  places:
    daraa: {en: Dar'a}
  disclaimers:
    - {en: Nothing here is a position on any border.}
    - {en: For the parties., audiences: [parties, 'party: government-forces']}
  columns: [finding, clause, sentence]
casualty_sources: 3
"""


def read(tmp_path: Path, text: str) -> tuple[Mandate, list[tuple[int, str]]]:
    path = tmp_path / "mandate.yml"
    path.write_text(text, encoding="utf-8")
    mandate, problems = read_mandate(path, open_agreement("south-syria-2017"))
    assert all(problem.file == str(path) for problem in problems)
    return mandate, [(problem.line, problem.code) for problem in problems]


def test_a_mandate_says_what_may_be_said_and_who_signs_it(tmp_path: Path) -> None:
    mandate, problems = read(tmp_path, WHOLE)
    assert problems == []
    assert (mandate.may_determine, mandate.may_attribute, mandate.names_parties) == (True, True, True)
    assert mandate.standard is Standard.BALANCE_OF_PROBABILITIES
    assert (mandate.clearance, mandate.chief) == (("reporting", "legal", "chief"), "chief")
    assert (mandate.roles["deputy"].under, mandate.roles["liaison"].nominee_of) == ("analyst", "government-forces")
    assert mandate.cut_off == time(18)
    assert mandate.witness == Witnessing((time(6, 30), time(18, 30)), 64)
    assert (mandate.casualty_sources, Mandate().casualty_sources) == (3, 2)


def test_a_party_has_as_many_days_to_reply_as_the_mandate_says(tmp_path: Path) -> None:
    assert read(tmp_path, f"{WHOLE}reply_days: 7\n")[0].reply_days == 7
    assert Mandate().reply_days == 14
    for wrong in ("0", "-1", "soon", "true", "1.5", "99999"):
        mandate, problems = read(tmp_path, f"{WHOLE}reply_days: {wrong}\n")
        assert (mandate.reply_days, problems) == (14, [(WHOLE.count("\n") + 1, "not-a-number")])


def test_the_style_sheet_names_things_by_language_and_audience(tmp_path: Path) -> None:
    style = read(tmp_path, WHOLE)[0].style
    assert style.mission_name("ar") == "البعثة"
    assert style.actor("government-forces", "en", "public") == "the authorities"
    assert style.actor("government-forces", "en", "parties") == "the Government"
    assert style.place("daraa", "en", "public") == "Dar'a"
    assert style.disclaimed("en", "public") == ("Nothing here is a position on any border.",)
    assert len(style.disclaimed("en", "party: government-forces")) == 2
    assert style.columns == ("finding", "clause", "sentence")


def test_the_delay_holds_for_whoever_has_no_grain_of_their_own(tmp_path: Path) -> None:
    grains = read(tmp_path, WHOLE)[0].grains
    public, own, other, inside = (
        grain_of(audience, grains)
        for audience in (Level.PUBLIC, Level.party("government-forces"), Level.party("other"), Level.MISSION)
    )
    assert (public.time, public.least_count, public.delay_days) == ("weeks", 5, 21)
    assert (own.place, own.time, own.delay_days) == (0.5, "days", 21)
    assert (other.place, other.delay_days) == ("zones", 21)
    assert (inside.place, inside.delay_days) == ("exact", 0)


def test_a_mandate_of_before_is_read_as_it_was_meant(tmp_path: Path) -> None:
    old, problems = read(tmp_path, "format: 1\nmay: [observe, record]\nstandard: clear-and-convincing\n")
    assert problems == []
    assert old == Mandate(("observe", "record"), Standard.CLEAR_AND_CONVINCING)
    assert grain_of(Level.PUBLIC, old.grains) == grain_of(Level.PUBLIC)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("", Witnessing((time(6), time(18)), 64)),
        ("witness: {pad_to: 16}\n", Witnessing((time(6), time(18)), 16)),
        ("witness: {times: ['12:00']}\n", Witnessing((time(12),), 64)),
        ("witness: {times: []}\n", Witnessing((), 64)),
        ("witness: {times: [], pad_to: 1}\n", Witnessing((), 1)),
    ],
)
def test_the_ledger_is_witnessed_at_fixed_times_and_padded_unless_it_is_said_otherwise(
    tmp_path: Path, said: str, meant: Witnessing
) -> None:
    mandate, problems = read(tmp_path, f"may: [observe]\nstandard: reasonable-grounds\n{said}")
    assert (mandate.witness, problems) == (meant, [])


def test_a_new_mission_observes_and_records_and_says_who_clears(tmp_path: Path) -> None:
    mandate, problems = read(tmp_path, TEMPLATE)
    assert (mandate, problems) == (Mandate(), [])


@pytest.mark.parametrize("powers", [["observe"], ["observe", "attribute"], ["observe", "determine"]])
def test_parties_are_named_outside_only_by_a_mission_that_may_attribute(tmp_path: Path, powers: list[str]) -> None:
    mandate, _ = read(tmp_path, f"may: {powers}\nstandard: reasonable-grounds\n")
    assert mandate.names_parties is (len(powers) > 1)
    assert mandate.may_name_parties(Level.MISSION)
    assert mandate.may_name_parties(Level.PUBLIC) is mandate.names_parties


@pytest.mark.parametrize(
    ("was", "instead", "line", "code"),
    [
        ("format: 1", "format: 2", 1, "unknown-format"),
        ("format: 1", "formt: 1", 1, "unknown-key"),
        ("determine]", "determin]", 2, "unknown-power"),
        ("balance-of-probabilities", "beyond-doubt", 3, "unknown-standard"),
        ("standard: balance-of-probabilities\n", "", 1, "unknown-standard"),
        ("names_parties: true", "names_parties: perhaps", 4, "not-true-or-false"),
        ("[reporting, legal, chief]", "[reporting, legal, reporting]", 5, "role-twice"),
        ("[reporting, legal, chief]", "[]", 5, "bad-clearance"),
        ("[reporting, legal, chief]", "chief", 5, "bad-clearance"),
        ("[reporting, legal, chief]", "[reporting, 7]", 5, "not-a-text"),
        ("{under: analyst}", "analyst", 7, "not-a-map"),
        ("{under: analyst}", "{over: analyst}", 7, "unknown-key"),
        ("nominee_of: government-forces", "nominee_of: goverment-forces", 8, "unknown-party"),
        ("'18:00'", "'25:00'", 9, "bad-time-of-day"),
        ("'18:00'", "18", 9, "bad-time-of-day"),
        ("delay_days: 21", "delay_days: -1", 10, "not-a-number"),
        ("delay_days: 21", "delay_days: true", 10, "not-a-number"),
        ("pad_to: 64", "pad_to: 0", 11, "not-a-number"),
        ("{times: ['18:30', '06:30'], pad_to: 64}", "daily", 11, "not-a-map"),
        ("  public: {time", "  publik: {time", 13, "unknown-level"),
        ("  public: {time", "  mission: {time", 13, "bad-grain"),
        ("time: weeks", "time: fortnights", 13, "bad-grain"),
        ("place: 0.5", "plaice: 0.5", 14, "bad-grain"),
        ("mission: {en: The Mission, ar: البعثة}", "mission: [x]", 16, "not-a-text"),
        ("ar: البعثة", "arabic: البعثة", 16, "unknown-language"),
        ("    government-forces: [", "    goverment-forces: [", 18, "unknown-name"),
        ("audiences: [public]", "audiences: [everybody]", 18, "unknown-level"),
        ("    daraa:", "    dara:", 20, "unknown-name"),
        ("[finding, clause, sentence]", "[finding, sentnce]", 24, "unknown-column"),
        ("[finding, clause, sentence]", "[finding, finding]", 24, "duplicate-column"),
        ("casualty_sources: 3", "casualty_sources: 1", 25, "not-a-number"),
        ("casualty_sources: 3", "casualty_sources: 5", 25, "not-a-number"),
    ],
)
def test_every_fault_is_told_where_it_stands(tmp_path: Path, was: str, instead: str, line: int, code: str) -> None:
    assert was in WHOLE
    assert read(tmp_path, WHOLE.replace(was, instead))[1] == [(line, code)]


def test_a_mandate_with_a_fault_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "mandate.yml"
    path.write_text("may: [obserwe]\nstandard: reasonable-grounds\n")
    with pytest.raises(TrucewatchError, match=r"mandate.yml:1: unknown-power .*did you mean 'observe'"):
        open_mandate(path)
    path.write_text("\tmay: x\n")
    with pytest.raises(TrucewatchError, match=r"mandate.yml:1: not-yaml"):
        open_mandate(path)
