"""Cases: each fact of the case file is printed with its chain, voice and bounds, and questions are answered from it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.agreement.terms import Agreement
from trucewatch.levels import Level
from trucewatch.problems import WrongCall
from trucewatch.shipped import open_agreement
from trucewatch.talks.attribution import Repeat
from trucewatch.talks.cases import as_data, ask, in_words
from trucewatch.talks.statements import Talks, open_talks

MONITOR = "Middle East Monitor"


@pytest.fixture(scope="module")
def law() -> Agreement:
    return open_agreement("south-syria-2017")


@pytest.fixture(scope="module")
def talks(law: Agreement) -> Talks:
    return open_talks(law).seen_by(Level.MISSION)


@pytest.fixture(scope="module")
def printed(talks: Talks) -> list[str]:
    """Return what is printed of each fact, joined to one text."""
    text = "\n".join(in_words(talks))
    parts = re.split(r"^(\d+)\. ", text.partition("\nWhat else is told")[0], flags=re.M)
    assert [int(number) for number in parts[1::2]] == list(range(1, len(parts) // 2 + 1))
    return parts[2::2]


# ---- the thirteen facts, from a table of our own: what each says, and on whose word in the text ----------------------


@dataclass(frozen=True)
class Row:
    """A row of the case file's first table, as somebody who has only that file would write it down."""

    says: tuple[str, ...]
    words: tuple[str, ...]  # on whose word, and in what voice
    not_said: tuple[str, ...] = ()


FACTS = {
    1: Row(
        ("Israel, Russia", "series of secret meetings", "Amman and a European capital", "before the announcement",
         "1 to 7 July 2017"),
        (f"{MONITOR} < New Khalij < an Israeli newspaper (no name): attributed",
         f"{MONITOR} < Haaretz < Israeli officials (no names; at least 2) and Western diplomats (no names; at least 2)",
         "independent origins: at least 1"),
    ),
    2: Row(
        ("enior diplomats and security officials", "Michael Ratney", "Brett McGurk", "foreign and defence ministries",
         "Mossad", "Alexander Lavrentiev", '"Lafrentiev"', "the White House envoy for the Global Coalition"),
        (f"{MONITOR} < Haaretz: attributed", f"{MONITOR}: no attribution"),
    ),
    3: Row(("In Amman", "Jordanian officials"), (f"{MONITOR}: no attribution",), ("attributed",)),
    4: Row(
        ("third meeting, in Europe", "higher level", "Jordan's capital", "capital: at least 2"),
        (f"{MONITOR}: no attribution",),
        (": attributed",),
    ),
    5: Row(
        ("apparently opposed", "de-escalation memorandum", "according to Tel Aviv", "curbing Iranian influence"),
        (f"{MONITOR} < Israel: attributed", 'hedged "apparently"'),
    ),
    6: Row(
        ("protested against the failure of the Russian-American agreement with Hezbollah and the Iranian factions",),
        (f"{MONITOR}: no attribution, in the words",),
    ),
    7: Row(
        ("withdrawal of Hezbollah fighters", "Iranian Revolutionary Guards", "Shia militia groups", '"from Syria"'),
        (f"{MONITOR}: no attribution",),
    ),
    8: Row(("Hamburg", "Sergey Lavrov announced", "ceasefire in southern Syria"), ("the outlet's own voice",)),
    9: Row(
        ("direct telephone calls at any time", "Israeli military bases in the occupied Golan", "Russian bases in"),
        ("the outlet's own voice",),
    ),
    10: Row(
        ("does not trust the Russian leadership", "agreements with Iran on matters of control of the land",
         "keeping Bashar al-Assad in power"),
        ("the outlet's own voice",),
    ),
    11: Row(
        ("Daraa", "Suwayda (Jabal al-Arab)", "adjacent to the occupied Golan Heights", "Quneitra is not named"),
        ('"it is known that"',),
    ),
    12: Row(
        ("several allies", "Golan Knights",
         "with different names, which claim to be subordinates of the Free Syrian Army", "described as Druze",
         "none calls it Druze", "unclear"),
        ("the outlet's own voice",),
    ),
    13: Row(
        ('"South Syrian Army"', '"South Lebanon Army" that it set up and financed'), ('hedged "believes"', "a belief")
    ),
}  # fmt: skip


def test_there_are_thirteen(printed: list[str]) -> None:
    assert len(printed) == len(FACTS) == 13


@pytest.mark.parametrize("number", FACTS)
def test_a_fact_is_printed_as_it_was_reported(number: int, printed: list[str]) -> None:
    row, text = FACTS[number], printed[number - 1]
    assert [words for words in (*row.says, *row.words) if words not in text] == []
    assert [words for words in row.not_said if words in text] == []
    assert "independent origins: " in text


