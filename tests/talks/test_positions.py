"""Positions: each party's, topic by topic, with nothing in a cell of which nobody tells."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trucewatch.talks.positions import Position, Stance, matrix, of_party, on_clause

PARTIES = st.sampled_from(["reds", "blues", "greens"])
POSITIONS = st.lists(
    st.builds(
        Position,
        of=PARTIES,
        stance=st.sampled_from(list(Stance)),
        topic=st.sampled_from(["guns", "roads"]),
        clause=st.sampled_from(["", "C1", "D1"]),
        shared_with=st.lists(PARTIES, unique=True, max_size=2).map(tuple),
        rests_on=st.just(("said",)),
    ),
    max_size=8,
)


@given(POSITIONS)
def test_the_matrix_holds_every_position_of_every_party_and_nothing_else(held: list[Position]) -> None:
    found = [(party, topic, one) for party, row in matrix(held).items() for topic, cell in row.items() for one in cell]
    assert all(party in one.parties and one.topic == topic for party, topic, one in found)
    assert len(found) == sum(len(one.parties) for one in held)
    assert all(cell for row in matrix(held).values() for cell in row.values())


@given(POSITIONS)
def test_those_of_a_party_and_those_on_a_clause_are_picked_out_in_order(held: list[Position]) -> None:
    assert on_clause(held, "D1") == tuple(one for one in held if one.clause == "D1")
    assert all("reds" in one.parties for one in of_party(held, "reds"))
    assert len(of_party(held, "reds")) == sum(one.of == "reds" or "reds" in one.shared_with for one in held)


def test_a_stance_is_written_as_a_sentence_has_it() -> None:
    assert [stance.words for stance in Stance] == [
        "accepts", "has a reservation on", "objects to", "demands", "sets a condition on", "doubts", "distrusts",
        "shares an interest in",
    ]  # fmt: skip
