"""Wordings: runs of five words, the same in every spelling, with what is quoted apart."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trucewatch.wordings import GRAM_WORDS, own_words, plain_word, quoted_words

WORDS = st.lists(st.sampled_from(["nawa", "shell", "fell", "at", "dawn", "قصف", "نوى"]), max_size=14)
STATEMENT = "we will not leave this town"


def own(*texts: str | None) -> list[list[int]]:
    worded = own_words(pl.Series(texts, dtype=pl.String))
    return [worded.grams[a:b].tolist() for a, b in zip(worded.starts, worded.starts[1:], strict=False)]


def quoted(text: str) -> list[int]:
    return list(quoted_words(pl.Series([text])).grams.tolist())


@given(WORDS)
def test_a_text_has_a_run_of_five_from_each_word_but_the_last_four(words: list[str]) -> None:
    (grams,) = own(" ".join(words))
    assert len(grams) == max(len(words) - GRAM_WORDS + 1, 0)
    runs = [tuple(words[at : at + GRAM_WORDS]) for at in range(len(grams))]
    assert len(set(grams)) == len(set(runs))
    assert [grams.index(gram) for gram in grams] == [runs.index(run) for run in runs]


@given(st.lists(WORDS, max_size=5))
def test_texts_stay_apart(texts: list[list[str]]) -> None:
    assert own(*(" ".join(words) for words in texts)) == [own(" ".join(words))[0] for words in texts]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Shells fell on Nawa at dawn", "SHELLS FELL, on  Nawa: at\ndawn."),
        ("a café near the bridge road", "a cafe near the bridge road"),
        ("Dara’a was hit by two shells", "Daraa was hit by two shells"),
        ("شُقَّةٌ كبيرة في مدينة درعا", "شقه كبيره في مدينه درعا"),
        ("سقطت ٣ قذائف على نوى", "سقطت 3 قذائف على نوى"),
        ("it fell - at dawn - on Nawa", "it fell at dawn on Nawa"),
    ],
)
def test_spellings_of_one_wording_are_one(one: str, other: str) -> None:
    assert own(one)[0] == own(other)[0] != []


@pytest.mark.parametrize(
    "marks", ['"{}"', "“{}”", "”{}“", "„{}“", "«{}»", "‘{}’", "'{}'", "« {} »", '"{}, never"'], ids=str
)
def test_what_is_quoted_is_nobodys_own_words(marks: str) -> None:
    said = marks.format(STATEMENT)
    assert own(f"The elder said {said} on Friday") == [[]]
    assert quoted(f"The elder said {said} on Friday")[:2] == own(STATEMENT)[0]
    # What stands on both sides of it does not grow together.
    assert own(f"He told the paper {said} and then he left")[0] == []


@pytest.mark.parametrize("text", ['The "truce" held in most of the town', "The ‘truce’ held in most of the town"])
def test_a_word_held_at_arms_length_is_no_quotation(text: str) -> None:
    assert own(text)[0] == own("The truce held in most of the town")[0]
    assert quoted(text) == []


def test_an_apostrophe_opens_no_quotation() -> None:
    text = "The villagers' wells near Dar'a weren't hit, the mayor's office told the monitors' team"
    assert quoted(text) == []
    assert len(own(text)[0]) == len(text.split()) - GRAM_WORDS + 1


def test_marks_pair_within_a_paragraph() -> None:
    assert own('He shouted "stop.\nThe shells fell on the town" she wrote.')[0] != []


def test_the_hash_of_a_wording_is_fixed() -> None:
    assert own("shells fell on the town") == [[3291836143665897600]]
    assert own(None, "", "four words are short") == [[], [], []]


@given(st.text(max_size=12))
def test_a_plain_word_is_plain_already(word: str) -> None:
    plain = plain_word(word)
    assert plain_word(plain) == plain