def test_what_carries_no_attribution_inherits_none(talks: Talks) -> None:
    told = {number: [way for way in fact.told if way.on] for number, fact in enumerate(talks.facts, 1)}
    assert [number for number, ways in told.items() if ways] == [1, 2, 5]


# ---- what else the case file states ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "source"),
    [
        ("guaranteed by Russia, Iran and Turkey", "Memorandum on the creation"),
        ("the fight against DAESH and Nusra goes on", "Memorandum on the creation"),
        ("in force the same day", "TASS"),
        ("in force the day after signing", "Interfax"),
        ("ban holds from 6 May", "Memorandum on the creation"),
        ("within two weeks", "Sputnik"),
        ("within 10 days", "TASS"),
        ("by 27 May", "TASS"),
        ("by 4 June", "TASS"),
        ("trilateral memorandum whose text is confidential, with a detailed line of contact, unpublished", "Reports"),
        ("affected but no party", "Reports"),
        ("at work from 23 August 2017", "TASS < Ministry of Defence of Russia"),
        ("satellite and drone images and observers", "< Jordanian official (no names; 1)"),
        ("Russian military police", "< Sergey Lavrov"),
        ("Israel objected", "A report"),
        ("reduction and ultimate elimination of foreign forces", "Reports of the Memorandum of Principles"),
        ("as meaning Iran's forces", "Reports of the Memorandum of Principles"),
        ("Russia and Syria do not read it so", "Reports of the Memorandum of Principles"),
        ("10 Russian monitoring points and 2 search points", "Asharq al-Awsat"),
        ("25 km from the Jordanian border", "Asharq al-Awsat"),
        ("5 to 30 km by position", "BICOM < US official"),
        ("50 to 60 km", "Report that Israel wished"),
        ("almost 60 km, east of the Damascus-Daraa road", "Amos Harel"),
        ("offensive began on 19 June 2018", "Crisis24"),
        ("23 to 24 June 2018", "The National"),
        ("as obstructed", "Sputnik < Sergey Lavrov"),
        ("interim deal", "Crisis24"),
        ("is suspended", "Russia"),
        ("10 to 12 times a day", "Reuters"),
        ("separate meeting of Israel, the United States and Jordan the same day", "Haaretz"),
        ("higher-ranking", "Haaretz < senior Israeli official (no names; 1)"),
        ("Jubata al-Khashab", "A third source"),
    ],
)
def test_what_else_is_told_stands_with_its_source(words: str, source: str, talks: Talks) -> None:
    told = [line for line in in_words(talks) if line.startswith(("- ", "   "))]
    at = [
        number for number, line in enumerate(told) if words in line and not line.lstrip().startswith(("but:", "note:"))
    ]
    after = [line for number in at for line in told[number : number + 6]]
    assert any(f"on the word of {source}" in line or (source.startswith("<") and source in line) for line in after)


def test_the_three_channels_are_three_and_none_is_the_mechanism(talks: Talks) -> None:
    told = as_data(talks)["channels"]
    assert [channel["id"] for channel in told] == ["bases", "air-safety", "amman-centre-line"]
    assert [channel["mechanism_shown"] for channel in told] == [False, False, False]
    air = told[1]
    assert [state["state"] for state in air["states"]] == ["suspended", "in-use"] and air["statements_differ"]
    assert (
        "statements: differ; all are kept; mechanism of this ceasefire: not shown." in ask(talks, "air-safety").sentence
    )


# ---- the root and its echoes -----------------------------------------------------------------------------------------


def test_the_drift_of_the_echoes_is_listed(talks: Talks) -> None:
    (echoes,) = as_data(talks)["echoes"]
    assert echoes["root"] == "haaretz-2017-08"
    assert echoes["repeated_by"] == ["memo-2017-08-09", "the-new-arab", "news-front", "newsweek"]
    assert [(one["by"], one["respect"], one["change"], one["now"]) for one in echoes["differences"]] == [
        ("memo-2017-08-09", "Jordan", "changed", "among those who attended in Amman"),
        ("memo-2017-08-09", "level", "attribution lost", "nobody"),
        ("the-new-arab", "sources", "changed", "Russian diplomats"),
        ("news-front", "sources", "changed", "European politicians"),
        ("newsweek", "meetings", "shrank", "2"),
    ]


# ---- questions -------------------------------------------------------------------------------------------------------

THIRD = (
    "level: higher than Amman (1 report); delegations: not stated for this meeting; unnamed persons: at least 2 "
    "Israeli officials and 2 Western diplomats for the series; independent origins: at least 1; echoes: 4, with 3 "
    "differences."
)


