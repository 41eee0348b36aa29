"""Curated: datasets that people code from what is printed: each its own events, coarser, some missed or confused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from trucewatch.actors import CIVILIANS
from trucewatch.acts import act_tree
from trucewatch.simulations.neighbourhoods import Event
from trucewatch.simulations.observation import Asked
from trucewatch.simulations.stories import Press, Story
from trucewatch.simulations.told import MARK, Cells, Scene, away
from trucewatch.simulations.truths import Dice

DATASETS = ("acled", "ucdp")

_DAY = timedelta(days=1)
_COUNTRY = "Syria"
# The narrowest node that an act stands under decides.
_SUB_EVENTS = {
    "air-strike": ("Explosions/Remote violence", "Air/drone strike"),
    "mine-or-improvised-device": ("Explosions/Remote violence", "Remote explosive/landmine/IED"),
    "grenade": ("Explosions/Remote violence", "Grenade"),
    "explosion": ("Explosions/Remote violence", "Shelling/artillery/missile attack"),
    "use-of-weapons": ("Battles", "Armed clash"),
}
_PRECISION = {"village": ("1", "1"), "near": ("2", "2"), "area": ("3", "4")}


@dataclass(frozen=True, slots=True)
class Coded:
    """One record of a dataset: when it came out, its cells, and the stories it rests on, in the order of its items."""

    dataset: str
    published: datetime
    cells: Cells
    articles: tuple[Story, ...]
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Curators:
    """The makers of one dataset: what they catch, where they put it, and what they confuse."""

    scene: Scene
    asked: Asked
    press: Press
    dataset: str
    seed: int

    def code(self, events: Sequence[Event], told: Mapping[str, Sequence[Story]]) -> Iterator[Coded]:
        """Code events from the stories told of each: one record for an event, but for what is missed or confused."""
        dice = Dice(self.seed, f"curators of {self.dataset}")
        caught = [event for event in events if told.get(event.truth.id) and self._catches(event, dice)]
        merged = self._merged(caught, dice)
        for event in caught:
            if event.truth.id in merged and merged[event.truth.id] != event.truth.id:
                continue
            together = [other for other in caught if merged.get(other.truth.id) == event.truth.id] or [event]
            articles = tuple(article for other in together for article in self._articles(told[other.truth.id], dice))
            changes = ("merged",) if len(together) > 1 else ()
            if len(articles) > 1 and not changes and dice.chance(self.asked.share("split")):
                for part in (articles[:1], articles[1:]):
                    yield from self._record(event, part, ("split",), dice)
            else:
                yield from self._record(event, articles, changes, dice)

    def _catches(self, event: Event, dice: Dice) -> bool:
        share = self.asked.share("catches") * (1.0 if event.is_true else self.asked.share("false_taken"))
        return dice.chance(share)

    def _merged(self, events: Sequence[Event], dice: Dice) -> dict[str, str]:
        """Return which events are coded as one, by the first of them: of one village and day, by the same sides."""
        first: dict[tuple[object, ...], str] = {}
        merged: dict[str, str] = {}
        for event in events:
            truth = event.truth
            day = self.scene.day(truth.start)
            key = (
                event.village,
                day,
                frozenset((truth.actor, truth.target)),
                act_tree().covers("explosion", truth.act),
            )
            if key in first and dice.chance(self.asked.share("merged")):
                merged[truth.id] = merged[first[key]] = first[key]
            first.setdefault(key, truth.id)
        return merged

    def _articles(self, stories: Sequence[Story], dice: Dice) -> list[Story]:
        """Pick the stories that a coder had: most often one."""
        wanted = int(dice.among(self.asked.shares["articles"]))
        # A cell of offices parts its entries by semicolons, and a dataset cites an outlet once.
        return sorted(dice.shuffle(list(stories))[:wanted], key=lambda story: (story.published, story.outlet))

    def _record(
        self, event: Event, articles: tuple[Story, ...], changes: tuple[str, ...], dice: Dice
    ) -> Iterator[Coded]:
        made = self._acled(event, articles, dice) if self.dataset == "acled" else self._ucdp(event, articles, dice)
        if made:
            out = max(article.published for article in articles) + timedelta(days=7 if self.dataset == "acled" else 200)
            yield Coded(self.dataset, out, made, articles, changes)

    # ---- what is coded ----

    def _where(self, event: Event, articles: Sequence[Story], dice: Dice) -> tuple[str, str, float, float]:
        """Return precision, name and point: that of a gazetteer, the same for every event of a village."""
        named = next((a.version.village for a in articles if a.version.village), None)
        village = named or event.village
        precision = dice.among(self.asked.shares["precision"]) if named else "area"
        own = Dice(self.seed, f"{self.dataset} gazetteer {village.names[1]}")
        lon, lat = away(village.lon, village.lat, own.between(self.asked.numbers["off_m"]), own)
        name = village.names[2] if self.dataset == "acled" else village.names[1]
        return precision, name if precision != "area" else self._area(event), lon, lat

    def _area(self, event: Event) -> str:
        area = self.scene.agreement.gazetteer.areas.get(event.village.zone)
        return area.names[0] if area and area.names else ""

    def _days(self, articles: Sequence[Story], dice: Dice) -> tuple[bool, datetime, datetime]:
        """Return whether the day is known, the first day and the last."""
        version = articles[0].version
        first, last = version.start, version.end - timedelta(minutes=1)
        if dice.among(self.asked.shares["dated"]) == "day":
            return last - first <= _DAY, first, first if last - first <= _DAY else last
        more = dice.whole(self.asked.numbers["vague_days"])
        before = dice.whole((0, more))
        return False, first - before * _DAY, first + (more - before) * _DAY

    def _sides(self, articles: Sequence[Story]) -> tuple[str, str]:
        """Return the sides that the articles name, as the dataset calls them; empty where none does."""
        actor = next((a.version.actor for a in articles if a.version.actor), "")
        target = next((a.version.target for a in articles if a.version.target and a.version.target != actor), "")
        label = self.scene.agreement.register.label
        return (label(actor) if actor else ""), (label(target) if target else "")

    def _dead(self, articles: Sequence[Story]) -> tuple[int, int, int]:
        """Return the least, the first and the greatest number of dead among the articles."""
        numbers = [article.version.dead or 0 for article in articles]
        return min(numbers), numbers[0], max(numbers)

    def _acled(self, event: Event, articles: Sequence[Story], dice: Dice) -> Cells:
        precision, name, lon, lat = self._where(event, articles, dice)
        is_day, first, _ = self._days(articles, dice)
        act = articles[0].version.act
        event_type, sub_event = next(kind for node, kind in _SUB_EVENTS.items() if act_tree().covers(node, act))
        actor, target = self._sides(articles)
        if target == CIVILIANS and event_type == "Battles":
            event_type, sub_event = "Violence against civilians", "Attack"
        english = replace(articles[0], language="en", house="agency", said=articles[0].said[:5])
        if english.language != articles[0].language:
            english = replace(english, sides=(actor, target), area=self._area(event))
        return {
            "event_date": f"{_local(self.scene, first):%d %B %Y}",
            "time_precision": "1" if is_day else "2",
            "event_type": event_type,
            "sub_event_type": sub_event,
            "actor1": actor or "Unidentified Armed Group",
            "actor2": target.capitalize() if target == CIVILIANS else target,
            "country": _COUNTRY,
            "admin1": self._area(event),
            "location": name,
            "latitude": f"{lat:.4f}",
            "longitude": f"{lon:.4f}",
            "geo_precision": _PRECISION[precision][0],
            "source": "; ".join(dict.fromkeys(article.outlet for article in articles)),
            "notes": self.press.text(replace(english, sides=(actor or "an armed group", target or "others"))),
            "fatalities": str(self._dead(articles)[1]),
        }

    def _ucdp(self, event: Event, articles: Sequence[Story], dice: Dice) -> Cells | None:
        """Code an event that killed and of which both sides are known; the dataset holds no other."""
        low, best, high = self._dead(articles)
        actor, target = self._sides(articles)
        if not high or not actor or not target:
            return None
        precision, name, lon, lat = self._where(event, articles, dice)
        is_day, first, last = self._days(articles, dice)
        register = self.scene.agreement.register
        states = {register.label(one.id) for one in register.actors.values() if str(one.kind) == "state"}
        sides = sorted((actor, target), key=lambda side: side not in states)
        kind = "3" if target == CIVILIANS else "1" if sides[0] in states else "2"
        if kind == "3":
            sides = [actor, CIVILIANS.capitalize()]
        roots = [article.chain[-1] if article.chain else article.outlet for article in articles]
        written = [f'"{a.outlet},{self.scene.day(a.published)},{MARK}: {self.press.headline(a)}"' for a in articles]
        best = max(best, 1)
        civilians = best if kind == "3" else min(articles[0].version.civilians_dead, best)
        return {
            "year": f"{_local(self.scene, first):%Y}",
            "type_of_violence": kind,
            "side_a": sides[0],
            "side_b": sides[1],
            "number_of_sources": str(len(articles)),
            "source_article": ";".join(written),
            "source_office": ";".join(article.outlet for article in articles),
            "source_date": ";".join(self.scene.day(article.published) for article in articles),
            "source_headline": ";".join(f"{MARK}: {self.press.headline(article)}" for article in articles),
            "source_original": ";".join(roots),
            "where_prec": _PRECISION[precision][1],
            "where_coordinates": name,
            "adm_1": self._area(event),
            "latitude": f"{lat:.6f}",
            "longitude": f"{lon:.6f}",
            "country": _COUNTRY,
            "date_prec": "1" if is_day else "2",
            "date_start": self.scene.day(first),
            "date_end": self.scene.day(last),
            "deaths_civilians": str(civilians),
            "deaths_unknown": str(best - civilians),
            "low": str(min(low, best)),
            "best": str(best),
            "high": str(max(high, best)),
        }


def _local(scene: Scene, instant: datetime) -> datetime:
    return datetime.fromisoformat(scene.day(instant))
