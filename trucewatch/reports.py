"""Reports: what was received, unaltered, row by row."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from trucewatch.actors import ANYBODY
from trucewatch.evidence import Extent, read_count
from trucewatch.placings import place
from trucewatch.problems import FileFault, Problem, did_you_mean
from trucewatch.rows import BLOCK_BYTES, Rows, take_rows
from trucewatch.sheets import MOST_COUNTED, Sheet, split
from trucewatch.sources import LOCAL, Source, Telling, Vague, Value
from trucewatch.when import Span, read_edtf
from trucewatch.where import Gazetteer

_INSTANT = pl.Datetime("us", "UTC")
TELLER = pl.Struct({"office": pl.String(), "cites": pl.String(), "text": pl.String()})

SCHEMA: dict[str, pl.DataType] = {
    "source": pl.String(),  # id of the source description
    "record": pl.String(),  # the source's own record id
    "event_key": pl.String(),  # the curated event that the record tells of
    "file": pl.String(),  # name of the file, without its folder
    "line": pl.Int64(),  # line on which the row begins, from 1
    "content": pl.String(),  # the row as it was received: a JSON object of its filled columns, sorted
    "tellers": pl.List(TELLER),  # who told it, each with whom they cite and what they said; at least one
    # From here on as in a claims table.
    "assertion": pl.String(),
    "act": pl.String(),
    "weapon": pl.String(),
    "calibre_low_mm": pl.Float64(),
    "calibre_high_mm": pl.Float64(),
    "earliest": _INSTANT,
    "latest": _INSTANT,
    "time_extent": pl.String(),
    "place_kind": pl.String(),
    "lon": pl.Float64(),
    "lat": pl.Float64(),
    "radius_m": pl.Float64(),
    "area": pl.String(),
    "country": pl.String(),
    "geometry": pl.Binary(),
    "place_extent": pl.String(),
    "place_name": pl.String(),
    "adm_1": pl.String(),
    "count_low": pl.Int64(),
    "count_high": pl.Int64(),
    "count_qualifier": pl.String(),
    "count_unit": pl.String(),
    "pairs": pl.String(),
    "dead_low": pl.Int64(),
    "dead_high": pl.Int64(),
    "civilians_dead": pl.Int64(),
    "records_deaths": pl.Boolean(),
    "means": pl.String(),
    "interest": pl.String(),
    "reliability": pl.String(),
    "curated": pl.Boolean(),
    "allegation": pl.Boolean(),
    "exercise": pl.Boolean(),
    "facts": pl.String(),
    "levels": pl.String(),
}

_MARK = "\x1e"
_MAYBE_EDTF = re.compile(r"[-0-9TZXYESWu?~%/.:+\[\]{},]{4,60}")
_MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec"
_MONTH_NAME = "January|February|March|April|May|June|July|August|September|October|November|December"
_FORM_PARTS = {
    "YYYY": r"\d{4}",
    "Month": f"(?i:{_MONTH_NAME}|{'|'.join(name[:3] for name in _MONTH_NAME.split('|'))})",
    **dict.fromkeys(("MM", "DD", "hh", "mm", "ss"), r"\d{1,2}"),
}


@dataclass(frozen=True)
class Received:
    """What came of reading one file: its reports, and every row that was refused, with the reasons."""

    reports: pl.DataFrame
    problems: tuple[Problem, ...]
    rows_read: int
    rows_refused: int

    @property
    def share_refused(self) -> float:
        """The share of rows that were refused, from 0 to 1."""
        return self.rows_refused / self.rows_read if self.rows_read else 0.0


def collect(source: Source, path: Path, *, gazetteer: Gazetteer, zone: str, block_bytes: int = BLOCK_BYTES) -> Received:
    """Read a file as a source describes it; rows at fault are left out and told, the others become reports.

    `zone` is the time zone of a source whose times are local. A large file is read in blocks of about `block_bytes`;
    that changes nothing of what comes of it. Raises FileFault for a file that cannot be read as one of this source at
    all.
    """
    where = (path.name, gazetteer, zone if source.timezone == LOCAL else source.timezone)
    wanted = {*source.used(), *(column for columns in source.needs() for column in columns)}
    parts = take_rows(path, source.shape, lambda rows: _received(source, rows, *where), block_bytes, wanted=wanted)
    return Received(
        reports=pl.concat([part.reports for part in parts]),
        problems=tuple(sorted(problem for part in parts for problem in part.problems)),
        rows_read=sum(part.rows_read for part in parts),
        rows_refused=sum(part.rows_refused for part in parts),
    )


def _received(source: Source, rows: Rows, file: str, gazetteer: Gazetteer, zone: str) -> Received:
    _check_columns(source, rows.columns, file)
    sheet = Sheet.of(source, rows.frame, gazetteer, zone)
    columns: dict[str, pl.Series | pl.Expr] = {
        "source": pl.lit(source.id),
        "record": sheet.field("record"),
        "event_key": sheet.field("event_key"),
        "file": pl.lit(file),
        "line": rows.lines,
        "content": rows.content(),
        "tellers": _tellers(sheet),
        **_what(sheet),
        **(when := _when(sheet)),
        **place(sheet),
        **_dead(sheet),
        "pairs": _pairs(sheet),
        "records_deaths": pl.lit(source.records_deaths),
        "means": sheet.field("means"),
        "interest": pl.lit(source.interest),
        "reliability": _reliability(source, when["latest"]),
        "curated": pl.lit(source.curated),
        "facts": _facts(sheet),
        "levels": pl.lit(json.dumps(dict(source.levels), sort_keys=True)),
    }
    table = rows.lines.to_frame().select(
        _as_expr(columns[name]).cast(kind).alias(name) for name, kind in SCHEMA.items()
    )
    return _set_apart(table, rows, sheet, file)


def _as_expr(column: pl.Series | pl.Expr) -> pl.Expr:
    return pl.lit(column) if isinstance(column, pl.Series) else column


def _check_columns(source: Source, columns: Collection[str], name: str) -> None:
    missing = [some for some in source.needs() if not set(some) & set(columns)] if columns else []
    if missing:
        words = ", ".join(" or ".join(some) for some in missing)
        hint = next((found for some in missing if (found := did_you_mean(some[0], columns))), "")
        tail = f" ({missing[0][0]}: {hint})" if hint else ""
        raise FileFault(f"{name}: is not a file of the source '{source.id}': it has no column {words}{tail}")


def _set_apart(table: pl.DataFrame, rows: Rows, sheet: Sheet, file: str) -> Received:
    reports = table.filter(sheet.good())
    refused_before = len(rows.problems)
    return Received(
        reports=reports,
        problems=(*rows.problems, *sheet.problems(file, rows.lines)),
        rows_read=table.height + refused_before,
        rows_refused=table.height - reports.height + refused_before,
    )


def _what(sheet: Sheet) -> dict[str, pl.Series]:
    calibre = sheet.read_rows(
        pl.DataFrame({"calibre": sheet.field("calibre_mm")}),
        "bad-calibre",
        dict.fromkeys(("low", "high"), pl.Float64()),
        lambda row: _read_calibre(row[0]),
    )
    asked = pl.DataFrame({name: sheet.field(name) for name in ("count", "count_qualifier")})
    counted = {"low": pl.Int64(), "high": pl.Int64(), "qualifier": pl.String()}
    count = sheet.read_rows(asked, "bad-count", counted, lambda row: _read_counted(*row))
    return {
        "assertion": sheet.field("assertion", "act"),
        "act": sheet.needed("act", "it is not said what was done"),
        "weapon": sheet.field("weapon"),
        "calibre_low_mm": calibre["low"],
        "calibre_high_mm": calibre["high"],
        "count_low": count["low"],
        "count_high": count["high"],
        "count_qualifier": count["qualifier"],
        "count_unit": sheet.field("count_unit"),
        "exercise": sheet.truth("exercise"),
        "allegation": sheet.truth("allegation"),
    }


def _read_calibre(text: str) -> tuple[float, float]:
    """Read a calibre in millimetres, or two it may be: `120`, `82-120`, `82 or 120`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(?:\s*(?:-|–|/|or)\s*(\d+(?:\.\d+)?))?\s*(?:mm)?", text.casefold())
    if not found or not 0 < float(found[1]) < 1_000:
        raise ValueError(f"calibre_mm: '{text[:60]}' is no calibre in millimetres, such as 120 or 82-120")
    numbers = sorted(float(part) for part in found.groups() if part)
    return numbers[0], numbers[-1]


