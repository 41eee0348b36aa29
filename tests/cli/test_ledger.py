"""The commands of the ledger, as an officer of a mission, and one of a second office, meets them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.missions import HEADER, LAW, run, seen

WHO = ("--by", "chief of staff", "--because", "it was asked for")


def good(*words: str | Path, told: str = "") -> str:
    done = run(*words, given=told)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def watch(tmp_path: Path) -> Path:
    """Return the folder of a mission that received two sightings."""
    folder, path = tmp_path / "watch", tmp_path / "presence.csv"
    path.write_text("\n".join([HEADER, seen("F1"), seen("F2", lat=32.60)]) + "\n", encoding="utf-8")
    good("init", folder, "--agreement", LAW)
    assert "entry 3: presence.csv" in good("collect", folder, "presence", path)
    return folder


def test_a_head_is_printed_as_others_read_it(watch: Path) -> None:
    note, told = good("ledger", "head", watch), json.loads(good("ledger", "head", watch, "--json"))
    assert told["note"].rstrip("\n") == note.rstrip("\n") and told["size"] == 3
    assert note.startswith(f"{told['origin']}\n3\n")


def test_what_was_changed_is_named_with_exit_code_one(watch: Path) -> None:
    assert "Nothing is wrong with it." in good("ledger", "verify", watch)
    next((watch / "received").glob("*.sealed")).write_bytes(b"junk")
    done = run("ledger", "verify", watch)
    assert done.exit_code == 1 and "internal:3: altered-batch" in done.stdout
    assert "3 entries, 0 under a head that others hold, 3 that nobody else has seen" in done.stdout
    told = json.loads(run("ledger", "verify", watch, "--json").stdout)
    assert [problem["code"] for problem in told["problems"]] == ["altered-batch"] and told["logs"][0]["tail"] == 3


def test_a_second_office_cosigns_and_the_mission_keeps_it(watch: Path, tmp_path: Path) -> None:
    key = json.loads(good("ledger", "head", watch, "--json"))["key"]
    own = ("--key", tmp_path / "office.seed", "--name", "office-two", "--state", tmp_path / "office.json")
    good("ledger", "witness", watch, "--out", tmp_path / "request")
    done = run("ledger", "cosign", tmp_path / "request", *own, "--log-key", key, "--out", tmp_path / "cosigned")
    assert done.exit_code == 0 and "cosigned up to entry 64" in done.stderr
    (office,) = re.findall(r"this witness's key: (\S+)", done.stderr)
    assert "name its key with --key" in run("ledger", "witness", watch, "--cosigned", tmp_path / "cosigned").stderr
    assert "entry 65: the log internal is witnessed up to its entry 64" in good(
        "ledger", "witness", watch, "--cosigned", tmp_path / "cosigned", "--key", office
    )
    assert "64 under a head that others hold, 1 that nobody else" in good("ledger", "verify", watch)
    assert run("ledger", "cosign", tmp_path / "request", *own).exit_code == 1  # it was told 0, and saw 64
    assert run("ledger", "verify", watch, "--key", "no key").exit_code == 2


def test_a_proof_and_an_export_go_to_others(watch: Path, tmp_path: Path) -> None:
    proof = json.loads(good("ledger", "prove", watch, "F2"))
    assert proof["entry"] == 3 and set(proof["row"]["levels"]) >= {"mission"}
    assert "python" in good("ledger", "export", watch, "--out", tmp_path / "export")
    assert (tmp_path / "export" / "leaves.jsonl").read_text("utf-8").count("\n") == 3
    assert run("ledger", "prove", watch, "F9").exit_code == 1


def test_what_is_edited_is_adopted_or_refused_in_one_line(watch: Path) -> None:
    with (watch / "mandate.yml").open("a", encoding="utf-8") as mandate:
        mandate.write("names_parties: true\n")
    done = run("run", watch)
    assert done.exit_code == 1 and f"trucewatch adopt {watch} --by ROLE --because REASON" in done.stderr
    assert done.stderr.count("\n") == 1
    assert good("adopt", watch, *WHO) == "entry 4: adopts mandate\n"
    assert "nothing is entered" in good("adopt", watch, *WHO)
    assert run("run", watch).exit_code == 0


def test_what_is_erased_is_missing_and_said_to_be(watch: Path, tmp_path: Path) -> None:
    assert good("erase", watch, "F2", *WHO) == "entry 4: 1 row of entry 3 erased\n"
    assert "entry 4: position" in good("ledger", "verify", watch)
    done = run("run", watch)
    assert done.exit_code == 0 and "without 1 row of entry 3, which was erased (entry 4)" in done.stderr
    done = run("run", watch, "--as-of", "3")
    assert done.exit_code == 1 and "ask as of entry 4 or later" in done.stderr
    assert run("erase", watch, "1", *WHO).exit_code == 2


def test_an_identity_is_sealed_and_opened_by_custodians(watch: Path) -> None:
    assert run("seal", watch, "identity", "--about", "F1", given="somebody").exit_code == 1
    shares = good("seal", watch, "new-period", "--threshold", "2", "--custodians", "3").splitlines()
    assert [line.split(":")[0] for line in shares] == ["custodian 1", "custodian 2", "custodian 3"]
    alias = good("seal", watch, "identity", "--about", "F1", told="Somebody of Nawa\n").strip()
    opened = good("seal", watch, "open", alias, *WHO, told="\n".join([shares[0], shares[2].partition(": ")[2]]))
    assert opened == "Somebody of Nawa\n"
    done = run("seal", watch, "open", alias, *WHO, given=shares[0])
    assert done.exit_code == 1 and "Somebody" not in done.output


def test_a_backup_comes_back_and_an_old_one_is_accounted_for(watch: Path, tmp_path: Path) -> None:
    good("backup", watch, tmp_path / "watch.tar")
    assert "3 entries" in good("restore", tmp_path / "watch.tar", tmp_path / "again")
    assert good("ledger", "head", watch) == good("ledger", "head", tmp_path / "again")
    good("decide", watch, "apart", "F1", "F2", *WHO)
    done = run("run", tmp_path / "again")
    assert done.exit_code == 1 and "ledger go-on" in done.stderr
    assert run("ledger", "verify", tmp_path / "again").exit_code == 1
    assert "entry 4: goes on from entry 3" in good("ledger", "go-on", tmp_path / "again", *WHO)
    assert run("run", tmp_path / "again").exit_code == 0


def test_a_key_is_followed_by_another(watch: Path) -> None:
    before = json.loads(good("ledger", "head", watch, "--json"))["key"]
    after = json.loads(good("ledger", "head", watch, "--json"))
    assert "entry 4: heads are signed by" in good("ledger", "rotate", watch, *WHO)
    after = json.loads(good("ledger", "head", watch, "--json"))
    assert after["key"] != before
    (watch / "keys" / "ledger.seed").unlink()
    assert "--lost" in run("ledger", "head", watch).stderr
    good("ledger", "rotate", watch, "--lost", *WHO)
    assert "a key was lost; nobody vouches for the one after it" in good("ledger", "verify", watch)
    assert good("ledger", "fsck", watch) == f"{watch}: holds together\n"


def test_a_declassification_waits_for_signatures(watch: Path) -> None:
    assert "to be signed" in good("declassify", watch, "F1", "--field", "act", "--to", "parties", *WHO)
    assert run("declassify", watch, "F1", "--field", "act", "--to", "everybody", *WHO).exit_code == 1
    assert run("declassify", watch, "F9", "--field", "act", "--to", "parties", *WHO).exit_code == 1


def test_what_runs_otherwise_than_on_that_day_is_listed_and_never_silent(
    watch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("run", watch, "--as-of", "3").stderr == ""
    monkeypatch.setattr("trucewatch.record.adoptions.versions", lambda: {"trucewatch": "9.9.9"})
    done = run("run", watch, "--as-of", "3")
    assert done.exit_code == 0 and "other-version trucewatch was" in done.stderr and "is 9.9.9 now" in done.stderr
    assert "other-version" not in run("run", watch).stderr


def test_a_party_is_an_audience_and_nobody_else_is(watch: Path) -> None:
    assert run("run", watch, "--audience", "party: government-forces").exit_code == 0
    assert run("run", watch, "--audience", "everybody").exit_code == 2
    assert run("run", watch, "--audience", "party: nobody").exit_code == 2
