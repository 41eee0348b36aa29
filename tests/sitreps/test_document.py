"""The document: sections in the missions' order, by kind of report, and in Arabic no English but what is quoted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from trucewatch.actors import write_pairs
from trucewatch.agreement.terms import Agreement
from trucewatch.problems import WrongCall
from trucewatch.sitreps.blocks import Document, Findings, Paragraph, Table
from trucewatch.sitreps.document import KINDS, document_of
from trucewatch.sitreps.figures import figures as count
from trucewatch.sitreps.material import Correction, Figures, Material, Told
from trucewatch.sitreps.style import Style, Wording
from trucewatch.sources import Source

Claim = Callable[..., dict[str, Any]]
Tell = Callable[..., Told]
NOWHERE: dict[str, Any] = {"lon": None, "lat": None, "radius_m": None}
NUMBERED = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]
WHOLE = [
    "overview", "violations", "civilian-harm", "withdrawal", "special-areas", "freedom-of-movement", "allegations",
    "liaison", "political", "corrections",
]  # fmt: skip


def texts(value: Any) -> Iterator[str]:
    """Return every text of a document, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, tuple | frozenset):
        for each in value:
            yield from texts(each)
    elif is_dataclass(value) and not isinstance(value, type | Told):
        for each in fields(value):
            yield from texts(getattr(value, each.name))


def said(document: Document) -> str:
    return "\n".join(texts(document))


def told_in(document: Document) -> list[str]:
    return [
        told.id
        for section in document.sections
        for block in section.blocks
        if isinstance(block, Findings)
        for told in block.items
    ]


# ---- order and kinds -------------------------------------------------------------------------------------------------


def test_the_sections_stand_in_the_order_that_missions_use(figures: Figures, agreement: Agreement) -> None:
    document = document_of(figures, agreement)
    numbered = [section for section in document.sections if section.number]
    assert [section.number for section in numbered] == NUMBERED
    assert [section.id for section in numbered] == WHOLE
    rest = [section.id for section in document.sections if not section.number]
    assert rest == ["trends", "observations", "map", "open", "refused", "method", "sources"]


@pytest.mark.parametrize("kind", ["daily", "weekly"])
def test_trends_are_for_the_month(kind: str, figures: Figures, agreement: Agreement) -> None:
    ids = {name: {s.id for s in document_of(figures, agreement, kind=name).sections} for name in (kind, "monthly")}
    assert ids["monthly"] - ids[kind] == {"trends"}


def test_a_flash_report_is_its_first_page(figures: Figures, agreement: Agreement) -> None:
    assert [section.id for section in document_of(figures, agreement, kind="flash").sections] == ["overview"]
    one = document_of(figures, agreement, kind="flash", topic="cc03")
    assert told_in(one) == ["cc03"]
    assert figures.not_seen[0] in said(one)


def test_a_thematic_report_tells_and_counts_its_theme_alone(figures: Figures, agreement: Agreement, tell: Tell) -> None:
    other = replace(tell("ee05", "violation", act="presence-of-forces"), clause="C3", zone="suwayda")
    both = replace(figures, told=(*figures.told, other))
    for topic in ("C3", "positions"):
        document = document_of(both, agreement, kind="thematic", topic=topic)
        assert told_in(document) == ["ee05"]
        table = next(block for block in document.sections[0].blocks if isinstance(block, Table))
        assert table.rows == (("With the presumption", "1", "0", "0"),)
        assert "521 of 536" not in said(document)
        assert "was not received" not in said(document)


def test_every_finding_is_told_once_whatever_its_clause(figures: Figures, agreement: Agreement, tell: Tell) -> None:
    told = tuple(replace(tell(f"f{at}"), clause=clause.id) for at, clause in enumerate(agreement.clauses))
    for kind in ("situation", "daily", "weekly", "monthly"):
        document = document_of(replace(figures, told=told), agreement, kind=kind)
        assert sorted(told_in(document)) == [one.id for one in told]


