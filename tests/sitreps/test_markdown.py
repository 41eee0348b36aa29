"""Markdown: everything that the document says, and no markup that a report brought."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from trucewatch.agreement.terms import Agreement
from trucewatch.sitreps.document import document_of
from trucewatch.sitreps.markdown import render_markdown
from trucewatch.sitreps.material import Figures, Told

Tell = Callable[..., Told]
HOSTILE = "<img src=x> [a](javascript:b) `c` *d* _e_ | # \\"
ESCAPED = "\\<img src=x\\> \\[a\\](javascript:b) \\`c\\` \\*d\\* \\_e\\_ \\| \\# \\\\"


def markdown(figures: Figures, agreement: Agreement, language: str = "en") -> str:
    return render_markdown(document_of(figures, agreement, language=language))


def test_every_finding_stands_under_its_clause(figures: Figures, agreement: Agreement) -> None:
    lines = markdown(figures, agreement).splitlines()
    heads = [line.partition(":")[0] for line in lines if line.startswith("### C") and line[5].isdigit()]
    assert heads == [f"### {clause.id}" for clause in agreement.clauses]
    assert [line.split("`")[1] for line in lines if line.startswith("- `")] == ["aa01", "bb02", "cc03", "dd04"]
    assert "| With the presumption | 1 | 1 | 2 |" in lines


def test_every_section_has_its_heading_and_every_table_its_columns(figures: Figures, agreement: Agreement) -> None:
    for language in ("en", "ar"):
        document = document_of(figures, agreement, language=language)
        lines = render_markdown(document).splitlines()
        assert len([line for line in lines if line.startswith("## ")]) == len(document.sections)
        rules = [at for at, line in enumerate(lines) if line.startswith("|---")]
        assert len(rules) > 5
        for at in rules:
            columns = lines[at].count("|")
            assert lines[at - 1].replace("\\|", "").count("|") == columns
            assert lines[at + 1].replace("\\|", "").count("|") == columns


def test_it_runs_no_markup_that_a_report_brought(figures: Figures, agreement: Agreement) -> None:
    finding = replace(figures.told[0], sentence=f"x\n\n{HOSTILE}")
    told = replace(figures, told=(finding,), assessment=(HOSTILE, "b", "c"), not_seen=(HOSTILE,))
    lines = markdown(told, agreement).splitlines()
    assert f"- `aa01` x · · {ESCAPED}" in lines
    assert ESCAPED in lines
    assert f"- {ESCAPED}" in lines
    assert not [line for line in lines if "<img" in line.replace("\\<", "")]


def test_it_says_that_a_simulation_is_one(figures: Figures, agreement: Agreement) -> None:
    assert "SIMULATION" not in markdown(figures, agreement)
    told = markdown(replace(figures, is_simulation=True), agreement)
    assert told.index("**SIMULATION · PUBLIC**") < told.index("Nothing in this document happened.") < told.index("## ")


def test_the_log_head_stands_as_it_was_signed(figures: Figures, agreement: Agreement) -> None:
    head = "example.org/release/public\n12\nq1B0bnBhZGRpbmc=\n\n— centre Az3grlgtzPI*\n"
    told = render_markdown(document_of(figures, agreement, log_head=head))
    assert "\n".join(f"    {line}" for line in head.splitlines()) in told


def test_in_arabic_a_name_in_latin_letters_is_set_apart(tell: Tell, figures: Figures, agreement: Agreement) -> None:
    finding = replace(tell("aa01"), sentence="بحسب SIM Agency Two \u202e(في WIRE)")
    told = markdown(replace(figures, told=(finding,)), agreement, "ar")
    assert "بحسب \u2068SIM Agency Two" in told and "U+202E" in told and "(في \u2068WIRE\u2069)" in told
    assert "\u202e" not in told and told.count("\u2068") == told.count("\u2069") > 5