def _read_counted(count: str | None, qualifier: str | None) -> tuple[int | None, int | None, str | None]:
    if count is None and qualifier != "uncountable":
        return None, None, None
    try:
        read = read_count(count or "", qualifier, "")
    except ValueError as fault:
        told = str(fault) if "cannot be" in str(fault) else f"'{(count or '')[:60]}' is no count"
        raise ValueError(
            f"count: {told}", "write a whole number, and `at least` and the like in the qualifier"
        ) from None
    if read.low > MOST_COUNTED or (read.high or 0) > MOST_COUNTED:
        raise ValueError(f"count: {count} is more than can be counted")
    return read.low, read.high, read.qualifier.value


def _when(sheet: Sheet) -> dict[str, pl.Series]:
    vague = sheet.repeat(None).cast(pl.Int64)
    for number, rule in reversed(list(enumerate(sheet.source.vague))):
        vague = vague.zip_with(~sheet.holds(rule.when), pl.repeat(number, sheet.height, dtype=pl.Int64, eager=True))
    start = sheet.needed("from", "it is not said when")
    asked = pl.DataFrame({"from": start, "until": sheet.field("until"), "vague": vague})
    forms = tuple(_form_pattern(form) for form in sheet.source.written)
    rules = sheet.source.vague

    def read(row: tuple[str | None, str | None, int | None]) -> tuple[datetime | None, datetime | None]:
        first, last, rule = row
        return _read_times(sheet.zone, forms, None if rule is None else rules[rule], first, last)

    spans = sheet.read_rows(asked, "bad-date", {"earliest": _INSTANT, "latest": _INSTANT}, read)
    backward = (spans["latest"] <= spans["earliest"]).fill_null(False)
    sheet.refuse_where(backward, "end-before-start", "ends ({}) before it starts", asked["until"])
    return {
        "earliest": spans["earliest"],
        "latest": spans["latest"],
        "time_extent": sheet.field("time_extent", Extent.WITHIN),
    }


