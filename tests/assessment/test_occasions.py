"""Occasions: each has a name of its own, the same whenever it is judged again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trucewatch.assessment.occasions import finding_id

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x1f"), max_size=8)


@given(st.tuples(WORDS, WORDS, WORDS), st.tuples(WORDS, WORDS, WORDS))
def test_findings_share_an_id_only_where_they_are_one(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assert (finding_id(*one) == finding_id(*other)) == (one == other)
