"""Faces: a face that draws every language of the sitreps, and what it cannot draw is named and not left out."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from typst import Compiler, Fonts, TypstError

from trucewatch.sitreps.faces import FAMILY, drawn, faces

PAGE = b"""#set document(title: "x", date: none)
#set text(font: "FiraGO", fallback: false, lang: "en")
= x
#sys.inputs.text
#strong(sys.inputs.text)
"""


@pytest.fixture(scope="module")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Fonts:
    folder = tmp_path_factory.mktemp("faces")
    for name, font in faces().items():
        (folder / name).write_bytes(font)
    return Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)])


def set_in(fonts: Fonts, text: str) -> bytes:
    made = Compiler(PAGE, None, fonts, sys_inputs={"text": text}).compile(format="pdf", pdf_standards=["ua-1"])
    assert isinstance(made, bytes)
    return made


def test_both_weights_are_of_one_family(fonts: Fonts) -> None:
    assert {(font.family, font.weight) for font in fonts.fonts()} == {(FAMILY, 400), (FAMILY, 700)}


@pytest.mark.parametrize(
    "text",
    [
        "Ceasefire in south-west Syria",
        "وقف إطلاق النار في جنوب غرب سوريا",
        "Прекращение огня",
        "הפסקת אש",
        "36° 12 – “a”…",
    ],
)
def test_what_a_sitrep_says_is_drawn_as_it_is(fonts: Fonts, text: str) -> None:
    assert drawn(text) == text
    set_in(fonts, text)


@pytest.mark.parametrize("text", ["💥", "中", "\x00", "\ufffd", "\ue000", "ကာ"])
def test_a_character_that_no_glyph_stands_for_is_named(fonts: Fonts, text: str) -> None:
    with pytest.raises(TypstError):  # the typesetter would not have it
        set_in(fonts, text)
    told = drawn(f"near {text}.")
    assert told.startswith("near ") and (f"[U+{ord(text[0]):04X}]" in told or "?" in told)
    assert PdfReader(io.BytesIO(set_in(fonts, told))).pages


def test_a_space_of_any_width_is_a_space() -> None:
    assert drawn("7\u202fpm\u2009,\u3000so") == "7 pm , so"


@given(st.lists(st.text(max_size=40), min_size=40, max_size=40))
def test_every_text_can_be_set(fonts: Fonts, texts: list[str]) -> None:
    set_in(fonts, "\n".join(map(drawn, texts)))


@given(st.text())
def test_what_is_drawn_stays_as_it_is(text: str) -> None:
    assert drawn(drawn(text)) == drawn(text)
