"""The page of a sitrep: whole, safe, and readable on paper, on a phone and by ear."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from trucewatch.agreement.terms import Agreement
from trucewatch.problems import Problem
from trucewatch.sitreps.document import document_of
from trucewatch.sitreps.material import AreaRow, Figures, Told
from trucewatch.sitreps.page import css_text, isolated, render_page

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

Tell = Callable[..., Told]
WithTold = Callable[..., Figures]

VOID = {"meta", "link", "br", "img", "input", "hr", "col"}
FETCHING = {"src", "srcset", "data", "poster", "action", "formaction", "background", "ping", "xlink:href"}
ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'></style><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "</title></textarea>&lt;",
)


class Page(HTMLParser):
    """A page as it is parsed: what is open, what is asked for, headings, ids and text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.faults: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "title"):
            self.text.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def said(self) -> str:
        return " ".join(" ".join(self.text).split())


def written_of(figures: Figures, agreement: Agreement, language: str = "en") -> str:
    return render_page(document_of(figures, agreement, language=language))


@pytest.fixture
def written(figures: Figures, agreement: Agreement) -> str:
    return written_of(figures, agreement)


@pytest.fixture
def page(written: str) -> Page:
    return Page(written)


# ---- form ------------------------------------------------------------------------------------------------------------


def test_every_tag_is_closed_in_its_order(page: Page) -> None:
    assert page.faults == []
    assert page.open == []


def test_the_same_figures_give_the_same_bytes(written: str, figures: Figures, agreement: Agreement) -> None:
    assert written_of(figures, agreement) == written


def test_it_asks_for_nothing(page: Page, written: str) -> None:
    assert page.named("script") == [] and page.named("img") == [] and page.named("iframe") == []
    assert [attrs for _, attrs in page.tags if FETCHING & set(attrs)] == []
    assert [attrs for attrs in page.named("a") if not str(attrs["href"]).startswith("#")] == []
    assert [attrs["href"] for attrs in page.named("link")] == ["data:,"]
    assert not re.search(r"https?://|//[a-z]|@import|url\((?!#)", written)
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]