@pytest.mark.parametrize(
    "question",
    ["who attended the third meeting", "Who attended the third meeting, in Europe?", "europe-3", "meetings europe-3",
     "who was at the 3rd meeting", "Who took part in the meeting in Europe?"],
)  # fmt: skip
def test_who_attended_the_third_meeting(question: str, talks: Talks) -> None:
    assert ask(talks, question).sentence == THIRD


@pytest.mark.parametrize("audience", [Level.PUBLIC, Level.PARTIES, Level.GUARANTORS, Level.SEALED])
def test_all_of_it_was_published(audience: Level, law: Agreement) -> None:
    assert ask(open_talks(law).seen_by(audience), "who attended the third meeting").sentence == THIRD


def test_who_attended_in_amman_is_another_answer(talks: Talks) -> None:
    answer = dict(ask(talks, "who attended the meetings in Amman?").parts)
    assert answer["meetings"] == "at least 2" and answer["level"] == "not stated"
    assert answer["delegations"] == "Jordan (Jordanian officials)"
    assert "Mossad" in dict(ask(talks, "who attended the secret meetings").parts)["delegations"]


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("what does Israel say", "objects to"),
        ("What does ישראל demand?", "demands"),
        ("Россия", "shares an interest in, with Iran"),
        ("distance", "see D-il-2"),
        ("fact 4", "The third meeting, in Europe"),
        ("13", "South Syrian Army"),
        ("f6", "in the words"),
        ("principles-memorandum", "signed: 8 November 2017; announced: 11 November 2017"),
        ("agreements south-west-ceasefire", "place: Hamburg; text: unpublished"),
    ],
)
def test_other_questions_are_answered_from_the_same(question: str, words: str, talks: Talks) -> None:
    assert words in ask(talks, question).sentence


@pytest.mark.parametrize(
    "question",
    [
        "who attended the fourth meeting",
        "who attended the meeting in Geneva",
        "what does Iceland say",
        "why",
        "",
        "fact 14",
    ],
)
def test_what_cannot_be_read_is_refused_with_what_can_be_asked(question: str, talks: Talks) -> None:
    with pytest.raises(WrongCall, match="europe-3"):
        ask(talks, question)


@settings(max_examples=20)
@given(names=st.lists(st.sampled_from(["one", "two", "three"]), unique=True, min_size=1))
def test_an_echo_that_only_copies_changes_nothing_but_how_many_echoes_there_are(names: list[str], talks: Talks) -> None:
    (root,) = talks.roots
    more = replace(talks, roots=(replace(root, repeats=(*root.repeats, *(Repeat(name, root.said) for name in names))),))
    expected = THIRD.replace("echoes: 4,", f"echoes: {4 + len(names)},")
    assert ask(more, "europe-3").sentence == expected


def test_without_what_it_rests_on_an_answer_is_another(talks: Talks) -> None:
    sealed = {
        name: replace(one, level=Level.SEALED) if name in ("f1", "haaretz-series") else one
        for name, one in talks.statements.items()
    }
    less = replace(talks, statements=sealed).seen_by(Level.MISSION)
    with pytest.raises(WrongCall):
        ask(less, "who attended the third meeting")


# ---- who may know it -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "audience", [Level.PUBLIC, Level.PARTIES, Level.GUARANTORS, Level.party("southern-opposition")]
)
def test_labels_of_faith_and_demands_do_not_leave_the_mission(audience: Level, law: Agreement) -> None:
    seen = open_talks(law).seen_by(audience)
    text = "\n".join(in_words(seen)) + json.dumps(as_data(seen), ensure_ascii=False)
    assert not re.search(r"druze|shia|D-il|f12-label|f7-words", text, re.I)
    assert len(seen.facts) == 13


def test_the_mission_is_told_of_labels_as_claims(talks: Talks) -> None:
    text = "\n".join(in_words(talks))
    assert "described as Druze" in text and "none calls it Druze" in text


def test_what_is_told_as_data_is_what_is_printed(talks: Talks) -> None:
    told = as_data(talks)
    assert [fact["text"] for fact in told["facts"]] == [fact.text for fact in talks.facts]
    assert {one["id"] for one in (*told["facts"], *told["statements"])} == set(talks.statements)
    assert told["series"][0]["meetings"] == {"at_least": 3, "at_most": None}
    assert told["marking"] == "mission" and json.loads(json.dumps(told)) == told
    assert told["meetings"][1]["answer"]["independent origins"] == "at least 1"


def test_an_agreement_without_talks_says_so(law: Agreement) -> None:
    (line,) = in_words(open_talks(open_agreement("minsk-2015")))
    assert line.endswith("nothing is told of talks behind it.")