@pytest.mark.parametrize(
    ("kind", "topic", "fault"),
    [
        ("hourly", "", "is no kind of sitrep; one of situation, daily"),
        ("thematic", "", "is about a clause or a node of the act tree"),
        ("thematic", "C9", "'C9' is neither"),
        ("flash", "zz99", "no finding of this period is 'zz99'"),
        ("daily", "C1", "a daily report has no topic"),
    ],
)
def test_a_report_about_nothing_is_refused(
    kind: str, topic: str, fault: str, figures: Figures, agreement: Agreement
) -> None:
    with pytest.raises(WrongCall, match=fault):
        document_of(figures, agreement, kind=kind, topic=topic)


def test_the_same_figures_give_the_same_document(figures: Figures, agreement: Agreement) -> None:
    for kind in set(KINDS) - {"thematic"}:
        for language in ("en", "ar"):
            made = [document_of(figures, agreement, kind=kind, language=language) for _ in range(2)]
            assert made[0] == made[1]


# ---- the mandate and the style sheet ---------------------------------------------------------------------------------


def test_the_mandate_decides_the_words(figures: Figures, agreement: Agreement) -> None:
    may = said(document_of(replace(figures, told=figures.told[:1]), agreement))
    may_not = said(document_of(replace(figures, told=figures.told[:1], may_determine=False), agreement))
    assert "Violation: 1" in may and "Assessed as inconsistent" not in may
    assert "Assessed as inconsistent: 1" in may_not and not re.search("Violation|Ceasefire violations", may_not)
    assert "Ceasefire violations" in may


def test_the_style_sheet_is_on_every_product(figures: Figures, agreement: Agreement) -> None:
    sheet = Style(
        mission={"en": "Joint Centre", "ar": "المركز المشترك"},
        disclaimers=(Wording({"en": "Names imply no opinion.", "ar": "لا تنطوي الأسماء على أي رأي."}),),
        actors={"ru": (Wording({"en": "the Russian Federation"}, frozenset({"public"})),)},
    )
    for kind in set(KINDS) - {"thematic"}:
        english, arabic = (document_of(figures, agreement, sheet, kind, language) for language in ("en", "ar"))
        assert english.disclaimers == ("Names imply no opinion.",)
        assert ("Mission", "Joint Centre") in english.facts and ("البعثة", "المركز المشترك") in arabic.facts
    assert "Guarantors: United States, the Russian Federation and Jordan." in said(
        document_of(figures, agreement, sheet)
    )
    inside = replace(figures, marking="mission")
    assert "Guarantors: United States, Russia and Jordan." in said(document_of(inside, agreement, sheet))


def test_the_log_head_stands_on_it_as_text_and_code(figures: Figures, agreement: Agreement) -> None:
    head = "example.org/release/public\n12\nq1B0bnBhZGRpbmc=\n"
    document = document_of(figures, agreement, log_head=head)
    assert document.log_head == head
    assert document.qr.startswith("<svg") and "path" in document.qr
    assert document.qr != document_of(figures, agreement, log_head=head.replace("12", "13")).qr
    assert document_of(figures, agreement).qr == ""


# ---- in Arabic -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told(claim: Claim, material_of: Callable[..., Material], source: Source) -> Figures:
    """Return the figures of a small mission that has something to say in every section."""
    government, south, insurgents = "Government of Syria", "Southern Front", "Syrian insurgents"
    rows = (
        claim("a", civilians_dead=3),
        claim("b", means="saw", pairs=write_pairs([(government, south)])),
        claim("c", act="presence-of-forces", assertion="presence", pairs=write_pairs([("Hezbollah", "")])),
        claim("d", allegation=True, office="Southern Front", pairs=write_pairs([(government, "civilians")])),
        claim("e", pairs=write_pairs([(insurgents, "IS"), ("IS", insurgents)]), radius_m=90_000.0),
        claim(
            "f", act="movement-denied", records_deaths=False, place_kind="country", lon=None, lat=None, radius_m=None
        ),
        claim("g", act="air-strike", pairs=write_pairs([("", "")]), place_kind="area", area="daraa", geometry=None),
        claim("h", act="property", place_kind="unplaced", **NOWHERE),
        claim("i", pairs=write_pairs([("Government of Syria", "IS")])),
    )
    made = count(material_of(*rows, sources=(source,), withdrawn=1))
    return replace(made, corrections=(Correction(made.told[0].id, made.told[0].sentence, "", "a correction"),))


