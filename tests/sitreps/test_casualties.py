"""Casualties of a period: verified and reported apart, and too few to be told apart are not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from trucewatch.beside import Beside
from trucewatch.grains import Grain
from trucewatch.levels import Level
from trucewatch.logs.casualties import AgeBand, Casualty, Harm, Sex, Status, VerifiedBy
from trucewatch.sitreps.casualties import casualties_of
from trucewatch.sitreps.material import CasualtyLog, Material, Period
from trucewatch.when import Span

MaterialOf = Callable[..., Material]

JUNE = Period(datetime(2018, 6, 1, tzinfo=UTC), datetime(2018, 7, 1, tzinfo=UTC), "June 2018")
BOTH = frozenset({VerifiedBy.SITE, VerifiedBy.MEDICAL})


def day(number: int) -> Span:
    start = JUNE.start + timedelta(days=number - 1)
    return Span(start, start + timedelta(days=1), "day")


def person(id: str = "K", on: int = 2, verified: int | None = 5, **more: object) -> Casualty:
    told = Casualty(
        id, day(on), day(verified) if verified else None, Harm.KILLED, Sex.MALE, AgeBand.ADULT, sources=BOTH
    )
    return replace(told, **more)  # type: ignore[arg-type]


def log(material_of: MaterialOf, *known: Casualty, least: int = 1, **more: object) -> CasualtyLog:
    material = material_of(beside=Beside(casualties=known), **more)
    material = replace(material, view=replace(material.view, grain=Grain(least_count=least)))
    found = casualties_of(material, JUNE)
    assert found is not None
    return found


def test_without_a_record_there_is_nothing_to_say(material_of: MaterialOf) -> None:
    assert casualties_of(material_of(), JUNE) is None


def test_verified_and_reported_are_counted_apart_in_the_period_in_which_it_happened(material_of: MaterialOf) -> None:
    told = log(
        material_of, person("A"), person("B", verified=None), person("C", sources=frozenset({VerifiedBy.SITE})),
        person("D", on=-3), person("E", on=-3, verified=-1), person("F", on=31), person("G", verified=40),
        person("H", on=-3, verified=None),
    )  # fmt: skip
    assert (told.verified.number, told.reported.number) == (2, 2)  # A and G; B and C
    assert told.verified_later == 1  # D


def test_the_standard_of_the_mission_says_who_is_verified(material_of: MaterialOf) -> None:
    three = person("B", sources=frozenset({*BOTH, VerifiedBy.FAMILY}))
    told = log(material_of, person("A"), three, casualty_sources=3)
    assert (told.verified.number, told.reported.number, told.least) == (1, 1, 3)


def test_persons_are_told_apart_by_harm_sex_age_and_cause(material_of: MaterialOf) -> None:
    girl = person("B", sex=Sex.FEMALE, age_band=AgeBand.CHILD, cause="shelling")
    told = log(material_of, person("A"), girl, person("C", harm=Harm.INJURED, cause="shelling")).verified
    assert told.harms == {Harm.KILLED: 2, Harm.INJURED: 1}
    assert told.groups[Harm.KILLED] == {(Sex.MALE, AgeBand.ADULT): 1, (Sex.FEMALE, AgeBand.CHILD): 1}
    assert told.causes == {"": 1, "shelling": 2}
    assert set(told.left.values()) == {0} and told.no_cause == 0


def test_what_a_casualty_is_linked_to_is_counted_for_the_mission_alone(material_of: MaterialOf) -> None:
    known = person("A", incident="R-1"), person("B")
    assert log(material_of, *known).linked == 1
    assert log(material_of, *known, audience=Level.GUARANTORS).linked is None


PEOPLE = st.lists(
    st.builds(
        person, on=st.just(2), verified=st.sampled_from([None, 5]), harm=st.sampled_from(Harm),
        sex=st.sampled_from(Sex), age_band=st.sampled_from(AgeBand),
        cause=st.sampled_from(["", "shelling", "explosive-remnant"]),
    ),
    min_size=1, max_size=25,
)  # fmt: skip


@given(PEOPLE, st.integers(1, 5))
def test_nobody_is_lost_and_no_group_that_is_told_is_too_small(
    material_of: MaterialOf, people: list[Casualty], least: int
) -> None:
    told = log(material_of, *(replace(one, id=f"K-{n}") for n, one in enumerate(people)), least=least)
    verified = sum(one.status() is Status.VERIFIED for one in people)
    assert (told.verified.number, told.reported.number) == (verified, len(people) - verified)
    for part in (told.verified, told.reported):
        assert sum(part.harms.values()) + part.left[None] == part.number
        assert sum(part.causes.values()) + part.no_cause == part.number
        for harm, number in part.harms.items():
            assert sum(part.groups[harm].values()) + part.left[harm] == number
        shown = [*part.harms.values(), *part.causes.values(), *(n for g in part.groups.values() for n in g.values())]
        assert min(shown, default=least) >= least