# The days of a large file come again in each of its blocks.
@lru_cache(maxsize=65536)
def _read_times(
    zone: str, forms: tuple[re.Pattern[str], ...], rule: Vague | None, start: str | None, end: str | None
) -> tuple[datetime | None, datetime | None]:
    if start is None:
        return None, None
    first, last = (_as_edtf(text, forms) for text in (start, end or start))
    if rule is not None:
        first, last = (_widen(text, rule) for text in (first, last))
    return _read_time(first, zone).earliest, _read_time(last, zone).latest


def _reliability(source: Source, latest: pl.Series) -> pl.Expr:
    """Return the grade that held at the end of each row's time."""
    if len(source.grades) == 1 and source.grades[0].since is None:
        return pl.lit(source.grades[0].reliability)
    asked = latest.unique().drop_nulls()
    held = [source.reliability_at(instant) for instant in asked]
    return pl.lit(latest.replace_strict(asked, pl.Series(held, dtype=pl.String), default=None))


def _read_time(text: str, zone: str) -> Span:
    hint = "write 2017-07-09, 2017-07-09T14:20 or another EDTF date; or say under `when: written` how dates are written"
    if not _MAYBE_EDTF.fullmatch(text):
        raise ValueError(f"'{text[:60]}' is no date", hint)
    try:
        return read_edtf(text, zone)
    except ValueError as fault:
        raise ValueError(str(fault) if text in str(fault) else f"'{text}' is no date: {fault}") from None


def _form_pattern(form: str) -> re.Pattern[str]:
    """Make a pattern of how a date is written, such as `DD Month YYYY`."""
    pattern = re.escape(form)
    for part, digits in _FORM_PARTS.items():
        pattern = pattern.replace(part, f"(?P<{part}>{digits})", 1)
    return re.compile(pattern)


