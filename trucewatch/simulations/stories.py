"""Stories: what outlets print of a version, and the copies of it: verbatim, abridged, in other words, translated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from trucewatch.acts import ROOT, act_tree
from trucewatch.simulations.observation import Asked
from trucewatch.simulations.told import MARK, Cells, Scene, point
from trucewatch.simulations.truths import Dice
from trucewatch.simulations.versions import Version
from trucewatch.when import time_zone

_SUMMARY = "lead_all_day"


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence: its meaning, which of its forms, and the particulars drawn for it."""

    meaning: str
    form: int
    n: int
    m: int
    quarter: int


@dataclass(frozen=True, slots=True)
class Story:
    """A version as an outlet printed it.

    `language` and `house` are those it is written in; `chain` is whom it cites, nearest first; `changes` is what it
    changed of the story it copied, `how` it did so (empty: told in the first place).
    """

    version: Version
    outlet: str
    language: str
    house: str
    published: datetime
    said: tuple[Said, ...]
    sides: tuple[str, str]
    area: str
    has_text: bool
    chain: tuple[str, ...]
    how: str = ""
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Press:
    """The outlets, how they print, and how they copy."""

    scene: Scene
    asked: Asked

    @property
    def outlets(self) -> Mapping[str, tuple[str, ...]]:
        """Each outlet with the language and the house that it writes in."""
        return {
            key.removeprefix("outlets "): how for key, how in self.asked.named.items() if key.startswith("outlets ")
        }

    def spread(self, version: Version, cited: str, ended: datetime, dice: Dice) -> Iterator[Story]:
        """Print a version, on the word of whom it cites, in one outlet or more; and let others copy it.

        `cited` may be empty: the outlet does not say. `ended` is when the event was over.
        """
        own = [cited] if cited in self.outlets else []
        outlets = own + [name for name in dice.shuffle(list(self.outlets)) if name not in own]
        statement = self._sentences(version, dice)
        printed: list[Story] = []
        first = ended + timedelta(days=int(dice.among(self.asked.shares["delay_days"]))) + dice.hours((0.3, 14))
        printers = 1 if own else int(dice.among(self.asked.shares["printers"]))
        for outlet in outlets[:printers]:
            said = self._sentences(version, dice) if dice.chance(self.asked.share("own_words")) else statement
            # Whoever asked the same root by themselves may have heard less of it.
            printed.append(self._story(version, outlet, first, said, (cited,) if cited else (), dice))
            first += dice.hours((0.2, 8))
        yield from printed
        rest = outlets[printers:]
        while rest and len(printed) < self.asked.share("most_copies") and dice.chance(self.asked.share("copied")):
            story = dice.pick(printed)
            how = dice.among(self.asked.shares["copies"])
            fits = [name for name in rest if (self.outlets[name][0] != story.language) == (how == "translated")]
            if not fits:
                continue
            rest.remove(fits[-1])
            copy = self._copy(story, fits[-1], how, dice)
            printed.append(copy)
            yield copy

    def circle(self, version: Version, ended: datetime, dice: Dice) -> Iterator[Story]:
        """Let two outlets print a version, each on the other's word."""
        one, other = dice.shuffle(list(self.outlets))[:2]
        published = ended + dice.hours((1, 20))
        story = self._story(version, one, published, self._sentences(version, dice), (other,), dice)
        yield story
        how = "paraphrased" if self.outlets[other][0] == story.language else "translated"
        yield replace(self._copy(story, other, how, dice), chain=(one,))

    def _story(
        self,
        version: Version,
        outlet: str,
        published: datetime,
        said: tuple[Said, ...],
        chain: tuple[str, ...],
        dice: Dice,
    ) -> Story:
        language, house = self.outlets[outlet]
        return Story(
            version, outlet, language, house, published, said, self._sides(version, language, dice),
            self.scene.area(version.zone, dice, language), not dice.chance(self.asked.share("no_text")), chain,
        )  # fmt: skip

    def _sides(self, version: Version, language: str, dice: Dice) -> tuple[str, str]:
        umbrella = self.asked.share("umbrella")
        actor, target = (self.scene.name(side, dice, language, umbrella) for side in (version.actor, version.target))
        return actor, target

    def _sentences(self, version: Version, dice: Dice) -> tuple[Said, ...]:
        """Draw the sentences of a story: what happened, its particulars, perhaps a quotation and whom it is from."""
        forms = _phrases()

        def said(meaning: str) -> Said:
            return Said(meaning, dice.whole((0, 59)), dice.whole((2, 19)), dice.whole((20, 900)), dice.whole((0, 7)))

        meanings = [_SUMMARY if len(version.events) > 1 else "lead", "clock", "who", "dead", "count"]
        details = dice.shuffle([f"details {i}" for i in range(len(forms["details"]))])
        meanings += details[: dice.whole(self.asked.numbers["details"])]
        if dice.chance(self.asked.share("quote")):
            meanings.append(f"quotes {dice.whole((0, len(forms['quotes']) - 1))}")
        return tuple(said(meaning) for meaning in [*meanings, "attribution"])

    # ---- copies ----

    def _copy(self, story: Story, outlet: str, how: str, dice: Dice) -> Story:
        language, house = self.outlets[outlet]
        copy = replace(
            story,
            outlet=outlet,
            published=story.published
            + dice.hours((0, 0.5))
            + timedelta(hours=dice.along(self.asked.quantiles["copy_hours"])),
            chain=self._cited(story, outlet, dice),
            how=how,
            changes=(),
        )
        if how == "abridged":
            told = [one for one in story.said if self._sentence(one, story)]
            copy = replace(copy, said=tuple(told[: max(round(len(told) / 3), 2)]))
        elif how in ("paraphrased", "translated"):
            said = copy.said[0], *dice.shuffle(copy.said[1:])
            other = tuple(replace(one, form=one.form + dice.whole((1, 2))) for one in said)
            copy = replace(copy, said=other, house=house, language=language)
        if how == "translated":
            copy = replace(
                copy,
                sides=self._sides(copy.version, language, dice),
                area=self.scene.area(copy.version.zone, dice, language),
            )
        return self._drifted(copy, dice) if dice.chance(self.asked.share("drift")) else copy

    def _cited(self, story: Story, outlet: str, dice: Dice) -> tuple[str, ...]:
        if dice.chance(self.asked.share("copy_claims_own")):
            return (outlet,)
        whole = (story.outlet, *(name for name in story.chain if name != story.outlet))
        match dice.among(self.asked.shares["cites"]):
            case "chain":
                return whole
            case "nearest":
                return whole[:1]
            case "root":
                return whole[-1:]
            case _:
                return ()

    def _drifted(self, story: Story, dice: Dice) -> Story:
        """Change what a copy gets wrong: a number grows, place or hour is lost, a side is named more sharply."""
        version = story.version
        ways: list[tuple[str, Version]] = []
        if version.dead:
            grown = version.dead + dice.whole((1, 5))
            ways.append((f"dead {version.dead} -> {grown}", replace(version, dead=grown)))
        if version.count:
            grown = version.count + dice.whole((1, 9))
            ways.append((f"count {version.count} -> {grown}", replace(version, count=grown)))
        if version.radius_m is not None or version.village:
            ways.append(("place lost", replace(version, radius_m=None, village=None)))
        if version.by_hour:
            zone = time_zone(self.scene.agreement.timezone)
            day = version.start.astimezone(zone).replace(hour=0, minute=0)
            ways.append(("hour lost", replace(version, start=day, end=day + timedelta(days=1), by_hour=False)))
        register = self.scene.agreement.register
        printed = register.identify(story.sides[0]) if story.sides[0] else ""
        below = sorted(register.stands_for(printed) - {printed})
        if below:
            sharper = dice.pick(below)
            ways.append((f"actor {printed} -> {sharper}", replace(version, actor=sharper, began=True)))
        if not ways:
            return story
        change, drifted = dice.pick(ways)
        copy = replace(story, version=drifted, changes=(change,))
        return replace(copy, sides=self._sides(drifted, copy.language, dice)) if change.startswith("actor") else copy

    # ---- written ----

    def cells(self, story: Story) -> Cells:
        """Write a story as a row of the wire."""
        version = story.version
        cells = {
            "outlet": story.outlet,
            "cites": " < ".join(story.chain),
            "published": self.scene.clock(story.published),
            "act": version.act,
            "side_a": story.sides[0],
            "side_b": story.sides[1],
            "who_acted": "side_a" if version.began and version.actor else "",
            "place": self._place(story),
            "area": story.area,
            "headline": f"{MARK}: {self.headline(story)}",
            "text": self.text(story) if story.has_text else "",
            **self._when(version),
        }
        if version.radius_m is not None:
            cells |= point(version.lon, version.lat) | {"radius_m": str(version.radius_m)}
        if version.count:
            cells |= {"count": str(version.count), "count_unit": version.unit}
        if version.dead:
            cells |= {"dead_low": str(version.dead), "dead_high": str(version.dead)}
            cells |= {"civilians_dead": str(version.civilians_dead)} if version.civilians_dead else {}
        return cells

    def _when(self, version: Version) -> Cells:
        if version.by_hour:
            return {"from": self.scene.clock(version.start), "until": self.scene.clock(version.end)}
        return {"from": self.scene.day(version.start), "until": self.scene.day(version.end - timedelta(minutes=1))}

    def _place(self, story: Story) -> str:
        return story.version.village.name(story.language, story.house) if story.version.village else ""

    def headline(self, story: Story) -> str:
        """Return a headline without a mark: what, and where."""
        where = self._place(story) or story.area
        return f"{_what(story.version.act, story.language, story.said[0].form)}, {where}".strip(", ")

    def text(self, story: Story) -> str:
        """Return the text of a story: its sentences in its language, then what its outlet always says."""
        written = [line for one in story.said if (line := self._sentence(one, story))]
        always = _phrases()["boilerplate"][story.language]
        boilerplate = always[list(self.outlets).index(story.outlet) % len(always)]
        return f"{MARK}. " + ". ".join([*written, boilerplate]) + "."

    def _sentence(self, said: Said, story: Story) -> str:
        version, language = story.version, story.language
        meaning = said.meaning
        needed: dict[str, object] = {
            "clock": version.by_hour, "who": version.actor and version.target, "dead": version.dead,
            "count": version.count, "attribution": story.chain,
        }  # fmt: skip
        if not needed.get(meaning, True):
            return ""
        if meaning == "who" and not version.began:
            meaning = "sides"
        kind, _, which = meaning.partition(" ")
        forms = _phrases()[kind][int(which)] if which else _phrases()[kind]
        some = forms[language] if isinstance(forms[language], list) else [forms[language]]
        quarters = _phrases()["quarters"][language]
        local = version.start.astimezone(time_zone(self.scene.agreement.timezone))
        sentence = some[said.form % len(some)].format(
            what=_what(version.act, language, said.form),
            where=self._place(story) or _countryside(story.area, language),
            day=f"{local.day}.{local.month}.{local.year}",
            clock=f"{local:%H:%M}",
            who=story.sides[0],
            whom=story.sides[1],
            dead=version.dead,
            count=version.count,
            unit=version.unit,
            n=said.n,
            m=said.m,
            quarter=quarters[said.quarter % len(quarters)],
            root=_root_named(story.chain[-1], language) if story.chain else "",
        )
        return str(sentence[0].upper() + sentence[1:])