def test_its_policy_lets_nothing_in(page: Page) -> None:
    policy = next(a["content"] for a in page.named("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert str(policy).startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")


def test_every_link_leads_somewhere_and_no_id_stands_twice(page: Page) -> None:
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {str(attrs["href"])[1:] for attrs in page.named("a")} <= set(ids)
    labelled = [label for _, attrs in page.tags for label in str(attrs.get("aria-labelledby") or "").split()]
    assert set(labelled) <= set(ids)


def test_it_has_landmarks_a_language_and_headings_in_order(page: Page) -> None:
    assert [attrs["lang"] for attrs in page.named("html")] == ["en"]
    assert [len(page.named(tag)) for tag in ("header", "main", "nav", "footer", "h1")] == [1, 1, 1, 1, 1]
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert [pair for pair in pairwise(levels) if pair[1] > pair[0] + 1] == []


def test_every_table_is_named_and_every_head_has_its_scope(page: Page) -> None:
    assert len(page.named("table")) == len(page.named("caption")) > 5
    assert [attrs for attrs in page.named("th") if "scope" not in attrs] == []


def test_every_drawing_is_named_or_hidden(page: Page) -> None:
    drawings = page.named("svg")
    assert len(drawings) == 6
    assert [d for d in drawings if "aria-labelledby" not in d and d.get("aria-hidden") != "true"] == []


def ratio(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.2, relative luminance)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_text_can_be_read_in_both_schemes(written: str) -> None:
    blocks = re.findall(r":root \{([^}]*--paper[^}]*)\}", written)
    schemes = [dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", block)) for block in blocks]
    assert len(schemes) >= 2
    for colours in schemes[:2]:
        grounds = [colours[name] for name in ("paper", "wash", "grey")]
        assert all(ratio(colours[ink], ground) >= 4.5 for ink in ("ink", "soft", "accent") for ground in grounds)


# ---- content ---------------------------------------------------------------------------------------------------------


def test_page_one_comes_in_its_order(page: Page) -> None:
    order = [
        "PUBLIC",
        "Ceasefire in south-west Syria",
        "1 to 30 June 2018",
        "None chosen: every contested value stays open",
        "First sentence. Second sentence. Third sentence.",
        "With the presumption 1 1 2",
        "Without it (reading “strict”) 0 1 3",
        "1 of the 1 finding of violation rests on the presumption",
        "5 civilians reported dead in 2 incidents",
        "521 of 536 rest on SOHR alone; 532 cite it.",
        "was not received",
        "What could not be seen No source says when nothing was observed.",
        "Contents",
        "Not drawn: 1 placed in a country only.",
    ]
    places = [page.said.index(words) for words in order[:-1]]
    assert places == sorted(places)
    assert page.said.index(order[-1]) < page.said.index("Contents")


def test_every_finding_is_there_with_its_chain(page: Page, figures: Figures) -> None:
    ids = {attrs.get("id") for attrs in page.named("li")}
    assert {f"f-{told.id}" for told in figures.told} <= ids
    for told in figures.told:
        assert told.sentence in page.said
    chain = (
        "Report UCDP 259726, events.csv:17; SOHR; open source, source grade B In its words Clashes continue in the "
        "countryside"
    )
    assert page.said.count(chain) == len(figures.told)
    assert page.said.count("Tests when: yes, where: unknown, in scope: yes") == len(figures.told)
    assert page.said.count("Share of the place inside 63 %") == len(figures.told)
    assert page.said.count("Would settle it where; or end and who") == 2


def test_a_duty_that_fell_due_is_told_without_reports_or_a_place(
    tell: Tell, with_told: WithTold, agreement: Agreement
) -> None:
    nowhere = dict.fromkeys(("incident", "lon", "lat", "radius_m", "place_name"))
    due = replace(tell("ff06", **nowhere, place_kind="unplaced"), chain=(), share_inside=None, origins="0 reports")
    said = Page(written_of(with_told(due), agreement)).said
    assert "0 reports Tests" in said
    assert "0 incidents drawn, at 0 places. None is left out." in said


def test_findings_are_grouped_by_clause_outcome_and_local_month(
    tell: Tell, with_told: WithTold, agreement: Agreement
) -> None:
    late = replace(tell("ee05", "violation"), earliest=datetime(2018, 6, 30, 22, tzinfo=UTC))
    said = Page(written_of(with_told(tell("aa01", "violation"), late), agreement)).said
    assert "Violation: 2 June 2018 · 1 finding" in said
    assert "July 2018 · 1 finding" in said
    assert said.count("No finding in this period.") == len(agreement.clauses) - 1


def test_cells_tell_what_was_watched(page: Page) -> None:
    cells = [attrs.get("class") for attrs in page.named("td") if attrs.get("class") not in (None, "n")]
    assert cells.count("counts") == 1
    assert cells.count("partly-seen") == 1
    assert cells.count("not-observed") == 5 * len(("C1", "C2", "C3", "C4")) - 2
    assert "1 violation 1 outside scope 2 undetermined" in page.said
    assert "This is not calm." in page.said


def test_clauses_stand_beside_their_words(page: Page, agreement: Agreement) -> None:
    for clause in agreement.clauses:
        assert f"{clause.id} {clause.says['en']}" in page.said


def test_hypothetical_demands_are_left_out(written: str, agreement: Agreement) -> None:
    assert agreement.hypothetical
    assert [clause.id for clause in agreement.hypothetical if clause.id in written] == []
    assert "israel-wish" in "".join(agreement.terms)
    assert "wish" not in written


def test_a_named_area_stands_behind_the_zone_it_is_part_of(page: Page) -> None:
    assert re.search(r"Quneitra 0 0 0 of which Area of separation 0 0 0 As Suwayda", page.said)
    assert "Area of separation (part of Quneitra)" in page.said


def test_the_period_before_stands_beneath_where_it_was_received(figures: Figures, agreement: Agreement) -> None:
    now, before = ({"violation": n, "outside_scope": 0, "undetermined": n} for n in (7, 4))
    rows = (AreaRow("daraa", "Daraa", now, before), AreaRow("suwayda", "As Suwayda", now, None))
    said = Page(written_of(replace(figures, areas=rows), agreement)).said
    assert "Daraa 7 before: 4 0 before: 0 7 before: 4 As Suwayda 7 before: not received" in said
    assert "the period before: 2 to 31 May 2018" in said


def test_before_and_after_claim_no_cause(page: Page) -> None:
    assert "A – B 73 9 C 0 2 In all 83 15" in page.said
    assert "no claim is made that the agreement caused any difference" in page.said


def test_the_months_are_drawn_and_written(page: Page, written: str) -> None:
    assert "May 2018 20 June 2018 77" in page.said
    bars = re.findall(r'<rect x="[\d.]+" y="[\d.]+" width="[\d.]+" height="([\d.]+)"', written)
    heights = [float(high) for high in bars]
    assert heights[0] / heights[1] == pytest.approx(20 / 77, rel=0.01)


def test_many_months_are_marked_by_year_alone(figures: Figures, agreement: Agreement) -> None:
    months = {f"{2016 + at // 12}-{at % 12 + 1:02d}": at for at in range(47)}
    written = written_of(replace(figures, by_month=months), agreement)
    assert written.count('<text class="value"') == 0
    assert re.findall(r">(20\d\d)</text>", written) == ["2016", "2017", "2018", "2019"]
    assert ">in force, 9 July 2017</text>" in written


def test_open_cases_are_counted_by_what_would_settle_them(page: Page) -> None:
    assert "2 findings are undetermined because something is not known" in page.said
    assert "where exactly it happened 2 2" in page.said  # settles alone, is missing in
    assert "who acted and against whom 0 2" in page.said
    assert re.search(r"where; or end and who 3 June 2018, Daraa town, within 3 km of a point .* 2", page.said)


def test_rows_refused_are_grouped_and_cut_short(figures: Figures, agreement: Agreement) -> None:
    many = tuple(Problem("events.csv", line, "bad-date", "is no date") for line in range(1, 61))
    said = Page(written_of(replace(figures, problems=many), agreement)).said
    assert "bad-date: 60 The first 50 of 60." in said
    assert "events.csv:50 is no date" in said and "events.csv:51" not in said


def test_sources_and_boundaries_are_cited(page: Page) -> None:
    assert "Uppsala Conflict Data Program" in page.said
    assert "Licence: CC BY 4.0, as others record it" in page.said
    assert "Natural Earth, 1:10m" in page.said
    assert "not authoritative: no base map decides a line" in page.said


def test_contested_terms_stand_with_who_says_so(page: Page) -> None:
    assert "start 9 July 2017, 12:00 TASS, on the start at noon, Damascus time" in page.said
    assert "area Daraa, Quneitra and As Suwayda Sputnik" in page.said


def test_a_simulation_says_so_on_every_page(figures: Figures, agreement: Agreement) -> None:
    written = written_of(replace(figures, is_simulation=True), agreement)
    said = Page(written).said
    assert said.index("SIMULATION Invented reports of invented events.") < said.index("Situation report")
    assert '<div class="running" aria-hidden="true">SIMULATION · PUBLIC</div>' in written
    assert f"@top-center {{ content: {css_text('SIMULATION · PUBLIC')};" in written


def test_the_marking_runs_on_every_printed_page(written: str) -> None:
    assert '@top-center { content: "PUBLIC";' in written


def test_it_bears_having_nothing_to_say(figures: Figures, agreement: Agreement) -> None:
    bare = replace(
        figures, told=(), windows=(), by_month={}, problems=(), sources=(), concentration=None, strict_counts=None,
        areas=(), not_seen=(), matrix={}, civilian_harm={"incidents": 0, "civilians_dead": 0}, presumed=0,
        counts={"violation": 0, "outside_scope": 0, "undetermined": 0},
    )  # fmt: skip
    page = Page(written_of(bare, replace(agreement, zones={}, folder=Path("nowhere"), terms={})))
    assert page.faults == [] and page.open == []
    for words in ("so there is no map", "No report names who told it.", "No finding of this period is undetermined."):
        assert words in page.said


def test_a_reading_is_named(figures: Figures, agreement: Agreement) -> None:
    assert (
        "Reading “russia”, as Russia reads it" in Page(written_of(replace(figures, reading="russia"), agreement)).said
    )


# ---- what comes from outside -----------------------------------------------------------------------------------------


def attacked(attack: str, figures: Figures, agreement: Agreement, tell: Tell) -> tuple[Figures, Agreement]:
    """Return a sitrep and an agreement that say an attack wherever something from outside is said."""
    told = replace(
        tell(
            "aa01",
            "undetermined",
            {"office": attack, "text": attack, "file": attack, "record": attack, "cites": None, "means": attack},
            place_name=attack,
        ),
        sentence=attack, where=attack, responsibility=attack, settled_by=(attack,), origins=attack, when=attack,
    )  # fmt: skip
    source = replace(figures.sources[0], title=attack, citation=attack, licence=attack, publisher=attack)
    attacked_figures = replace(
        figures, told=(told,), sources=(source,), title=attack, marking=attack, assessment=(attack,), cut_off=attack,
        not_seen=(attack,), problems=(Problem(attack, 1, attack, attack, attack),), zones=(("daraa", attack),),
        areas=(AreaRow("daraa", attack, figures.counts, None),), reading=attack,
        windows=(replace(figures.windows[0], dyads=((attack, 1, 1),)),),
    )  # fmt: skip
    clause = replace(agreement.clauses[0], says={"en": attack})
    return attacked_figures, replace(agreement, clauses=(clause,), title={"en": attack, "ar": attack})


@pytest.mark.parametrize("attack", ATTACKS)
def test_text_from_outside_stays_text(attack: str, figures: Figures, agreement: Agreement, tell: Tell) -> None:
    written = written_of(*attacked(attack, figures, agreement, tell))
    page = Page(written)
    assert page.faults == [] and page.open == []
    assert page.named("script") == [] and page.named("img") == []
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert len(page.named("svg")) == 6
    assert page.said.count(" ".join(attack.split())) > 15
    assert re.findall(r"</style>", written) == ["</style>"]


def test_in_arabic_all_that_runs_the_other_way_is_set_apart(figures: Figures, agreement: Agreement) -> None:
    page = Page(written_of(figures, agreement, "ar"))
    assert page.faults == [] and page.open == []
    assert [(attrs["lang"], attrs["dir"]) for attrs in page.named("html")] == [("ar", "rtl")]
    assert {attrs.get("dir") for attrs in page.named("bdi")} <= {"ltr", None}
    body = re.sub(
        r"(?s)<(style|svg|title|pre|q|bdi|summary|span lang|header)\b.*?</\1>", "", written_of(figures, agreement, "ar")
    )
    loose = re.findall(r">[^<]*[\u0600-\u06ff][^<]*<", body)
    assert [text for text in loose if re.search(r"[A-Za-z]", text.replace("U+", ""))] == []


def test_the_style_sheet_knows_no_left_and_no_right_but_on_paper(figures: Figures, agreement: Agreement) -> None:
    for language in ("en", "ar"):
        sheet = written_of(figures, agreement, language).partition("<style>")[2].partition("</style>")[0]
        on_screen = re.sub(r"@page \{.*?\n\}", "", sheet, flags=re.DOTALL)
        assert not re.search(r"\b(left|right)\b", on_screen)
        assert not re.search(r"(padding|margin|border)-(top|bottom)", on_screen)


def test_characters_that_turn_or_hide_text_are_shown(figures: Figures, agreement: Agreement, tell: Tell) -> None:
    attack = "safe \u202enoitaloiv\u2066 \x00\x1b\ud800 end"
    written = written_of(*attacked(attack, figures, agreement, tell))
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", written)
    assert "safe [U+202E]noitaloiv[U+2066] \ufffd\ufffd\ufffd end" in written
    written.encode()


def test_names_in_any_script_stand_apart(figures: Figures, agreement: Agreement, tell: Tell) -> None:
    attack = "شبكة شام: 12 قذيفة, (Даръа) בית"
    written = written_of(*attacked(attack, figures, agreement, tell))
    assert "<bdi>شبكة شام</bdi>: 12 <bdi>قذيفة</bdi>, (Даръа) <bdi>בית</bdi>" in written
    assert f'<q dir="auto">{attack}</q>' in written


def test_isolated_wraps_runs_of_right_to_left_script_only() -> None:
    assert isolated("a <b> درعا البلد c") == "a &lt;b&gt; <bdi>درعا البلد</bdi> c"
    assert isolated("") == ""


def test_css_text_cannot_leave_its_string() -> None:
    assert css_text('x"; } </style>\n') == (
        '"x\\000022\\00003B\\000020\\00007D\\000020\\00003C\\00002Fstyle\\00003E\\00000A"'
    )


# ---- size ------------------------------------------------------------------------------------------------------------


def test_nine_hundred_findings_stay_light(tell: Tell, with_told: WithTold, agreement: Agreement) -> None:
    words = "Use of weapons, as reported. " * 15
    many = [replace(tell(f"{at:016x}", lon=36.0 + at / 1000), sentence=words) for at in range(900)]
    assert len(written_of(with_told(*many), agreement).encode()) < 2_500_000


# ---- in a browser ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Chrome]:
    from selenium import webdriver

    driver = shutil.which("chromedriver")
    if driver is None:
        pytest.skip("needs ChromeDriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for switch in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage"):
        options.add_argument(switch)
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield opened
    opened.quit()


def show(browser: Chrome, path: Path, width: int, scheme: str) -> None:
    """Open a page as a screen of some width shows it, with everything that can be opened open."""
    screen = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.get(path.as_uri())
    browser.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")


@pytest.mark.chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("attack", ["", "x" * 300, "قذيفة " * 40])
def test_it_fits_every_screen_and_asks_for_nothing(
    browser: Chrome, tmp_path: Path, width: int, scheme: str, attack: str, language: str,
    figures: Figures, agreement: Agreement, tell: Tell,
) -> None:  # fmt: skip
    path = tmp_path / "sitrep.html"
    shown = attacked(attack, figures, agreement, tell) if attack else (figures, agreement)
    path.write_text(written_of(*shown, language), encoding="utf-8")
    show(browser, path, width, scheme)
    assert browser.execute_script("return innerWidth") == width
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (sum(int(part) for part in re.findall(r"\d+", ground)[:3]) < 384) == (scheme == "dark")


@pytest.mark.chromium
@pytest.mark.parametrize("language", ["en", "ar"])
def test_page_one_is_the_first_printed_page(
    browser: Chrome, tmp_path: Path, language: str, figures: Figures, agreement: Agreement
) -> None:
    path = tmp_path / "sitrep.html"
    head = f"centre.example/release/public\n12\n{'q1B0bnBh' * 5}=\n\n— centre.example {'Az3grlgt' * 12}\n"
    path.write_text(render_page(document_of(figures, agreement, language=language, log_head=head)), encoding="utf-8")
    show(browser, path, 718, "light")  # A4 less its margins, in CSS pixels
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    bottom = browser.execute_script("return document.querySelector('.page-one').getBoundingClientRect().bottom")
    assert bottom < (297 - 17 - 16) / 25.4 * 96