def _as_edtf(text: str, forms: Iterable[re.Pattern[str]]) -> str:
    """Write a date as EDTF if it has one of the forms, else leave it as it is."""
    for form in forms:
        if found := form.fullmatch(text):
            part = found.groupdict()
            named = part.get("Month")
            month = part.get("MM") or (str(_MONTHS.find(named[:3].casefold()) // 3 + 1) if named else "1")
            day = f"{part['YYYY']}-{int(month):02}-{int(part.get('DD') or 1):02}"
            clock = ":".join(f"{int(part[key]):02}" for key in ("hh", "mm", "ss") if part.get(key))
            return f"{day}T{clock}" if clock else day
    return text


def _widen(text: str, rule: Vague) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    if rule.whole:
        return text[: 7 if rule.whole == "month" else 4]
    either_side = timedelta(days=rule.days_either_side)
    return f"{day - either_side}/{day + either_side}"


def _dead(sheet: Sheet) -> dict[str, pl.Series]:
    low, high, civilians = (_whole(sheet, name) for name in ("dead_low", "dead_high", "civilians_dead"))
    # Some feeds hold estimates whose "low" is above their "high"; what is certain is the range between the two.
    crossed = (low > high).fill_null(False)
    return {
        "dead_low": high.zip_with(crossed, low),
        "dead_high": low.zip_with(crossed, high),
        "civilians_dead": civilians,
    }


def _whole(sheet: Sheet, name: str) -> pl.Series:
    text = sheet.field(name)
    negative = text.str.contains(r"^-\s*\d").fill_null(False)
    sheet.refuse_where(negative, "negative-count", f"{name} cannot be {{}}", text)
    number = sheet.number(text.set(negative, None), name, 0, MOST_COUNTED)
    fraction = (number != number.floor()).fill_null(False)
    sheet.refuse_where(fraction, "not-a-number", f"{name} '{{}}' is no whole number", text)
    return number.cast(pl.Int64)


def _pairs(sheet: Sheet) -> pl.Series:
    """Write down who may have done it to whom: together what every rule says that holds, as `write_pairs` does."""
    said: list[tuple[pl.Series, pl.Series, pl.Series]] = []
    for rule in sheet.source.pairings:
        holds, nobody = sheet.holds(rule.when), sheet.repeat("")
        by = [sheet.value(name).fill_null("") for name in rule.by]
        on = sheet.value(rule.on).fill_null("") if rule.on else nobody
        both = [(by[0], by[1]), (by[1], by[0])] if rule.both_ways else [(actor, on) for actor in by]
        said += [(holds, actor, target) for actor, target in both]
    if not said:
        return sheet.repeat(ANYBODY)
    # Numbered in the order of their names, pairs of names sort as numbers do.
    names = pl.concat([name for _, *pair in said for name in pair]).unique().sort()
    number = pl.Enum(names)
    none = len(names) ** 2
    codes = np.stack([_pair_codes(number, *rule) for rule in said], axis=1)
    codes.sort(axis=1)
    codes[:, 1:][codes[:, 1:] == codes[:, :-1]] = none
    quoted = pl.Series([json.dumps(name, ensure_ascii=False) for name in names], dtype=pl.String)
    pairs = []
    for column in codes.T:
        there = pl.Series(column < none)
        actor, target = (quoted.gather(pl.Series(half).set(~there, None)) for half in np.divmod(column, len(names)))
        pairs.append(pl.format("[{}, {}]", pl.lit(actor), pl.lit(target)))
    together = pl.concat_str(pairs, separator=", ", ignore_nulls=True)
    return pl.select(pl.when(together != "").then(pl.format("[{}]", together)).otherwise(pl.lit(ANYBODY))).to_series()


def _pair_codes(number: pl.Enum, holds: pl.Series, actor: pl.Series, target: pl.Series) -> npt.NDArray[np.int64]:
    many = len(number.categories)
    by, on = (name.cast(number).to_physical().cast(pl.Int64).to_numpy() for name in (actor, target))
    return np.where(holds.to_numpy(), by * many + on, many**2)


def _facts(sheet: Sheet) -> pl.Series:
    """Write down the named facts that a row states, as a JSON object of true, false and null (unknown)."""
    truths = {"yes": True, "true": True, "no": False, "false": False, "unknown": None}
    columns = {}
    for name, value in sheet.source.facts.items():
        text = sheet.value(value, name).str.to_lowercase()
        wrong = text.is_not_null() & ~text.is_in(list(truths))
        sheet.refuse_where(wrong, "unknown-word", f"{name}: '{{}}' is not known", text, "yes, no or unknown")
        columns[name] = text.set(wrong, None)
    if not columns:
        return sheet.repeat(None)
    names = list(columns)

    def write(row: tuple[str | None, ...]) -> tuple[str]:
        return (json.dumps({n: truths[cell] for n, cell in zip(names, row, strict=True) if cell}, sort_keys=True),)

    return sheet.read_rows(pl.DataFrame(columns), "unknown-word", {"facts": pl.String()}, write)["facts"]


def _tellers(sheet: Sheet) -> pl.Series:
    """List who told each row: by the first way that names anybody; one nameless teller where none does."""
    parts: list[pl.DataFrame] = []
    untold = pl.repeat(True, sheet.height, eager=True)
    for telling in sheet.source.tellings:
        text = sheet.value(telling.value).set(~untold, None)
        part = _entries(text.to_frame("told").with_row_index("row").drop_nulls("told"), telling)
        parts.append(part)
        untold = untold.scatter(part["row"].unique().to_list(), False)
    nameless = pl.lit(None, dtype=pl.String)
    rest = untold.to_frame("untold").with_row_index("row").filter("untold")
    parts.append(rest.select("row", nameless.alias("office"), nameless.alias("text")))
    told = pl.concat(parts).sort("row", maintain_order=True)
    chain = _named(sheet, sheet.source.chain).to_frame("chain")
    chains = chain.select(pl.when(pl.col("chain").list.len() > 0).then(_as_json(pl.col("chain"))))
    of_row = pl.DataFrame({"all": sheet.field("text"), "chain": chains.to_series()})
    told = told.hstack(of_row[told["row"]])
    if sheet.source.cites:
        origins = _named(sheet, sheet.source.cites).gather(told["row"]).alias("origins")
        told = told.with_columns(
            origins, pl.int_range(pl.len()).over("row").alias("place"), pl.len().over("row").alias("number")
        ).with_columns(pl.coalesce(_in_step(), "chain").alias("chain"))
    teller = pl.struct("office", pl.col("chain").alias("cites"), pl.coalesce("text", "all").alias("text"))
    told = told.select(pl.col("row").set_sorted(), teller.alias("teller"))
    return told.group_by("row", maintain_order=True).agg("teller")["teller"]


def _named(sheet: Sheet, value: Value | None) -> pl.Series:
    """List the names that a cell holds; null where it is empty."""
    if value is None:
        return sheet.repeat(None).cast(pl.List(pl.String))
    names = split(pl.col("names"), value.between).list.eval(pl.element().filter(pl.element() != ""))
    return sheet.value(value).to_frame("names").select(names).to_series()


def _in_step() -> pl.Expr:
    """Give each teller its origin: the only one there is, or its own where there are as many as tellers.

    Otherwise nobody knows who cites whom, and nothing is said.
    """
    origins = pl.col("origins").list
    mine = (
        pl.when(origins.len() == 1).then(origins.first())
        .when(origins.len() == pl.col("number")).then(origins.get("place", null_on_oob=True))
    )  # fmt: skip
    return pl.when(mine.is_not_null()).then(_as_json(pl.concat_list(mine)))


def _as_json(names: pl.Expr) -> pl.Expr:
    written = pl.struct(names.alias("names")).struct.json_encode()
    return written.str.strip_prefix('{"names":').str.strip_suffix("}")


def _entries(told: pl.DataFrame, telling: Telling) -> pl.DataFrame:
    """Take a column of entries apart: (row, office, text) of each; nothing for a row that has not their form."""
    column = pl.col("told")
    if telling.entry_start:
        marked = told.with_columns(column.str.replace_all(telling.entry_start, _MARK + "${entry}"))
        told = marked.filter(column.str.contains(_MARK, literal=True)).with_columns(column.str.split(_MARK))
    elif telling.value.take:
        told = told.with_columns(column.str.split(_MARK))
    else:
        told = told.with_columns(split(column, telling.value.between))
    told = told.explode("told").with_columns(column.str.strip_chars()).filter(column != "")
    if not telling.entry:
        return told.select("row", column.alias("office"), pl.lit(None, dtype=pl.String).alias("text"))
    groups = told.select("row", "told", column.str.extract_groups(telling.entry).alias("entry")).unnest("entry")
    groups = groups if "text" in groups.columns else groups.with_columns(pl.lit(None, dtype=pl.String).alias("text"))
    if not telling.entry_start:
        groups = groups.filter(pl.col("office").is_not_null())
    # What stands between entries in another form is still somebody's word: kept whole, its teller not known.
    said = (
        pl.when(pl.col("office").is_null())
        .then("told")
        .otherwise(pl.col("text").str.strip_chars().str.strip_suffix(telling.closing))
    )
    return groups.select("row", pl.col("office").str.strip_chars(), pl.when(said != "").then(said).alias("text"))
