"""A disk is lost, and with it entries that nobody can give back: the co-op goes on in a new log."""

import json
from pathlib import Path
from typing import Any

from depin_protocol.encoding import from_text
from depin_protocol.log.notes import VerifierKey
from depin_protocol.log.proof_file import ProofFile
from depin_protocol.receipts import Receipt
from depin_protocol.statements.envelope import Statement
from tests.node.api.neighbour import Neighbour, ask, readings
from tests.node.log.test_foreign_client import read_all
from tests.system.node_process import command, new_coop, refused, running
from tests.system.test_keeping import joined
from tests.system.test_node import newest_checkpoint


def lose_the_disk(folder: Path, backup: Path) -> None:
    """Let the books be gone, and restore a backup."""
    for file in folder.glob("coops/*/books.sqlite*"):
        file.unlink()
    command("restore", "--data", folder, backup)


def test_a_coop_goes_on_without_what_nobody_can_give_back(tmp_path: Path) -> None:
    folder, backup = tmp_path / "node", tmp_path / "backup"
    coop = new_coop(folder)
    assert "nothing of the log" in refused("succeed", "--data", folder, "--yes")
    with running(folder) as (port, _):
        home, other = joined(folder, port, "member"), joined(folder, port, "member")
        before = [home.say("metering", readings(total)) for total in range(300)]
        home.tell(port, *before)
        newest_checkpoint(port, coop)
        command("backup", "--data", folder, backup)
        lost = [home.say("metering", readings(total)) for total in range(5)]
        assert all("signature" in one for one in home.tell(port, *lost).json)
        joined(folder, port, "member")
    with running(folder) as (port, _):
        old = Log(port, coop)
    lose_the_disk(folder, backup)
    with running(folder) as (port, _):
        shown = ask(port, f"/v1/coops/{coop}/checkpoints", old.checkpoint, "text/plain")
        held = shown.json["entries"]
        assert "regained" in shown.json["read_only"]
        assert home.tell(port, *lost).status == 503
        assert "stop it first" in refused("succeed", "--data", folder, "--yes")
    missing = old.entries - held
    assert missing > len(lost)
    assert f"without {missing} entries" in command("succeed", "--data", folder, "--yes")
    with running(folder) as (port, _):
        new = Log(port, coop)
        assert new.described["read_only"] is None
        assert new.origin == f"{old.origin}/2"
        previous = new.described["previous"]
        assert (previous["origin"], previous["largest"]) == (
            old.origin,
            old.described["checkpoint"],
        )
        assert (previous["held"]["size"], previous["missing"]) == (held, missing)
        for known in (before[7], before[-1]):
            assert home.tell(port, known).json[0]["code"] == "earlier-log"
            check_proof(port, old, home, known)
        for written in home.tell(port, *lost).json:
            receipt = Receipt.read(json.dumps(written).encode())
            assert receipt.origin == new.origin
            receipt.verify(from_text(new.described["node_key"], 32))
        for one in (home, other):
            assert "signature" in one.tell(port, one.say("metering", readings(9))).json[0]
        events = ask(port, f"{other.path}/events", Authorization=other.token(port)).json
        told = [event["data"]["origin"] for event in events if event["kind"] == "notice"]
        assert told == [new.origin]
        joined(folder, port, "member")
        assert "all follows" in command("verify", "--data", folder)
    with running(folder) as (port, _):
        check_both(port, old, held, Log(port, coop))
    earlier = command("verify", "--data", folder, "--previous", "1")
    assert earlier.startswith(f"{held} entries")
    assert "no earlier log" in refused("verify", "--data", folder, "--previous", "2")
    assert "made anew" in command("rebuild", "--data", folder)
    assert "all follows" in command("verify", "--data", folder)
    assert "nothing of the log" in refused("succeed", "--data", folder, "--yes")


class Log:
    """A log as its node describes it."""

    def __init__(self, port: int, coop: str) -> None:
        self.described: dict[str, Any] = ask(port, f"/v1/coops/{coop}").json
        self.checkpoint = ask(port, f"/log/{coop}/checkpoint").content
        self.origin = self.described["origin"]
        self.entries = self.described["entries"]
        self.key = self.described["log_key"]


def check_proof(port: int, old: Log, home: Neighbour, said: Statement) -> None:
    """Ask for the proof of what the earlier log has, and check it with that one's key."""
    header = said.header
    path = f"{home.path}/statements/metering/{header.chain}/{header.seq}/proof"
    proof = ProofFile.parse(ask(port, path, Authorization=home.token(port)).content)
    entry = read_all(f"http://127.0.0.1:{port}/log/{home.coop}", old.key, [])[proof.index]
    assert said.hash.encode() in entry
    proof.verify(entry, VerifierKey.parse(old.key))


def check_both(port: int, old: Log, held: int, new: Log) -> None:
    """Let a client that we did not write read both logs over HTTP."""
    path = f"/log/{new.described['coop']}"
    address = f"http://127.0.0.1:{port}{path}"
    assert len(read_all(address, old.key, [])) == held
    entries = read_all(f"{address}/2", new.key, [])
    assert len(entries) == new.entries
    assert b'"decision":"successor"' in entries[0]
    for nowhere in ("3", "1", "9" * 5000):
        assert ask(port, f"{path}/{nowhere}/checkpoint").status == 404
