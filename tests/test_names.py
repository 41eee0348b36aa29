"""The spellings of one name come down to one, in any script."""

from __future__ import annotations

import json
import unicodedata
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.names import plain_name, skeleton

ONE_NAME = [
    ("Dar'a", "Dar`a", "Dar’a", "Darʿa", "Dar´a", "DARA"),
    ("Dara", "Dara Governorate", "Governorate of Dara", "the Dara Province"),
    ("درعا", "محافظة درعا", "درعـــا", "ﺩﺭﻋﺎ", "\u200fدرعا\u200e", "دِرعا"),
    ("إدلب", "ادلب", "أدلب", "آدلب", "ٱدلب"),
    ("حماة", "حماه", "ﺣﻤﺎﺓ"),
    ("دير الزور", "دير  الزور", "دير\u00a0الزور"),
    ("حلب الكبرى", "حلب الكبري", "حلب الکبری"),
    ("Al-Ḥasakah", "Al Hasakah", "al hasakah", "AL\u2010HASAKAH"),
    ("Донецкая область", "донецкая", "ДОНЕЦКАЯ"),
    ("Straße 5", "STRASSE 5", "strasse ５"),
    ("Donetsk Oblast", "Donetsk", "Donetsk region"),
    ("Deir\u00adaz-Zor", "Deiraz-Zor", "deiraz zor"),
]


@pytest.mark.parametrize("spellings", ONE_NAME, ids=lambda spellings: spellings[0])
def test_the_spellings_of_one_name_come_down_to_one(spellings: tuple[str, ...]) -> None:
    assert len({plain_name(spelling) for spelling in spellings}) == 1


def test_different_names_stay_different() -> None:
    names = ["Daraa", "Damascus", "Rif Dimashq", "درعا", "دمشق", "ريف دمشق", "SY01", "SY02", "Донецк", "Луганск"]
    assert len({plain_name(name) for name in names}) == len(names)


def test_a_name_that_is_nothing_but_an_administrative_word_keeps_it() -> None:
    assert plain_name("Region") == "region"
    assert plain_name("The Province") == "the province"


def test_nothing_is_left_of_what_has_no_letter_and_no_digit() -> None:
    assert [plain_name(name) for name in ("", "  ", "—", "???", "'", "\u200f")] == [""] * 6


@given(st.text(max_size=12))
@settings(max_examples=300)
def test_a_plain_name_is_its_own_plain_name(name: str) -> None:
    plain = plain_name(name)
    assert plain_name(plain) == plain
    assert plain == " ".join(plain.split()) == plain.casefold()


LETTERS = st.characters(codec="utf-8", exclude_characters="ı")  # its capital is that of another letter


@given(st.text(LETTERS, max_size=12))
@settings(max_examples=200)
def test_neither_case_nor_encoding_tells_two_names_apart(name: str) -> None:
    assert plain_name(unicodedata.normalize("NFC", name)) == plain_name(name)
    assert plain_name(unicodedata.normalize("NFD", name)) == plain_name(name)
    assert plain_name(name.upper()) == plain_name(name)


# ---- skeletons -------------------------------------------------------------------------------------------------------

ONE_PLACE = [
    ("Nawa", "نوى", "Нава"),
    ("As-Suwayda", "Sweida", "السويداء", "Al-Suwayda Governorate"),
    ("Quneitra", "al-Qunaytirah", "القنيطرة", "Кунейтра"),
    ("Deir ez-Zor", "Dayr az-Zawr", "دير الزور", "Дейр-эз-Зор"),
    ("Daraa", "Dar'a", "درعا", "محافظة درعا"),
    ("Ath-Thawrah", "Al Thawra", "الثورة"),
    ("Khirbet Ghazaleh", "Kherbet Ghazala", "خربة غزالة"),
]


@pytest.mark.parametrize("spellings", ONE_PLACE, ids=lambda spellings: spellings[0])
def test_spellings_in_several_scripts_share_a_skeleton(spellings: tuple[str, ...]) -> None:
    assert len({skeleton(spelling) for spelling in spellings}) == 1


def test_neighbours_of_like_names_keep_skeletons_of_their_own() -> None:
    assert len({skeleton(name) for name in ("Daraa", "Darayya", "Douma", "Idlib", "Homs", "Hama", "Nawa", "Nubl")}) == 8


@given(st.text(max_size=12))
@settings(max_examples=200)
def test_a_skeleton_knows_neither_case_nor_space_round_a_name(name: str) -> None:
    assert skeleton(f"  {name} ") == skeleton(name)
    assert skeleton(name.lower().upper()) == skeleton(name.upper())
    assert not set(skeleton(name)) & set(" -'`")


def test_most_units_of_a_gazetteer_meet_across_scripts_and_few_collide(data: Path) -> None:
    units = json.loads((data / "open_syria_gazetteer" / "subdistricts.json").read_text("utf-8"))
    skeletons = [(skeleton(unit["name"]["en"]), skeleton(unit["name"]["ar"])) for unit in units]
    assert sum(one == other for one, other in skeletons) > 0.85 * len(units)
    pairs = list(combinations(skeletons, 2))
    assert sum(bool(set(one) & set(other)) for one, other in pairs) < 0.001 * len(pairs)