_COUNTRYSIDE = {"en": ("the countryside of ", "Countryside"), "ar": ("ريف ", "ريف")}
_ROOTS = {
    "unnamed official": "مسؤول لم يسمه",
    "unnamed officials": "مسؤولين لم يسمهم",
    "unnamed residents": "سكان لم تذكر أسماؤهم",
}
_SOMEBODY = {"en": "another outlet of SIM", "ar": "جهة سيم"}


def _countryside(area: str, language: str) -> str:
    """Name the land round the seat of an area; some areas are named so themselves."""
    before, own = _COUNTRYSIDE[language]
    return area if own in area else f"{before}{area}"


def _root_named(root: str, language: str) -> str:
    """Name whom a story cites; a name that is only known in the other script is left out, as translators do."""
    if language == "ar" and root in _ROOTS:
        return _ROOTS[root]
    is_arabic = any("\u0600" <= letter <= "\u06ff" for letter in root)
    return root if is_arabic == (language == "ar") else _SOMEBODY[language]


@cache
def _phrases() -> dict[str, Any]:
    text = files("trucewatch.simulations").joinpath("phrases.yml").read_text(encoding="utf-8")
    phrases: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return phrases


def _what(act: str, language: str, form: int) -> str:
    """Return one of the words for an act, or for the narrowest wider act that has one."""
    words: Mapping[str, Mapping[str, Sequence[str]]] = _phrases()["acts"]
    node: str | None = act
    while node not in words and node not in (None, ROOT):
        node = act_tree().parents[str(node)]
    some = words[str(node) if node in words else "use-of-weapons"][language]
    return some[form % len(some)]
