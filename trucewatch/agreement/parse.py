"""Parse: a folder of plain text into an Agreement, with a problem for every line that cannot mean what it says."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from trucewatch.actors import CIVILIANS, ActorKind, Register
from trucewatch.acts import act_tree, weapon_tree
from trucewatch.agreement.pages import NOTHING, Page
from trucewatch.agreement.readings import open_affiliations
from trucewatch.agreement.rosters import read_roster
from trucewatch.agreement.terms import (
    AffiliationChoice,
    Agreement,
    Answer,
    Asked,
    Clause,
    ClauseKind,
    Duty,
    Ground,
    Inspection,
    Line,
    LogTest,
    Moment,
    Notification,
    Party,
    Presumption,
    Quota,
    Reading,
    Reservation,
    Rival,
    ScopeException,
    Term,
    TermKind,
    TextSource,
    What,
    Zone,
)
from trucewatch.evidence import Standard
from trucewatch.logs.inspections import Promise
from trucewatch.logs.liaison import ASKS_FOR_ANSWER, Subject
from trucewatch.problems import FileFault, Problem
from trucewatch.texts import Marked
from trucewatch.when import read_duration, time_zone
from trucewatch.where import Area, Gazetteer, Plane

_CONTESTED = "affected."
# fmt: off
_AGREEMENT_KEYS = (
    "format", "agreement", "title", "wording", "timezone", "countries", "guarantors", "in_force", "sources", "bound",
    "affected", "terms", "zones", "lines", "definitions", "preconditions", "presumption", "clauses", "hypothetical",
    "readings", "note",
)
# fmt: on
_ONE_OF = ("forbids", "withdraws", "ceiling", "duty")
_CLAUSE_KEYS = (
    *(
        "text",
        "says",
        *_ONE_OF,
        "bound",
        "presumption",
        "outside_scope",
        "concurrent_with",
        "standard",
        "basis",
        "note",
    ),
)
# What a duty may owe beside an act by a day, each with its own keys.
_OWED: Mapping[str, tuple[str, ...]] = {
    "answer": ("within", "from", "until"),
    "at_least": ("acts", "every", "unit", "in", "from", "until"),
    "notify": ("acts", "within", "in", "from", "until"),
    "inspections": ("in", "from", "until"),
}
_ACTS_OF_PRESENCE = {"forces": "presence-of-forces", "weapons": "presence-of-weapons", "storage": "weapons-in-storage"}


def read_agreement(folder: Path) -> Agreement:
    """Read the agreement of a folder; what is wrong with it stands in its `problems`.

    Raises FileFault where there is no agreement.yml, or it is no text.
    """
    if not folder.is_dir():
        raise FileFault(f"{folder}: no such folder; an agreement is a folder with an agreement.yml")
    return _Parser(folder).agreement()


@dataclass
class _Parser(Page):
    features: dict[Path, dict[str, BaseGeometry]] = field(default_factory=dict)
    properties: dict[str, dict[str, Any]] = field(default_factory=dict)
    boundaries: list[dict[str, str]] = field(default_factory=list)

    # ---- the parts of the text, in the order in which each needs the one before --------------------------------------

    def agreement(self) -> Agreement:
        text = self._open("agreement.yml")
        if text is NOTHING:  # what else could be said of it would only be noise
            return Agreement(self.folder.name, {}, "public", "UTC", self.folder, problems=tuple(self.problems))
        self._known_keys(text, _AGREEMENT_KEYS)
        self._format(text)
        agreement_id = self._word(text, "agreement") or self.folder.name
        self.timezone = self._timezone(text)
        countries = self._countries(text)
        sources = self._sources(text)
        register, told_in_roster = self._roster(sources)
        parties = self._parties(text, register, sources)
        lines = self._lines(text)
        zones = self._zones(text, lines, sources)
        terms = self._terms(text, zones, lines, parties, sources)
        definitions = self._definitions(text, sources)
        preconditions, log_tests = self._preconditions(text)
        default = self._presumption(text, Presumption.NONE)
        scope = _Scope(sources, parties, register, zones, lines, terms, definitions, preconditions)
        clauses = [self._clause(name, inner, scope, default) for name, inner in self._map(text, "clauses")]
        self._conditions(text)
        demands = self._demands(text, scope, default)
        guarantors = self._references(text, "guarantors", register.actors, "actor")
        return Agreement(
            id=agreement_id,
            title=self._words_under(text, "title"),
            text=self._choice(text, "wording", ("public", "confidential"), "public"),
            timezone=self.timezone,
            folder=self.folder,
            guarantors=guarantors,
            parties=parties,
            terms=terms,
            zones=zones,
            lines=lines,
            clauses=tuple(c for c in clauses if c),
            hypothetical=tuple(c for c in demands if c),
            readings=self._readings(text, scope, [c for c in clauses if c], {**sources, **told_in_roster}),
            sources={**sources, **told_in_roster, **sources},
            preconditions=preconditions,
            log_tests=log_tests,
            definitions={name: self._words(inner) for name, inner in self._map(text, "definitions")},
            in_force=self._in_force(text, terms),
            register=register,
            gazetteer=self._gazetteer(countries),
            boundaries=tuple(self.boundaries),
            problems=tuple(sorted(set(self.problems))),
        )

    def _roster(self, sources: Mapping[str, TextSource]) -> tuple[Register, Mapping[str, TextSource]]:
        register, more, problems = read_roster(self.folder, self.timezone, sources)
        self.problems += problems
        return register, more

    def _parties(self, text: Marked, register: Register, sources: Mapping[str, Any]) -> dict[str, Party]:
        found: dict[str, Party] = {}
        for group in ("bound", "affected"):
            for name, inner in self._map(text, group):
                self._known_keys(inner, ("actors", "basis", "says", "bound", "label", "note"))
                if name in found:
                    self._complain(inner.line, "party-twice", f"party '{name}' is both bound and affected")
                for actor in self._list(inner, "actors"):
                    if actor in register.actors and register.actors[actor].kind == ActorKind.LIST:
                        self._complain(inner.line, "list-as-party", f"'{actor}' is a list, and nobody's side")
                found[name] = Party(
                    id=name,
                    actors=self._references(inner, "actors", register.actors, "actor"),
                    is_contested=self._word(inner, "bound") == "contested",
                    basis=self._word(inner, "basis") or "stated",
                    says=self._references(inner, "says", sources, "source"),
                    labels=self._words_under(inner, "label"),
                )
        return found

    def _lines(self, text: Marked) -> dict[str, Line]:
        found: dict[str, Line] = {}
        for name, inner in self._map(text, "lines"):
            self._known_keys(inner, ("line", "known", "label", "status", "says", "note"))
            shape = self._feature(self._get(inner, "line")) if inner.get("line") else None
            if shape is not None and shape.geom_type not in ("LineString", "MultiLineString"):
                self._complain(inner.line, "not-a-line", f"'{name}' is drawn as a {shape.geom_type}")
            if not inner.get("line") and self._get(inner, "known").value is not False:
                self._complain(inner.line, "line-undrawn", f"line '{name}' is not drawn", "give line, or known: false")
            labels = self._words_under(inner, "label")
            label = labels.get("en", name.replace("-", " "))
            found[name] = Line(name, label, shape, self._word(inner, "note"), labels)
        return found

    def _zones(self, text: Marked, lines: Mapping[str, Line], sources: Mapping[str, TextSource]) -> dict[str, Zone]:
        found: dict[str, Zone] = {}
        written = dict(self._map(text, "zones"))
        for name, inner in written.items():
            self._known_keys(inner, ("area", "union", "strip", "known", "part_of", "label", "status", "says", "note"))
            drawn = [key for key in ("area", "union", "strip") if inner.get(key)]
            known = self._get(inner, "known").value is not False
            if len(drawn) + (not known) != 1:
                self._complain(
                    inner.line, "zone-undrawn", f"zone '{name}' is drawn {len(drawn) or 'in no'} ways"
                    if known else f"zone '{name}' is drawn and yet not known",
                    "give one of area, union and strip, or known: false",
                )  # fmt: skip
            shape = None
            match drawn:
                case ["area", *_]:
                    shape = self._area(name, self._get(inner, "area"))
                case ["union", *_]:
                    shape = self._union(name, inner, written, found)
                case ["strip", *_]:
                    shape = self._strip(self._get(inner, "strip"), lines)
            part_of = self._reference(inner, "part_of", written, "zone") if inner.get("part_of") else ""
            labels = self._words_under(inner, "label")
            label = labels.get("en", name.replace("-", " ").capitalize())
            says = self._references(inner, "says", sources, "source")
            status = self._word(inner, "status") or "stated"
            found[name] = Zone(name, label, shape, status, says, part_of, labels)
        return found

    def _area(self, name: str, written: Marked) -> BaseGeometry | None:
        shape = self._feature(written)
        if shape is not None and shape.geom_type not in ("Polygon", "MultiPolygon"):
            self._complain(written.line, "not-an-area", f"'{name}' is drawn as a {shape.geom_type}")
            return None
        return shape

    def _union(
        self, name: str, inner: Marked, written: Mapping[str, Marked], found: Mapping[str, Zone]
    ) -> BaseGeometry | None:
        parts = self._references(inner, "union", written, "zone")
        below = [part for part in parts if part not in found]
        if below:
            self._complain(
                inner.line, "zone-order", f"zone '{name}' is made of zones that stand below it: {', '.join(below)}",
                "put it after its parts",
            )  # fmt: skip
            return None
        shapes = [found[part].shape for part in parts]
        # What is made of something unknown is unknown.
        return shapely.union_all(shapes) if all(shape is not None for shape in shapes) else None

    def _strip(self, written: Marked, lines: Mapping[str, Line]) -> BaseGeometry | None:
        self._known_keys(written, ("of", "from_m", "to_m", "side"))
        line = lines.get(self._reference(written, "of", lines, "line"))
        near, far = self._metres(written, "from_m", 0.0) or 0.0, self._required_metres(written, "to_m")
        side = self._choice(written, "side", ("left", "right", "both"), "both")
        if not near < far:
            self._complain(written.line, "strip-empty", f"from {near:g} m to {far:g} m is no strip")
            return None
        return _strip(line.shape, near, far, side) if line and line.shape is not None else None

    def _terms(
        self,
        text: Marked,
        zones: Mapping[str, Zone],
        lines: Mapping[str, Line],
        parties: Mapping[str, Party],
        sources: Mapping[str, Any],
    ) -> dict[str, Term]:
        found: dict[str, Term] = {}
        for name, inner in self._map(text, "terms"):
            self._known_keys(inner, ("rivals", "of", "subject", "ruling", "note"))
            if name.startswith(_CONTESTED):
                self._complain(
                    inner.line,
                    "reserved-term",
                    f"'{name}' is made by the party that is contested",
                    "choose another name",
                )
            rivals: list[Rival] = []
            kinds: list[TermKind] = []
            for rival_id, rival in self._map(inner, "rivals"):
                self._known_keys(rival, ("at", "zones", "m", "says", "date", "note"))
                kind, value = self._rival_value(rival, zones)
                kinds.append(kind)
                says = self._references(rival, "says", sources, "source")
                self._span(self._get(rival, "date"))
                rivals.append(Rival(rival_id, value, says, self._word(rival, "date"), self._word(rival, "note")))
            if not rivals:
                self._complain(inner.line, "term-empty", f"term '{name}' has no rivals", "give at least one value")
                continue
            if len(set(kinds)) > 1:
                self._complain(
                    inner.line, "rivals-differ", f"the rivals of '{name}' are not values of one thing",
                    "a time, an area and a distance do not compete; make them separate terms",
                )  # fmt: skip
            of = self._reference(inner, "of", lines, "line") if inner.get("of") else ""
            if kinds[0] is TermKind.DISTANCE and not of:
                self._complain(
                    inner.line, "distance-without-line", f"distance '{name}' does not say what it is measured from",
                    "add of: LINE; distances from different lines are different terms",
                )  # fmt: skip
            ruling = self._reference(inner, "ruling", {r.id: r for r in rivals}, "rival") if inner.get("ruling") else ""
            found[name] = Term(name, kinds[0], tuple(rivals), of, self._word(inner, "subject"), ruling)
        for party in parties.values():
            if party.is_contested:
                rivals = [Rival("bound", True, party.says), Rival("not-bound", False)]
                found[_CONTESTED + party.id] = Term(_CONTESTED + party.id, TermKind.BOUND, tuple(rivals))
        return found

    def _rival_value(self, rival: Marked, zones: Mapping[str, Zone]) -> tuple[TermKind, Any]:
        if rival.get("zones"):
            return TermKind.ZONES, self._references(rival, "zones", zones, "zone")
        if rival.get("m"):
            return TermKind.DISTANCE, self._metre_range(self._get(rival, "m"))
        if "at" not in (rival.value if rival.is_map else {}):
            self._complain(rival.line, "rival-without-value", "a rival needs at, zones or m")
        return TermKind.INSTANT, self._span(self._get(rival, "at"))

    def _definitions(self, text: Marked, sources: Mapping[str, TextSource]) -> dict[str, tuple[str, ...]]:
        found = {}
        for name, inner in self._map(text, "definitions"):
            self._known_keys(inner, ("text", "acts", "says", "note"))
            self._references(inner, "says", sources, "source")
            found[name] = self._references(inner, "acts", act_tree(), "act")
        return found

    def _preconditions(self, text: Marked) -> tuple[dict[str, dict[str, str]], dict[str, LogTest]]:
        found, tests = {}, {}
        for name, inner in self._map(text, "preconditions"):
            self._known_keys(inner, ("text", "log", "note"))
            found[name] = self._words(inner)
            if inner.get("log"):
                tests[name] = self._log_test(self._get(inner, "log"))
        return found, tests

    def _log_test(self, written: Marked) -> LogTest:
        self._known_keys(written, ("asks", "before", "about", "channel"))
        asked = Asked(self._choice(written, "asks", tuple(Asked), Asked.NOTICE))
        for key, needed in (("before", Asked.NOTICE), ("about", Asked.NOTICE), ("channel", Asked.ATTEMPT)):
            if asked is not needed and written.get(key):
                self._complain(self._get(written, key).line, "unknown-key", f"'{key}' is asked of {needed} alone")
        lead = self._required_duration(written, "before") if asked is Asked.NOTICE else timedelta(0)
        channel = self._word(written, "channel")
        if asked is Asked.ATTEMPT and not channel:
            self._complain(written.line, "key-missing", "'channel' is missing", "which channel was to be tried first")
        about = self._subjects(written, "about", tuple(Subject)) if written.get("about") else (Subject.MOVEMENT,)
        return LogTest(asked, lead, about, channel)

    def _subjects(self, written: Marked, key: str, known: Sequence[Subject]) -> tuple[Subject, ...]:
        return tuple(Subject(word) for word in self._references(written, key, known, "subject"))

    # ---- clauses -----------------------------------------------------------------------------------------------------

    def _demands(self, text: Marked, scope: _Scope, default: Presumption) -> list[Clause | None]:
        in_force = dict(self._map(text, "clauses"))
        demands = []
        for name, inner in self._map(text, "hypothetical"):
            if name in in_force:
                self._complain(
                    inner.line, "clause-twice", f"'{name}' is a clause in force too (line {in_force[name].line})",
                    "a demand needs an id of its own",
                )  # fmt: skip
            party = self._reference(inner, "demand_of", scope.register.actors, "actor")
            demand = self._clause(name, inner, scope, default, party)
            demands.append(demand if party else None)
        return demands

    def _clause(
        self, name: str, inner: Marked, scope: _Scope, default: Presumption, demand_of: str | None = None
    ) -> Clause | None:
        self._known_keys(inner, _CLAUSE_KEYS if demand_of is None else (*_CLAUSE_KEYS, "demand_of"))
        bodies = [key for key in _ONE_OF if inner.get(key)]
        if len(bodies) != 1:
            self._complain(
                inner.line, "clause-without-one-rule", f"clause '{name}' has {len(bodies) or 'no'} rules",
                f"give exactly one of {', '.join(_ONE_OF)}",
            )  # fmt: skip
            return None
        before = len(self.problems)
        rule = getattr(self, f"_{bodies[0]}")(self._get(inner, bodies[0]), scope)
        if len(self.problems) > before:
            return None  # a rule that cannot mean what it says judges nobody
        bound = self._get(inner, "bound")
        who = rule.pop("who", ())
        if bound.value is not None and bound.value != "any":
            who = self._references(inner, "bound", scope.parties, "party")
        self._words_required(inner, name)
        return Clause(
            id=name,
            says=self._words_under(inner, "text"),
            concurrent_with=self._list(inner, "concurrent_with"),
            sources=self._references(inner, "says", scope.sources, "source"),
            who=who,
            outside_scope=tuple(
                self._exception(n, e, scope) for n, e in enumerate(self._get(inner, "outside_scope").items(), 1)
            ),
            presumption=self._presumption(inner, default),
            standard=self._standard(inner),
            demand_of=demand_of or "",
            line_number=inner.line,
            **rule,
        )

    def _conditions(self, text: Marked) -> None:
        """Tell what no clause can be concurrent with: what is no clause in force, and itself."""
        clauses = dict(self._map(text, "clauses"))
        for group in ("clauses", "hypothetical"):
            for name, inner in self._map(text, group):
                others = self._references(inner, "concurrent_with", clauses, "clause")
                if name in others:
                    self._complain(
                        self._get(inner, "concurrent_with").line, "condition-on-itself",
                        f"'{name}' is owed only as far as it is met itself", "name the clauses of the other side",
                    )  # fmt: skip

    def _forbids(self, body: Marked, scope: _Scope) -> dict[str, Any]:
        self._known_keys(body, ("acts", "weapons", "calibre_mm", "in", "within", "from", "until"))
        ground = self._one_ground(body, "within", "in", scope)
        return {
            "kind": ClauseKind.BAN,
            "what": self._what(body, self._acts(body, scope), ""),
            "ground": ground,
            "start": self._moment(body, "from", scope.terms),
            "end": self._moment(body, "until", scope.terms),
            "at_most": None,
        }

    def _withdraws(self, body: Marked, scope: _Scope) -> dict[str, Any]:
        self._known_keys(body, ("who", "what", "weapons", "calibre_mm", "beyond", "from", "by", "until"))
        what = self._choice(body, "what", tuple(_ACTS_OF_PRESENCE), "weapons" if body.get("weapons") else "forces")
        ground = self._one_ground(body, "beyond", "from", scope)
        if not (body.get("beyond") or body.get("from")):
            self._complain(
                body.line, "key-missing", "a withdrawal needs beyond or from", "from: everywhere is an answer"
            )
        return {
            "kind": ClauseKind.WITHDRAWAL,
            "what": self._what(body, (_ACTS_OF_PRESENCE[what or "forces"],), ""),
            "who": self._who(body, scope),
            "ground": ground,
            "start": self._moment(body, "by", scope.terms),
            "end": self._moment(body, "until", scope.terms),
            "at_most": None,
        }

    def _ceiling(self, body: Marked, scope: _Scope) -> dict[str, Any]:
        self._known_keys(body, ("who", "unit", "weapons", "calibre_mm", "at_most", "in", "from", "until"))
        at_most = self._get(body, "at_most")
        if not isinstance(at_most.value, int) or isinstance(at_most.value, bool) or at_most.value < 0:
            self._complain(at_most.line, "not-a-number", f"at_most is {at_most.value!r}", "give a whole number")
        acts = ("presence-of-weapons", "weapons-in-storage") if body.get("weapons") else ("presence-of-forces",)
        return {
            "kind": ClauseKind.CEILING,
            "what": self._what(body, acts, self._word(body, "unit")),
            "who": self._who(body, scope),
            "ground": self._ground(body, "in", scope),
            "start": self._moment(body, "from", scope.terms),
            "end": self._moment(body, "until", scope.terms),
            "at_most": at_most.value if isinstance(at_most.value, int) else 0,
        }

    def _duty(self, body: Marked, scope: _Scope) -> dict[str, Any]:
        forms = [key for key in _OWED if body.get(key)]
        if len(forms) > 1:
            self._complain(body.line, "two-duties", f"owes {' and '.join(forms)}", "make them clauses of their own")
        form = forms[0] if forms else ""
        self._known_keys(body, ("who", form, *_OWED[form]) if form else ("acts", "who", "by", "in"))
        acts = self._acts(body, scope) if not form or "acts" in _OWED[form] else ()
        return {
            "kind": ClauseKind.DUTY,
            "what": self._what(body, acts, self._word(body, "unit")),
            "who": self._who(body, scope),
            "ground": self._ground(body, "in", scope),
            "start": self._moment(body, "from" if form else "by", scope.terms),
            "end": self._moment(body, "until", scope.terms),
            "at_most": None,
            "owed": self._owed(form, body) if form else None,
        }

    def _owed(self, form: str, body: Marked) -> Duty:
        match form:
            case "answer":
                return Answer(self._subjects(body, "answer", ASKS_FOR_ANSWER), self._required_duration(body, "within"))
            case "at_least":
                return self._quota(body)
            case "notify":
                self._choice(body, "notify", (Subject.ORDER,), Subject.ORDER)
                return Notification(self._required_duration(body, "within") if body.get("within") else None)
        return Inspection(Promise(self._choice(body, "inspections", tuple(Promise), Promise.WEAPONS_KEPT)))

    def _quota(self, body: Marked) -> Quota:
        written = self._get(body, "at_least")
        number = written.value if isinstance(written.value, int) and not isinstance(written.value, bool) else 0
        if number < 1:
            self._complain(written.line, "not-a-number", f"at_least is {written.value!r}", "give a whole number from 1")
        if not body.get("from"):
            self._complain(body.line, "key-missing", "'from' is missing", "with which day the first period begins")
        every = self._required_duration(body, "every")
        if every % timedelta(days=1):
            self._complain(self._get(body, "every").line, "not-a-period", "is no number of whole days", "every: P1D")
        return Quota(max(number, 1), max(every, timedelta(days=1)))

    def _required_duration(self, text: Marked, key: str) -> timedelta:
        written = self._get(text, key)
        if written.value is None:
            self._complain(text.line, "key-missing", f"'{key}' is missing", "a time such as PT48H or P7D")
            return timedelta(0)
        try:
            found = read_duration(str(written.value))
        except ValueError as fault:
            self._complain(written.line, "not-a-duration", str(fault))
            return timedelta(0)
        if not found:
            self._complain(written.line, "not-a-duration", f"'{key}' is no time at all")
        return found

    def _acts(self, body: Marked, scope: _Scope) -> tuple[str, ...]:
        found: list[str] = []
        for item in self._get(body, "acts").items():
            word = str(item.value)
            if word.startswith("$"):
                if word[1:] not in scope.definitions:
                    self._unknown(item.line, "definition", word[1:], scope.definitions)
                found.extend(scope.definitions.get(word[1:], ()))
            elif word in act_tree():
                found.append(word)
            else:
                self._unknown(item.line, "act", word, act_tree())
        if not found:
            self._complain(body.line, "acts-missing", "names no act", "give acts: [...]")
        return tuple(found)

    def _what(self, body: Marked, acts: tuple[str, ...], unit: str) -> What:
        calibre = self._get(body, "calibre_mm")
        if body.get("calibre_mm"):
            self._known_keys(calibre, ("at_least", "below"))
        weapons = self._references(body, "weapons", weapon_tree(), "weapon")
        return What(acts, weapons, self._metres(calibre, "at_least", None), self._metres(calibre, "below", None), unit)

    def _who(self, body: Marked, scope: _Scope) -> tuple[str, ...]:
        return self._references(body, "who", {**scope.register.actors, **scope.parties}, "party or actor")

    def _one_ground(self, body: Marked, near: str, zones: str, scope: _Scope) -> Ground:
        if body.get(near) and body.get(zones):
            self._complain(
                self._get(body, near).line,
                "two-grounds",
                f"'{near}' and '{zones}' both say where",
                f"keep one; {near} can be confined to a zone with inside",
            )
        return self._within(body, near, scope) if body.get(near) else self._ground(body, zones, scope)

    def _ground(self, body: Marked, key: str, scope: _Scope) -> Ground:
        written = self._get(body, key)
        if isinstance(written.value, str) and written.value.startswith("$"):
            term = self._term(written, scope.terms, TermKind.ZONES)
            return Ground(term=term)
        if written.value is None or written.value == "everywhere" or written.value == {}:
            return Ground()
        if written.is_map:
            self._complain(written.line, "not-a-word", f"'{key}' must be zones, or $ and a term of zones")
        return Ground(zones=self._references(body, key, scope.zones, "zone"))

    def _within(self, body: Marked, key: str, scope: _Scope) -> Ground:
        written = self._get(body, key)
        self._known_keys(written, ("of", "m", "inside"))
        line = self._reference(written, "of", scope.lines, "line")
        inside = self._reference(written, "inside", scope.zones, "zone") if written.get("inside") else ""
        metres = self._get(written, "m")
        if isinstance(metres.value, str) and metres.value.startswith("$"):
            term = self._term(metres, scope.terms, TermKind.DISTANCE)
            if term and scope.terms[term].line != line:
                self._complain(
                    metres.line, "distance-of-other-line", f"'{term}' is not measured from '{line}'",
                    "only distances from the same line compete",
                )  # fmt: skip
            return Ground(line=line, distance_term=term, inside=inside)
        return Ground(line=line, distance_m=self._required_metres(written, "m"), inside=inside)

    def _moment(self, body: Marked, key: str, terms: Mapping[str, Term]) -> Moment:
        written = self._get(body, key)
        if written.value is None or written.value == {}:
            return Moment()
        text = str(written.value)
        if not text.startswith("$"):
            return Moment(value=self._span(written))
        name, _, added = (part.strip() for part in text.partition("+"))
        term = self._term(Marked(name, written.line), terms, TermKind.INSTANT)
        offset = timedelta(0)
        if added:
            try:
                offset = read_duration(added)
            except ValueError as fault:
                self._complain(written.line, "not-a-duration", str(fault))
        return Moment(term=term, offset=offset) if term else Moment()

    def _term(self, written: Marked, terms: Mapping[str, Term], kind: TermKind) -> str:
        name = str(written.value).removeprefix("$")
        if name not in terms:
            self._unknown(written.line, "term", name, terms)
        elif terms[name].kind is not kind:
            self._complain(written.line, "wrong-term", f"'{name}' is a term of kind {terms[name].kind}, not {kind}")
        else:
            return name
        return ""

    def _exception(self, number: int, inner: Marked, scope: _Scope) -> ScopeException:
        self._known_keys(inner, ("target", "actor", "acts", "preconditions", "basis", "note", "says"))
        known = {**scope.register.actors, **scope.parties, CIVILIANS: None}
        return ScopeException(
            id=f"E{number}",
            targets=self._references(inner, "target", known, "actor"),
            actors=self._references(inner, "actor", known, "actor"),
            acts=self._acts(inner, scope) if inner.get("acts") else (),
            preconditions=self._references(inner, "preconditions", scope.preconditions, "precondition"),
            basis=self._word(inner, "basis") or "stated",
            note=self._word(inner, "note"),
            says=self._references(inner, "says", scope.sources, "source"),
        )

    def _readings(
        self, text: Marked, scope: _Scope, clauses: Sequence[Clause], sources: Mapping[str, TextSource]
    ) -> dict[str, Reading]:
        found = {}
        for name, inner in self._map(text, "readings"):
            self._known_keys(inner, ("by", "choose", "presumption", "affiliations", "reservations", "says", "note"))
            choices = {}
            for term, rival in self._map(inner, "choose"):
                if term not in scope.terms:
                    self._unknown(rival.line, "term", term, scope.terms)
                elif str(rival.value) not in (known := [r.id for r in scope.terms[term].rivals]):
                    self._unknown(rival.line, f"value of '{term}'", str(rival.value), known)
                else:
                    choices[term] = str(rival.value)
            presumption = self._presumption(inner, Presumption.NONE) if inner.get("presumption") else None
            by = self._word(inner, "by") or "ours"
            if by != "ours" and by not in scope.register.actors:
                self._unknown(self._get(inner, "by").line, "actor", by, scope.register.actors)
            found[name] = Reading(
                name,
                by,
                choices,
                presumption,
                self._references(inner, "says", sources, "source"),
                self._affiliations_chosen(inner, scope.register, sources),
                self._reservations(inner, scope.parties, clauses, sources),
            )
        return found

    def _affiliations_chosen(
        self, inner: Marked, register: Register, sources: Mapping[str, TextSource]
    ) -> tuple[AffiliationChoice, ...]:
        found: dict[tuple[str, str], AffiliationChoice] = {}
        for item in self._get(inner, "affiliations").items():
            self._known_keys(item, ("of", "to", "holds", "says", "note"))
            of, to = (self._reference(item, key, register.actors, "actor") for key in ("of", "to"))
            holds = self._get(item, "holds")
            if not isinstance(holds.value, bool):
                self._complain(holds.line, "not-true-or-false", f"'holds' is {holds.value!r}", "give true or false")
                continue
            if not (of and to):
                continue
            if (of, to) not in (contested := open_affiliations(register)):
                known = "; ".join(f"of {one} to {other}" for one, other in contested) or "none"
                self._complain(
                    item.line, "affiliation-not-contested", f"nothing contested binds '{of}' to '{to}'",
                    f"a reading chooses among what actors.yml has as contested: {known}",
                )  # fmt: skip
            elif (of, to) in found:
                self._complain(item.line, "chosen-twice", f"the affiliation of '{of}' to '{to}' is chosen twice")
            else:
                says = self._references(item, "says", sources, "source")
                found[of, to] = AffiliationChoice(of, to, holds.value, says)
        return tuple(found.values())

    def _reservations(
        self,
        inner: Marked,
        parties: Mapping[str, Party],
        clauses: Sequence[Clause],
        sources: Mapping[str, TextSource],
    ) -> tuple[Reservation, ...]:
        known = {clause.id: (clause.id, "") for clause in clauses}
        known |= {f"{clause.id}.{one.id}": (clause.id, one.id) for clause in clauses for one in clause.outside_scope}
        found: dict[tuple[str, str], Reservation] = {}
        for item in self._get(inner, "reservations").items():
            self._known_keys(item, ("of", "to", "says", "note"))
            of = self._reference(item, "of", parties, "party")
            to = self._reference(item, "to", known, "clause or exception")
            if not (of and to):
                continue
            if (of, to) in found:
                self._complain(item.line, "chosen-twice", f"the reservation of '{of}' to {to} stands twice")
            says = self._references(item, "says", sources, "source")
            found[of, to] = Reservation(of, *known[to], says)
        return tuple(found.values())

    def _in_force(self, text: Marked, terms: Mapping[str, Term]) -> tuple[Moment, ...]:
        items = self._get(text, "in_force").items()
        return tuple(self._moment(Marked({"at": item}, item.line), "at", terms) for item in items if item.value)

    # ---- geometry ----------------------------------------------------------------------------------------------------

    def _feature(self, written: Marked) -> BaseGeometry | None:
        name, _, feature_id = str(written.value).partition("#")
        path = (self.folder / name).resolve()
        if path not in self.features:
            self.features[path] = self._read_features(path, name, written.line)
        shapes = self.features[path]
        if shapes and feature_id not in shapes:
            self._unknown(written.line, "feature", feature_id, shapes)
        return shapes.get(feature_id)

    def _read_features(self, path: Path, name: str, line: int) -> dict[str, BaseGeometry]:
        try:
            collection = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_no_twins)
        except OSError as fault:
            self._complain(line, "file-missing", f"{name} cannot be read ({fault.strerror})")
            return {}
        except (ValueError, RecursionError) as fault:
            at = getattr(fault, "lineno", 1)
            self.problems.append(Problem(self._called(name), at, "not-geojson", getattr(fault, "msg", str(fault))))
            return {}
        found: dict[str, BaseGeometry] = {}
        features = collection.get("features") if isinstance(collection, dict) else None
        provenance = collection.get("provenance") if isinstance(collection, dict) else None
        if isinstance(provenance, dict):
            self.boundaries.append({str(key): str(value) for key, value in provenance.items()})
        sound = True
        for number, feature in enumerate(features if isinstance(features, list) else []):
            feature_id = str(feature.get("id", number)) if isinstance(feature, dict) else str(number)
            if feature_id in found:
                self._geometry_problem(path, name, feature_id, "feature-twice", "stands twice in the file", "keep one")
                continue
            try:
                shape = shapely.from_geojson(json.dumps(feature["geometry"]))
            except (shapely.errors.GEOSException, KeyError, TypeError) as fault:
                self._geometry_problem(path, name, feature_id, "geometry-unreadable", f"cannot be read ({fault})")
                sound = False
                continue
            if self._is_sound(path, name, feature_id, shape):
                found[feature_id] = shape
            sound = sound and feature_id in found
            told = feature.get("properties")
            self.properties.setdefault(feature_id, told if isinstance(told, dict) else {})
        if not found and sound:
            self._complain(line, "not-geojson", f"{name} holds no features", "a GeoJSON FeatureCollection is needed")
        return found

    def _is_sound(self, path: Path, name: str, feature_id: str, shape: BaseGeometry) -> bool:
        bounds = shapely.bounds(shape)
        if not all(math.isfinite(edge) for edge in bounds):
            self._geometry_problem(path, name, feature_id, "geometry-unreadable", "is empty or has no finite bounds")
            return False
        west, south, east, north = bounds
        if west < -180 or east > 180 or south < -90 or north > 90:
            self._geometry_problem(
                path, name, feature_id, "not-on-earth", "has coordinates that are no longitude and latitude",
                "GeoJSON is longitude first, in degrees (RFC 7946)",
            )  # fmt: skip
            return False
        if not shapely.is_valid(shape):
            self._geometry_problem(
                path, name, feature_id, "polygon-crosses-itself", shapely.is_valid_reason(shape),
                "mend the ring by hand: which side is inside is a question of law, not of software",
            )  # fmt: skip
            return False
        return True

    def _geometry_problem(
        self, path: Path, name: str, feature_id: str, code: str, message: str, hint: str = ""
    ) -> None:
        # JSON gives no lines; the feature's id does.
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        at = next((n for n, text in enumerate(lines, 1) if f'"{feature_id}"' in text), 1)
        self.problems.append(Problem(self._called(name), at, code, f"'{feature_id}' {message}", hint))

    def _gazetteer(self, countries: dict[str, tuple[str, ...]]) -> Gazetteer:
        areas: dict[str, Area] = {}
        for shapes in self.features.values():
            for feature_id, shape in shapes.items():
                told = self.properties.get(feature_id, {})
                kind, country, pcode = (str(told.get(key) or "") for key in ("kind", "country", "pcode"))
                names = told.get("names")
                spellings = tuple(str(n) for n in (names if isinstance(names, list) else [names]) if n)
                areas[feature_id] = Area(feature_id, kind or "named-area", country, spellings, pcode, shape)
        return Gazetteer(areas, countries)

    # ---- reading values ----------------------------------------------------------------------------------------------

    def _words(self, text: Marked) -> dict[str, str]:
        return self._words_under(text, "text")

    def _words_required(self, text: Marked, name: str) -> None:
        if not self._words_under(text, "text"):
            self._complain(text.line, "clause-without-words", f"clause '{name}' does not say what it obliges to")

    def _metres(self, text: Marked, key: str, default: float | None) -> float | None:
        written = self._get(text, key)
        if written.value is None:
            return default
        if isinstance(written.value, bool) or not isinstance(written.value, int | float) or written.value < 0:
            self._complain(written.line, "not-a-number", f"'{key}' is {written.value!r}", "give a number, not below 0")
            return default
        return float(written.value)

    def _required_metres(self, text: Marked, key: str) -> float:
        metres = self._metres(text, key, None)
        if metres is None and self._get(text, key).value is None:
            self._complain(text.line, "key-missing", f"'{key}' is missing")
        return metres or 0.0

    def _metre_range(self, written: Marked) -> tuple[float, float]:
        least, _, most = str(written.value).partition("..")
        try:
            low, high = float(least), float(most or least)
        except ValueError:
            low = high = -1.0
        if not 0 <= low <= high < math.inf:
            hint = "metres: 5000, or 5000..30000"
            self._complain(written.line, "not-a-number", f"{written.value!r} is no distance", hint)
            return 0.0, 0.0
        return low, high

    def _presumption(self, text: Marked, default: Presumption) -> Presumption:
        if not text.get("presumption"):
            return default
        return Presumption(self._choice(text, "presumption", list(Presumption), default))

    def _standard(self, text: Marked) -> Standard | None:
        if not text.get("standard"):
            return None
        words = {standard.word: standard for standard in Standard}
        return words.get(self._choice(text, "standard", list(words), Standard.REASONABLE_GROUNDS.word))

    def _timezone(self, text: Marked) -> str:
        name = self._word(text, "timezone") or "UTC"
        try:
            time_zone(name)
        except ValueError as fault:
            self._complain(self._get(text, "timezone").line, "unknown-timezone", str(fault))
            return "UTC"
        return name

    def _countries(self, text: Marked) -> dict[str, tuple[str, ...]]:
        return {iso: tuple(str(n.value) for n in inner.items()) for iso, inner in self._map(text, "countries")}


@dataclass(frozen=True, slots=True)
class _Scope:
    """What a clause may name."""

    sources: Mapping[str, TextSource]
    parties: Mapping[str, Party]
    register: Register
    zones: Mapping[str, Zone]
    lines: Mapping[str, Line]
    terms: Mapping[str, Term]
    definitions: Mapping[str, tuple[str, ...]]
    preconditions: Mapping[str, Mapping[str, str]]


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for n, (key, _) in enumerate(pairs) if key in dict(pairs[:n]))
        raise ValueError(f"the key '{twice}' stands twice in one object")
    return found


def _strip(line: BaseGeometry, near_m: float, far_m: float, side: str) -> BaseGeometry:
    """Return what lies between two distances from a line, on one side of it seen in its drawn direction, in WGS 84."""
    plane = Plane.over([line])
    drawn = plane.shape(line)
    if side == "both":
        ring = drawn.buffer(far_m).difference(drawn.buffer(near_m)) if near_m else drawn.buffer(far_m)
    else:
        sign = 1 if side == "left" else -1
        outer = drawn.buffer(sign * far_m, single_sided=True)
        ring = outer.difference(drawn.buffer(near_m)) if near_m else outer
    return plane.unproject(ring)
