"""A co-op whose books are in PostgreSQL, by the commands that people give."""

import json
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.node.api.neighbour import Neighbour, ask, readings
from tests.node.ledger.camt_files import Entry, Part
from tests.node.postgres_server import Server
from tests.system.node_process import command, ended, new_coop, refused, running, serving
from tests.system.test_money import bank_file
from tests.system.test_node import newest_checkpoint, welcome

pytestmark = pytest.mark.postgres

SHUT_OUT = "another process has taken this co-op's store over"


def counted(port: int, coop: str) -> int:
    return int(ask(port, f"/v1/coops/{coop}").json["entries"])


def elsewhere(folder: Path, other: Path, database: str | None) -> Path:
    """Copy a node's keys to another machine, whose books are somewhere else."""
    shutil.copytree(folder, other, ignore=shutil.ignore_patterns("books.*", "*.sock"))
    (description,) = other.glob("coops/*/coop.json")
    written = json.loads(description.read_text())
    description.write_text(json.dumps({**written, "database": database}))
    return other


def test_a_co_op_lives_in_a_database(tmp_path: Path, postgres_url: str) -> None:
    coop = new_coop(tmp_path, database=postgres_url)
    with running(tmp_path) as (port, _):
        home = welcome(tmp_path, port)
        said = [home.say("metering", readings(total)) for total in range(50)]
        before = home.tell(port, *said).json
        command("member", "suspend", "--data", tmp_path, home.member, "--reason", "as agreed")
        assert "all follows" in command("verify", "--data", tmp_path)
    assert not list(tmp_path.rglob("books*"))
    assert "all follows" in command("verify", "--data", tmp_path)
    assert "made anew" in command("rebuild", "--data", tmp_path)
    assert "all follows" in command("verify", "--data", tmp_path)
    with running(tmp_path) as (port, _):
        assert home.tell(port, *said).json == before
        assert counted(port, coop) > 50
        assert f"{home.member}  suspended" in command("members", "--data", tmp_path)


def test_a_second_node_takes_the_books_over(tmp_path: Path, postgres_url: str) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    coop = new_coop(first, database=postgres_url)
    elsewhere(first, second, postgres_url)
    with serving(first) as (old, process):
        home = welcome(first, old)
        kept = home.say("metering", readings(1))
        promised = home.tell(old, kept).json
        assert "settlement-node serve --take-over" in refused(
            "serve", "--data", second, "--port", "0"
        )
        with running(second, "--take-over") as (port, _):
            # Nobody tells the first, nor asks it anything: it finds out by itself.
            assert SHUT_OUT in ended(process)
            assert home.tell(port, kept).json == promised
            assert "statement" in home.tell(port, home.say("metering", readings(2))).json[0]
            size = counted(port, coop)
    # Whoever starts next owns the books, in turn.
    with running(first) as (port, _):
        assert counted(port, coop) == size
    assert "all follows" in command("verify", "--data", first)


def test_a_node_that_takes_over_on_the_same_machine_keeps_its_socket(
    tmp_path: Path, postgres_url: str
) -> None:
    new_coop(tmp_path, database=postgres_url)
    with serving(tmp_path) as (_, process), running(tmp_path, "--take-over"):
        assert SHUT_OUT in ended(process)
        # A command finds the node that runs by its socket, and would else be refused the books.
        assert "Operator" in command("members", "--data", tmp_path)