def quoted(figures: Figures, agreement: Agreement, claim_texts: set[str]) -> set[str]:
    """Return what may stand in English on an Arabic page: what somebody else wrote, and what cites it."""
    held = {source.title for source in agreement.sources.values()} | claim_texts
    for source in figures.sources:
        held |= {source.title, source.citation, source.licence, source.publisher}
    for file in agreement.boundaries:
        held |= {*file.values()}
    held |= {words for words in agreement.title.values()}
    held |= {actor.label for actor in agreement.register.actors.values()}
    # Topics are called what the agreement's folder calls them.
    held |= {words for one in figures.positions for words in (one.topic, *one.hedges, *one.quotes, *one.told)}
    return held | {"a correction"}


def test_no_english_sentence_stands_in_the_arabic_report_but_what_is_quoted(
    told: Figures, agreement: Agreement
) -> None:
    allowed = " | ".join(sorted(quoted(told, agreement, {"Shelling in Daraa", "Daraa town"})))
    for kind in set(KINDS) - {"thematic"}:
        document = replace(document_of(told, agreement, kind=kind, language="ar"), other_titles=())
        english = re.findall(r"[A-Za-z][A-Za-z'’]+(?:[ ,]+[A-Za-z'’]+){2,}", said(document))
        assert [words for words in english if words not in allowed] == []


def test_the_words_of_a_layout_are_arabic_too(told: Figures, agreement: Agreement) -> None:
    document = document_of(told, agreement, language="ar")
    assert document.direction == "rtl"
    assert [
        words for words in document.labels.values() if re.search(r"[A-Za-z]{2}", words.replace("Trucewatch", ""))
    ] == []
    assert [word for word, _ in document.facts if re.search("[A-Za-z]", word)] == []
    titles = [section.title for section in document.sections]
    assert [title for title in titles if re.search("[A-Za-z]", title)] == []


def test_both_languages_tell_the_same_findings_and_numbers(told: Figures, agreement: Agreement) -> None:
    english, arabic = (document_of(told, agreement, language=language) for language in ("en", "ar"))
    assert told_in(english) == told_in(arabic) != []
    for one, other in zip(english.sections, arabic.sections, strict=True):
        assert (one.id, one.number, len(one.blocks)) == (other.id, other.number, len(other.blocks))
        for block, counterpart in zip(one.blocks, other.blocks, strict=True):
            assert type(block) is type(counterpart)
            if isinstance(block, Table) and isinstance(counterpart, Table):
                numbers = [[row[at] for at in sorted(block.numeric)] for row in block.rows]
                if block.look != "areas":
                    assert numbers == [[row[at] for at in sorted(block.numeric)] for row in counterpart.rows]


def test_every_section_says_something_in_a_report_of_nothing(
    material_of: Callable[..., Material], agreement: Agreement
) -> None:
    document = document_of(count(material_of()), agreement)
    assert all(section.blocks for section in document.sections)
    paragraphs = {
        block.text for section in document.sections for block in section.blocks if isinstance(block, Paragraph)
    }
    assert "This mission keeps no liaison log. What the parties answered is not recorded." in paragraphs
    assert any(words.startswith("Where nothing is told of somebody, nobody reports it.") for words in paragraphs)
    assert "No earlier report is corrected." in paragraphs
    assert "No allegation of a party was received in this period." in paragraphs
