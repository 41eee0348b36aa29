"""Flips in a sitrep: the readings of all parties beside each other, with what each difference hangs on."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.valley import TEXT, write_valley
from trucewatch.agreement.examples import read_examples
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement
from trucewatch.evidence import Standard
from trucewatch.findings import assess
from trucewatch.incidents import corroborate
from trucewatch.levels import Level
from trucewatch.problems import WrongCall
from trucewatch.readings import compare
from trucewatch.sitreps.flips import flips_of
from trucewatch.sitreps.material import Material, Period
from trucewatch.views import view

ALWAYS = Period(datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC), "2020")
GROUNDS = Standard.REASONABLE_GROUNDS


@pytest.fixture(scope="module")
def valley(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return material_of(read_agreement(write_valley(tmp_path_factory.mktemp("law") / "valley")))


def material_of(law: Agreement) -> Material:
    _, claims, problems = read_examples(law)
    assert problems == []
    seen = view(claims, Level.MISSION)
    incidents = corroborate(seen, law.gazetteer, law.register)
    return Material(
        view=seen, incidents=incidents, findings=assess(incidents, law), strict=None, agreement=law, reading=None,
        sources=(), problems=(), rows_read=0, rows_refused=0,
    )  # fmt: skip


def test_the_readings_of_all_parties_stand_there_and_ours_does_not(valley: Material) -> None:
    told = flips_of(valley, ALWAYS, GROUNDS)
    assert [str(name) for name in told.names] == ["nothing chosen", "Northern Army", "Southern Army"]
    assert {len(group.outcomes) for group in told.flipped} == {3}


def test_they_are_the_flips_of_the_same_readings_counted(valley: Material) -> None:
    law = valley.agreement
    found = compare(valley.incidents, law, [law.readings["northern"], law.readings["southern"]])
    expected = Counter((flip.clause, flip.outcomes) for flip in found.flips)
    counted: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for group in flips_of(valley, ALWAYS, GROUNDS).flipped:
        counted[group.clause, group.outcomes] += group.findings
    assert counted == expected != Counter()


def test_what_each_hangs_on_is_told_in_words(valley: Material) -> None:
    reasons = {str(group.because) for group in flips_of(valley, ALWAYS, GROUNDS).flipped}
    assert "whether Knights belongs to Southern Army" in reasons
    assert "the reservation of south army on C3" in reasons
    assert "the disputed area; or the disputed start" in reasons
    assert any("whether hill men groups are bound" in words for words in reasons)


def test_clauses_stand_in_their_order_and_the_most_findings_first(valley: Material) -> None:
    told = [(group.clause, -group.findings) for group in flips_of(valley, ALWAYS, GROUNDS).flipped]
    assert told == sorted(told)


def test_only_what_began_in_the_period_is_told(valley: Material) -> None:
    april = replace(ALWAYS, start=datetime(2020, 4, 2, tzinfo=UTC), end=datetime(2020, 4, 4, tzinfo=UTC))
    told, whole = (flips_of(valley, period, GROUNDS) for period in (april, ALWAYS))
    assert sum(group.findings for group in told.flipped) < sum(group.findings for group in whole.flipped)


def test_for_nobody_but_the_mission(valley: Material) -> None:
    for audience in (Level.PUBLIC, Level.GUARANTORS, Level.party("north-army")):
        outside = replace(valley, view=replace(valley.view, audience=audience))
        with pytest.raises(WrongCall, match=f"not for {audience.word}"):
            flips_of(outside, ALWAYS, GROUNDS)


def test_where_no_party_has_a_reading_there_is_nothing_to_set_beside_each_other(tmp_path: Path) -> None:
    ours = TEXT.replace("    by: north\n", "    by: ours\n").replace("    by: south\n", "    by: ours\n")
    with pytest.raises(WrongCall, match="no party's reading"):
        flips_of(material_of(read_agreement(write_valley(tmp_path / "valley", agreement=ours))), ALWAYS, GROUNDS)
