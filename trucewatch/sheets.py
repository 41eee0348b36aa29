"""Sheets: the columns of one file, and what its source's description says they mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from trucewatch.acts import crosswalk, read_cameo
from trucewatch.problems import Problem, did_you_mean
from trucewatch.sources import KEEP, Condition, Source, Value, vocabulary
from trucewatch.where import Gazetteer

# Exports of whole numbers through R or a spreadsheet often end so.
_POINT_ZERO = r"^(-?\d+)\.0+$"
_HOST = r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/@]*@)?(?:[Ww]{3}\.)?([^/:?#]+)"
_MARK = "\x1e"
_SHOWN = 60
# Above this a number is a slip of the pen.
MOST_COUNTED = 1e9


@dataclass(slots=True)
class Sheet:
    """One file while it is read: its columns as trimmed text (null where empty), and the faults found so far.

    Every series it gives or takes has one entry for each row of the file.
    """

    source: Source
    gazetteer: Gazetteer
    zone: str
    frame: pl.DataFrame
    height: int
    faults: list[pl.DataFrame] = field(default_factory=list)

    @classmethod
    def of(cls, source: Source, rows: pl.DataFrame, gazetteer: Gazetteer, zone: str) -> Sheet:
        """Lay out the columns that a source uses; one that the file lacks is empty."""
        there = [column for column in source.used() if column in rows.columns]
        trimmed = rows.select(pl.col(column).str.strip_chars() for column in there)
        filled = trimmed.select(pl.when(pl.all() != "").then(pl.all())) if there else trimmed
        blank = pl.repeat(None, rows.height, dtype=pl.String, eager=True)
        columns = {column: filled[column] if column in there else blank for column in source.used()}
        return cls(source, gazetteer, zone, pl.DataFrame(columns), rows.height)

    def refuse(self, messages: pl.Series, code: str, hints: pl.Series | str = "") -> None:
        """Refuse every row that has a message, for a reason that has a code."""
        if messages.null_count() == len(messages):
            return
        hint = self.repeat(hints) if isinstance(hints, str) else hints
        told = pl.DataFrame({"message": messages, "hint": hint}).with_row_index("row")
        self.faults.append(told.filter(pl.col("message").is_not_null()).with_columns(pl.lit(code).alias("code")))

    def refuse_where(
        self, wrong: pl.Series, code: str, message: str, shown: pl.Series | None = None, hint: str = ""
    ) -> None:
        """Refuse the rows where something is wrong; `{}` in the message stands for what is shown."""
        if wrong.any():
            table = pl.DataFrame({"wrong": wrong, "shown": self.repeat("") if shown is None else shown.cast(pl.String)})
            text = pl.format(message, shorten(pl.col("shown"))) if "{}" in message else pl.lit(message)
            self.refuse(table.select(pl.when("wrong").then(text).alias("message")).to_series(), code, hint)

    def good(self) -> pl.Series:
        """Say for each row whether nothing is wrong with it so far."""
        bad = sorted({row for faults in self.faults for row in faults["row"]})
        return pl.repeat(True, self.height, eager=True).scatter(bad, False)

    def problems(self, file: str, lines: pl.Series) -> list[Problem]:
        """Return every fault as a problem on the line where its row begins."""
        told = pl.concat(self.faults).unique(maintain_order=True) if self.faults else pl.DataFrame()
        return [
            Problem(file, lines[row], code, " ".join(message.split()), hint or "")
            for row, message, hint, code in told.iter_rows()
        ]

    def repeat(self, value: str | None) -> pl.Series:
        """Return a column that holds one text throughout."""
        return pl.repeat(value, self.height, dtype=pl.String, eager=True)

    def field(self, name: str, default: str | None = None) -> pl.Series:
        """Return a field as text; a word that the field cannot hold refuses the row."""
        value = self.source.values.get(name)
        if value is None:
            return self.repeat(default)
        text = self.value(value, name)
        known = vocabulary(name)
        if known and value.always is None:
            text = self.read(text, "unknown-word", lambda word: _known(word, known, name))
        return text if default is None else text.fill_null(default)

    def needed(self, name: str, message: str) -> pl.Series:
        """Return a field that every row must have; a row without it is refused."""
        text = self.field(name)
        self.refuse_where(text.is_null() & self.good(), "missing-value", message)
        return text

    def value(self, value: Value, name: str = "word") -> pl.Series:
        """Return what a description says a value is, as text, null where nothing stands."""
        if value.always is not None:
            return self.repeat(value.always)
        if value.join:
            joined = pl.concat_str(list(value.join), separator=value.glue, ignore_nulls=True)
            text = self.frame.select(pl.when(joined != "").then(joined).alias("value")).to_series()
        else:
            text = self.frame.select(pl.coalesce(value.columns).alias("value")).to_series()
        if value.take:
            text = _take(text, value)
        if value.words or value.crosswalk:
            table = _word_table(value)
            text = self.read(text, "unknown-word", lambda word: _look_up(word, value, table, name))
        return text if value.empty is None else text.fill_null(value.empty)

    def holds(self, conditions: Iterable[Condition]) -> pl.Series:
        """Say for each row whether all conditions hold."""
        holds = pl.repeat(True, self.height, eager=True)
        for condition in conditions:
            column = self.frame[condition.column]
            # Few words fill most columns that are asked; each is looked at once.
            words = column.unique().to_frame()
            good = words.filter(_test(condition)).to_series()
            holds &= column.is_in(good.implode(), nulls_equal=True)
        return holds

    def read(self, text: pl.Series, code: str, reader: Callable[[str], str | None]) -> pl.Series:
        """Read each distinct text once; where that raises ValueError (message, hint) the rows are refused."""
        asked = pl.DataFrame({"text": text})
        return self.read_rows(asked, code, {"answer": pl.String()}, lambda row: (reader(row[0]),))["answer"]

    def read_rows(
        self,
        asked: pl.DataFrame,
        code: str,
        schema: Mapping[str, pl.DataType],
        reader: Callable[[tuple[Any, ...]], tuple[Any, ...]],
    ) -> pl.DataFrame:
        """Read each distinct row of some columns once, into the columns of a schema; a row of nulls only stays null.

        Where that raises ValueError (message, hint) the rows are refused.
        """
        # A column that says the same throughout tells no row from another.
        telling = [column.name for column in asked if not column.eq_missing(column.first()).all()] or asked.columns[:1]
        distinct = asked.unique(telling, maintain_order=True).filter(pl.any_horizontal(pl.all().is_not_null()))
        if distinct.is_empty():
            return pl.DataFrame(
                {name: pl.repeat(None, asked.height, dtype=kind, eager=True) for name, kind in schema.items()}
            )
        answers: list[tuple[Any, ...]] = []
        for row in distinct.iter_rows():
            try:
                answers.append((*reader(row), None, None))
            except ValueError as fault:
                message, hint = (*fault.args, "", "")[:2]
                answers.append((*(None for _ in schema), str(message), str(hint)))
        full = {**schema, "fault": pl.String(), "hint": pl.String()}
        # Names of asked columns and answers may be the same; those asked for are set apart.
        keys = [pl.col(name).alias(f"asked {name}") for name in telling]
        known = distinct.select(keys).hstack(pl.DataFrame(answers, schema=full, orient="row"))
        told = asked.select(keys).join(
            known, on=[f"asked {name}" for name in telling], how="left", nulls_equal=True, maintain_order="left"
        )
        self.refuse(told["fault"], code, told["hint"])
        return told.select(list(schema))

    def truth(self, name: str) -> pl.Series:
        """Return a yes-or-no field; false where nothing stands."""
        return self.field(name, "no").is_in(["yes", "true"])

    def number(self, text: pl.Series, name: str, least: float, most: float) -> pl.Series:
        """Return text as numbers; what is none, or out of bounds, refuses the row."""
        number = text.cast(pl.Float64, strict=False)
        self.refuse_where(
            text.is_not_null() & ~number.is_finite().fill_null(False),
            "not-a-number",
            f"{name} '{{}}' is no number",
            text,
        )
        wrong = (number.is_finite() & ((number < least) | (number > most))).fill_null(False)
        self.refuse_where(wrong, "out-of-range", f"{name} {{}} is not between {least:g} and {most:g}", text)
        return number.set(~number.is_between(least, most).fill_null(False), None)


def shorten(text: pl.Expr) -> pl.Expr:
    """Cut a text for a message."""
    return pl.when(text.str.len_chars() > _SHOWN).then(text.str.slice(0, _SHOWN) + "...").otherwise(text).fill_null("")


def split(text: pl.Expr, between: Iterable[str]) -> pl.Expr:
    """Split a text at any of some separators, into trimmed parts."""
    marks = list(between)
    if not marks:
        return text.str.split(_MARK)
    return text.str.replace_many(dict.fromkeys(marks, _MARK)).str.split(_MARK).list.eval(pl.element().str.strip_chars())


def _test(condition: Condition) -> pl.Expr:
    column = pl.col(condition.column)
    if condition.filled is not None:
        return column.is_not_null() == condition.filled
    if condition.above is not None:
        return (column.cast(pl.Float64, strict=False) > condition.above).fill_null(False)
    values = [value.lower() for value in condition.values]
    among = column.str.to_lowercase().str.replace(_POINT_ZERO, "$1").is_in(values).fill_null(False)
    return ~among if condition.negated else among


def _take(text: pl.Series, value: Value) -> pl.Series:
    column = pl.col("text")
    if value.take == "host":
        # What is no address is the name of the source itself.
        taken = pl.coalesce(column.str.extract(_HOST).str.to_lowercase(), column)
    else:
        place = {"first": 0, "last": -1}.get(value.take)
        number = int(value.take) if place is None else 0
        place = (number - 1 if number > 0 else number) if place is None else place
        taken = split(column, value.between).list.get(place, null_on_oob=True)
    return text.to_frame("text").select(pl.when(taken != "").then(taken).alias("text")).to_series()


def _fold(word: str) -> str:
    return " ".join(re.sub(_POINT_ZERO, r"\1", word.casefold()).split())


def _word_table(value: Value) -> dict[str, str]:
    table = {**crosswalk(value.crosswalk), **value.words} if value.crosswalk else dict(value.words)
    return {_fold(word): meaning for word, meaning in table.items()}


def _look_up(word: str, value: Value, table: Mapping[str, str], name: str) -> str:
    folded = _fold(word)
    if folded in table:
        return table[folded]
    if value.crosswalk == "cameo" and re.fullmatch(r"\d{2,4}", folded):
        return read_cameo(folded)
    if value.otherwise is not None:
        return word if value.otherwise == KEEP else value.otherwise
    raise ValueError(f"{name}: '{word[:_SHOWN]}' is not known", did_you_mean(folded, table))


def _known(word: str, known: Iterable[str], name: str) -> str:
    slug = "-".join(word.casefold().split())
    if slug in known:
        return slug
    raise ValueError(f"{name}: '{word[:_SHOWN]}' is not known", did_you_mean(slug, known))
