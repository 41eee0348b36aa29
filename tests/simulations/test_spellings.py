"""Names of villages, as houses write them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trucewatch.simulations.spellings import HOUSES, invent_name, respell
from trucewatch.simulations.truths import Dice


@given(st.integers(0, 2**32))
def test_an_invented_name_is_marked_in_both_scripts(seed: int) -> None:
    arabic, *written = invent_name(Dice(seed, "names"))
    assert arabic.startswith("سيم-")
    assert not any(letter.isascii() and letter.isalpha() for letter in arabic)
    assert len(written) == len(HOUSES)
    assert all(name.startswith("SIM-") for name in written)


def test_houses_differ_over_many_a_name() -> None:
    dice = Dice(1, "names")
    names = [invent_name(dice) for _ in range(200)]
    assert sum(len(set(name[1:])) > 1 for name in names) > 150
    assert len({name[0] for name in names}) > 190


def test_a_real_name_is_respelled_and_never_given_a_script_of_its_own() -> None:
    assert respell("Ash Shaykh Miskin town", "survey") == "Ash Shaykh Miskin"
    spelled = {respell("Ash Shaykh Miskin town", house) for house in HOUSES}
    assert len(spelled) > 1
    assert all(name.isascii() for name in spelled)