def test_a_node_that_stood_still_appends_nothing_after_it_was_shut_out(
    tmp_path: Path, postgres_url: str
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    coop = new_coop(first, database=postgres_url)
    elsewhere(first, second, postgres_url)
    with serving(first) as (old, process):
        home = welcome(first, old)
        process.send_signal(signal.SIGSTOP)
        with running(second, "--take-over") as (port, _):
            assert home.tell(port, home.say("metering", readings(1))).status == 200
            late = Neighbour(coop, home.seed, dict(home.heads)).say("metering", readings(2))
            with ThreadPoolExecutor(1) as threads:
                answering = threads.submit(home.tell, old, late)
                process.send_signal(signal.SIGCONT)
                assert SHUT_OUT in ended(process)
            # It may have ended before it could answer; what it must not do is take the statement.
            assert (
                answering.exception() is not None
                or answering.result().status == 503
                or answering.result().json[0]["code"] == "gap"
            )
            assert home.tell(port, home.say("metering", readings(3))).json[0]["statement"]
            size = counted(port, coop)
    assert f"{size} entries" in command("verify", "--data", second)


@pytest.mark.parametrize("to_database", [True, False])
def test_books_move_between_a_file_and_a_database(
    tmp_path: Path,
    postgres_url: str,
    to_database: bool,  # noqa: FBT001 - pytest gives it by name
) -> None:
    places = (None, postgres_url) if to_database else (postgres_url, None)
    old, file = tmp_path / "old", tmp_path / "backup"
    coop = new_coop(old, database=places[0])
    with running(old) as (port, _):
        home = welcome(old, port)
        said = [home.say("metering", readings(total)) for total in range(20)]
        receipts = home.tell(port, *said).json
    command("backup", "--data", old, file)
    new = elsewhere(old, tmp_path / "new", places[1])
    command("restore", "--data", new, file)
    assert "holds rows already" in refused("restore", "--data", new, file)
    more = home.say("metering", readings(99))
    with running(new) as (port, _):
        assert home.tell(port, more).json["code"] == "read-only"
        command("resume", "--data", new, "--nobody-has-more", "--yes")
        assert home.tell(port, *said, more).json[:-1] == receipts
        assert counted(port, coop) > len(said)
    assert "all follows" in command("verify", "--data", new)


def test_a_log_in_a_database_is_succeeded(
    tmp_path: Path, postgres: Server, postgres_url: str
) -> None:
    node, restored, backup = (tmp_path / name for name in ("node", "restored", "backup"))
    coop = new_coop(node, database=postgres_url)
    bank, why = "DE02120300000000202051", ("--reason", "as agreed")
    statement = bank_file(
        tmp_path,
        Entry("7.00", (Part(text=("hello",)),)),
        opening="100.00",
        closing="107.00",
    )
    with running(node) as (port, _):
        home = welcome(node, port)
        kept = [home.say("metering", readings(total)) for total in range(50)]
        home.tell(port, *kept)
        command("bank", "open", "--data", node, bank)
        command("money", "opening", "--data", node, *why, "--account", bank, "100")
        assert "IN SUSPENSE" in command("bank", "import", "--data", node, statement)
        newest_checkpoint(port, coop)
        command("backup", "--data", node, backup)
        lost = [home.say("metering", readings(total)) for total in range(3)]
        home.tell(port, *lost)
        checkpoint = newest_checkpoint(port, coop)
    elsewhere(node, restored, postgres.create("after_the_disk"))
    command("restore", "--data", restored, backup)
    with running(restored) as (port, _):
        shown = ask(port, f"/v1/coops/{coop}/checkpoints", checkpoint, "text/plain").json
        assert shown["missing"].endswith("which any mirror of the log can give")
        held = shown["entries"]
    assert "without 3 entries" in command("succeed", "--data", restored, "--yes")
    with running(restored) as (port, _):
        assert ask(port, f"/v1/coops/{coop}").json["origin"].endswith("/2")
        assert home.tell(port, kept[-1]).json[0]["code"] == "earlier-log"
        assert all("signature" in one for one in home.tell(port, *lost).json)
        before = ask(port, f"/log/{coop}/checkpoint").content
        assert before.split(b"\n")[1] == b"%d" % held
        assert "nothing new" in command("bank", "import", "--data", restored, statement)
        assert "all follows" in command("verify", "--data", restored)
    earlier = command("verify", "--data", restored, "--previous", "1")
    assert earlier.startswith(f"{held} entries")
    assert "made anew" in command("rebuild", "--data", restored)
    assert "all follows" in command("verify", "--data", restored)
