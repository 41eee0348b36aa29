"""Tables: what was measured, as Markdown between the markers of benchmarks/README.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

# Peer, and how many times as fast Trucewatch has to be.
_AT_LEAST = {"duckdb": 100, "sedonadb": 90, "shapely": 38, "geopandas": 1000, "postgis": None}
_NAMES = {
    "duckdb": "DuckDB spatial", "sedonadb": "SedonaDB", "shapely": "shapely, attributes first",
    "geopandas": "GeoPandas", "postgis": "PostGIS",
}  # fmt: skip

Found = dict[str, Any]
Row = Sequence[str]


def write_tables(page: Path, results: Found) -> None:
    """Put the tables between the markers of a page; raises ValueError where it has none."""
    text = page.read_text("utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    page.write_text(f"{before}{BEGIN}\n\n{told(results)}\n{END}{after}", "utf-8")


def told(results: Found) -> str:
    """Return all tables of what was measured."""
    parts = [_machine(results["machine"])]
    parts += [_targets(results)]
    parts += [tell(results[name]) for name, tell in _PARTS.items() if name in results]
    return "\n".join(parts)


def _table(heads: Row, rows: Iterable[Row]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (heads, ["---"] * len(heads), *rows)]
    return "\n".join(lines) + "\n"


def _range(of: Found, digits: int = 2) -> str:
    return f"{of['median']:,.{digits}f} ({of['min']:,.{digits}f}-{of['max']:,.{digits}f})"


def _machine(of: Found) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in of["versions"].items())
    return (
        f"Measured on {of['cores']} cores of an {of['cpu']} with {of['memory_gb']} GB of memory, Linux {of['kernel']}, "
        f"Python {of['python']}: {versions}. Figures are medians, with the least and the most in brackets.\n"
    )


# ---- what was to be reached ------------------------------------------------------------------------------------------


def _targets(results: Found) -> str:
    rows = [row for name, reached in _REACHED.items() if name in results for row in reached(results[name])]
    lines = [
        (what, asked, got, "-" if is_met is None else "yes" if is_met else "**no**")
        for what, asked, got, is_met in rows
    ]
    return "### What was to be reached\n\n" + _table(("what", "at least", "reached", "met"), lines)


Target = tuple[str, str, str, bool | None]


def _assess_reached(of: Found) -> list[Target]:
    rows: list[Target] = []
    for name, least in _AT_LEAST.items():
        peer = of["peers"].get(name, {})
        if least is None:
            continue
        got = _range(peer["ratio"], 0) if "ratio" in peer else "not measured here"
        met = peer["ratio"]["median"] >= least if "ratio" in peer else None
        rows.append((f"assess, times as fast as {_NAMES[name]}", f"{least:,}", got, met))
    memory = of["memory"]["streamed"]["peak_mb"] if of.get("memory") else None
    is_small = memory < 2000 if memory else None
    rows.append(("assess, peak memory", "under 2 GB", f"{memory:,.0f} MB" if memory else "-", is_small))
    rows.append(("assess, exponent of time in events", "1.05 or less", f"{of['exponent']:.2f}", of["exponent"] <= 1.05))
    index = of["ours"]["index_s"]
    rows.append(("index build", "under 0.35 s", f"{_range(index)} s", index["median"] < 0.35))
    for title, share, of_bandwidth in (
        ("kernel, share of memory bandwidth", of["ours"]["share_of_bandwidth"]["median"], 0.025),
        ("the same, sorted by cell", of["by_cell"]["share_of_bandwidth"], 0.05),
    ):
        rows.append((title, f"{of_bandwidth:.1%}", f"{share:.1%}", share >= of_bandwidth))
    return rows


def _corroborate_reached(of: Found) -> list[Target]:
    rows: list[Target] = []
    for name in ("own blocking", "our pairs"):
        if name in of:
            ratio = of[name]["ratio"]
            rows.append((f"candidates, scores and clusters, times as fast as Splink 5 ({name})", "5", _range(ratio, 1),
                         ratio["median"] >= 5))  # fmt: skip
    recall = of["ours"]["recall"]
    rows.append(("recall of true pairs before scoring", "0.99", f"{recall:.4f}", recall >= 0.99))
    rows.append(("exponent at a constant daily rate", "1.15 or less", f"{of['exponent']:.2f}", of["exponent"] <= 1.15))
    burst = of["burst"]
    rows.append((
        f"{burst['reports']:,} reports in one town in one day", "under 60 s and 2 GB",
        f"{burst['seconds']:.1f} s, {burst['peak_mb']:,} MB", burst["seconds"] < 60 and burst["peak_mb"] < 2000,
    ))  # fmt: skip
    return rows


def _quality_reached(of: Found) -> list[Target]:
    rows: list[Target] = []
    ours = of["scores"]["Trucewatch"]
    mine = ours["b_cubed_f1"]
    for name, least in (("Splink 5", 0.05), ("meltt rule", 0.10)):
        theirs = of["scores"].get(name, {}).get("b_cubed_f1")
        if theirs:
            gain = mine["mean"] - theirs["mean"]
            apart = mine["low"] > theirs["high"]
            rows.append((f"B-cubed F1 above {name}", f"{least:.2f}, intervals apart",
                         f"{gain:+.3f}, {'apart' if apart else 'overlapping'}", gain >= least and apart))  # fmt: skip
    if "calibration_error" in ours:
        error = ours["calibration_error"]["mean"]
        rows.append(("expected calibration error of links", "0.05 or less", f"{error:.3f}", error <= 0.05))
    if "origin_bounds_held" in ours:
        held = ours["origin_bounds_held"]["mean"]
        rows.append(("origin bounds that hold the truth", "95 %", f"{held:.1%}", held >= 0.95))
    return rows


def _collect_reached(of: Found) -> list[Target]:
    share = of["share"]
    got = f"{share['median']:.0%} ({share['min']:.0%}-{share['max']:.0%})"
    return [("collect, share of the bare scan's rows a second", "25 %", got, share["median"] >= 0.25)]


def _first_reached(of: Found) -> list[Target]:
    if "absent" in of:
        return [("first result, against the time before", "no slower", of["absent"], None)]
    ratio = of["ratio"]
    # Runs of one program differ by that much.
    return [("first result, share of the time before", "1.00 (1.05 is noise)", _range(ratio), ratio["median"] <= 1.05)]


def _ledger_reached(of: Found) -> list[Target]:
    rows: list[Target] = []
    for name, what in (("bare, all its bytes", "of as many bytes"), ("bare, the entry", "of leaf and content alone")):
        share = of["shares"][name]
        got = f"{share['median']:.0%} ({share['min']:.0%}-{share['max']:.0%})"
        rows.append((f"durable appends, share of bare SQLite's commits {what}", "60 %", got, share["median"] >= 0.6))
    title = f"verify {of['entries']:,} entries, times as long as hashing the same bytes"
    return [*rows, (title, "3 or less", _range(of["ratio"]), of["ratio"]["median"] <= 3)]


_REACHED = {
    "assess": _assess_reached, "corroborate": _corroborate_reached, "quality": _quality_reached,
    "collect": _collect_reached, "first result": _first_reached,
    "ledger": _ledger_reached,
}  # fmt: skip


# ---- what was measured -----------------------------------------------------------------------------------------------


def _assess(of: Found) -> str:
    ours = of["ours"]
    rows = [("Trucewatch", f"{of['events']:,}", _range(ours["events_per_s"], 0), "1", "0", "grid")]
    for name, peer in of["peers"].items():
        if "ratio" in peer:
            rows.append((_NAMES[name], f"{peer['rows']:,}", _range(peer["events_per_s"], 0), _range(peer["ratio"], 0),
                         _differ(peer), peer["form"]))  # fmt: skip
        else:
            rows.append((_NAMES[name], "-", "-", "-", "-", peer.get("absent", "took too long")))
    heads = ("engine", "events", "events a second, one core", "Trucewatch is faster by", "rows that differ", "form")
    forms = [
        (_NAMES[name], form, "too long" if took is None else f"{took:.2f}")
        for name, peer in of["peers"].items()
        for form, took in peer.get("probed_s", {}).items()
    ]
    two, sorted_ = of["two_threads"], of["by_cell"]
    found = ", ".join(f"{count:,} {name}" for name, count in sorted(of["ours_found"].items()))
    return "\n".join([
        "### Assess\n",
        _table(heads, rows),
        f"Rows are compared one by one on the first {of['compared']:,} events. A peer's rate is carried over from the "
        f"largest number of events that it does in the time that it has. In {of['events']:,} events: {found}.\n",
        "Forms of each peer's query, in seconds, on a small number of events:\n",
        _table(("engine", "form", "seconds"), forms),
        "Trucewatch by itself:\n",
        _table(("what", "seconds", "events a second"), [
            ("docket and events, one thread", _range(ours["total_s"]), _range(ours["events_per_s"], 0)),
            ("the same, sorted by cell", f"{sorted_['total_s']:.2f}", f"{sorted_['events_per_s']:,.0f}"),
            ("the same, two threads", f"{two['total_s']:.2f}", f"{two['events_per_s']:,.0f}"),
            ("grid alone", _range(ours["index_s"], 3), "-"),
            ("cold: no compiled code on disk", f"{of['cold']['ready_s']:.1f}" if of.get("cold") else "-", "-"),
        ]),
        f"The kernel takes {ours['kernel_ns_per_event']['median']:.0f} ns an event where memory yields its "
        f"{ours['bytes_per_event']['median']:.0f} bytes at {ours['bandwidth_gb_s']['median']:.1f} GB/s.\n",
    ])  # fmt: skip


def _differ(peer: Found) -> str:
    return "not compared" if peer.get("differ") is None else f"{peer['differ']:,}"


def _corroborate(of: Found) -> str:
    ours = of["ours"]
    rows = [("Trucewatch", f"{ours['reports']:,}", f"{ours['pairs']:,}", _range(ours["whole_s"]), "1")]
    for name in ("own blocking", "our pairs"):
        if name in of:
            seconds, ratio = _range(of[name]["seconds"]), _range(of[name]["ratio"], 1)
            rows.append((f"Splink 5, {name}", f"{ours['reports']:,}", f"{of[name]['pairs']:,}", seconds, ratio))
    heads = ("reports", "pairs", "encode, s", "pairs, s", "whole, s", "recall", "not compared", "peak MB")

    def line(one: Found) -> Row:
        return (f"{one['reports']:,}", f"{one['pairs']:,}", f"{one['encode_s']:.2f}", f"{one['candidates_s']:.2f}",
                f"{_seconds(one['whole_s']):.2f}", f"{one['recall']:.4f}", f"{one['not_compared']:,}",
                f"{one['peak_mb']:,.0f}")  # fmt: skip

    burst = of["burst"]
    return "\n".join([
        "### Corroborate\n",
        _table(("engine", "reports", "pairs", "seconds, two cores", "Trucewatch is faster by"), rows),
        of.get("absent", "") + "\n",
        "At a constant daily rate:\n",
        _table(heads, [line(one) for one in of["sizes"]]),
        "In two years, ever denser:\n",
        _table(heads, [line(one) for one in of["growing"] if one]),
        f"A burst of {burst['reports']:,} reports in one town on one day: {burst['seconds']:.1f} s, "
        f"{burst['peak_mb']:,} MB, {burst['not_compared']:,} pairs not compared.\n",
    ])  # fmt: skip


def _seconds(of: Any) -> float:
    return float(of["median"] if isinstance(of, dict) else of)


def _quality(of: Found) -> str:
    scores = ("b_cubed_precision", "b_cubed_recall", "b_cubed_f1", "pairwise_f1", "over_merged", "over_split",
              "calibration_error", "origin_bounds_held", "origin_bounds_width", "origin_bounds_open")  # fmt: skip
    rows = []
    for score in scores:
        cells = [found.get(score) for found in of["scores"].values()]
        told = [f"{one['mean']:.3f} ({one['low']:.3f}-{one['high']:.3f})" if one else "-" for one in cells]
        rows.append((score.replace("_", " "), *told))
    return "\n".join([
        "### Quality\n",
        f"Means over {len(of['seeds'])} held-back seeds, with intervals of 95 %.\n",
        _table(("score", *of["scores"]), rows),
    ])  # fmt: skip


def _collect(of: Found) -> str:
    rows = [
        (f"{pair['rows']:,}", f"{pair['file_mb']:,}", f"{pair['scan_s']:.2f}", f"{pair['collect_s']:.2f}",
         f"{1 / pair['ratio']:.0%}", f"{pair['refused']:,}", f"{pair['peak_mb']:,}")
        for pair in of["pairs"]
    ]  # fmt: skip
    heads = ("rows", "MB", "bare scan, s", "collect, s", "share", "refused", "peak MB")
    return "### Collect\n\n" + _table(heads, rows)


def _first(of: Found) -> str:
    if "absent" in of:
        return f"### First result\n\n{of['absent']}\n"
    rows = [("now", _range(of["now_s"])), ("before", _range(of["before_s"])), ("ratio", _range(of["ratio"]))]
    return "### First result\n\n" + _table(("`trucewatch assess` on the 16,566 rows", "seconds"), rows)


def _ledger(of: Found) -> str:
    shares = {
        name: _range({key: 100 * value for key, value in share.items()}, 0) for name, share in of["shares"].items()
    }
    rows = [(f"{name}", _range(rate, 0), shares.get(name, "-")) for name, rate in of["appends"].items()]
    checked = [
        ("verify: every leaf, commitment, number and head", _range(of["verify_s"])),
        ("SHA-256 of the same bytes in a plain loop", _range(of["hashing_s"])),
    ]
    return (
        "### Ledger\n\n"
        + _table(("durable commits", "a second", "ours, in % of it"), rows)
        + f"\n{of['entries']:,} entries, {of['file_mb']:,} MB:\n\n"
        + _table(("what", "seconds"), checked)
    )


_PARTS = {
    "assess": _assess, "corroborate": _corroborate, "quality": _quality, "collect": _collect, "first result": _first,
    "ledger": _ledger,
}  # fmt: skip
