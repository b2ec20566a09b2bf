"""What commands say where something is in the way, and what operators take back."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from depin_protocol.invite import parse_invite
from tests.node.api.neighbour import Neighbour
from tests.system.node_process import COMMAND, command, new_coop, outcome, refused, running


@pytest.mark.parametrize("reason", ["", "  ", "x" * 2_001])
def test_a_reason_says_something_that_a_statement_can_hold(tmp_path: Path, reason: str) -> None:
    new_coop(tmp_path)
    arguments = ("member", "suspend", "--data", tmp_path, "A" * 22, "--reason", reason)
    assert "1 to 2000 characters" in refused(*arguments, code=2)


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "[0:0:0:0:0:0:0:0]"])  # noqa: S104
def test_no_invite_names_every_address_of_a_machine(tmp_path: Path, host: str) -> None:
    arguments = ("--name", "Hof", "--currency", "EUR", "--address", f"http://{host}:8480")
    assert "homes cannot reach" in refused("init", "--data", tmp_path, *arguments)
    new_coop(tmp_path)
    assert "homes cannot reach" in refused("address", "--data", tmp_path, f"http://{host}:8480")


def test_a_coop_has_a_currency_and_in_its_folder_a_name_of_its_own(tmp_path: Path) -> None:
    said = refused("init", "--data", tmp_path, "--name", "Hof", "--currency", "eur", "--yes")
    assert "three capital letters, as EUR: not 'eur'" in said
    new_coop(tmp_path, "Hof")
    said = refused("init", "--data", tmp_path, "--name", "Hof", "--currency", "EUR", "--yes")
    assert "a co-op called Hof already" in said


def test_a_certificate_wants_its_key(tmp_path: Path) -> None:
    new_coop(tmp_path)
    said = refused("serve", "--data", tmp_path, "--tls-cert", tmp_path / "cert.pem")
    assert "--tls-cert wants --tls-key too" in said


def test_a_backup_wants_the_keys_of_its_coop(tmp_path: Path) -> None:
    new_coop(tmp_path / "node")
    command("backup", "--data", tmp_path / "node", tmp_path / "file")
    said = refused("restore", "--data", tmp_path / "new", tmp_path / "file")
    assert "put your copy of its keys and coop.json back" in said


def errors(*arguments: object) -> str:
    """Give a command that must succeed, and return what it warned of."""
    done = outcome(*arguments)
    assert done.code == 0
    return done.errors


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_an_address_of_this_machine_alone_is_warned_of(tmp_path: Path, host: str) -> None:
    arguments = ("--name", "Hof", "--currency", "EUR", "--address", f"http://{host}:8480")
    warned = f"WARNING: invites would name http://{host}:8480, and only this machine itself"
    assert warned in errors("init", "--data", tmp_path, *arguments, "--yes")
    assert "WARNING: only this machine itself" in errors("address", "--data", tmp_path)
    assert not errors("address", "--data", tmp_path, "http://node.example:8480")


def test_an_invite_is_a_picture_on_a_plain_terminal_too(tmp_path: Path) -> None:
    new_coop(tmp_path)
    plain = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [*COMMAND, "invite", "--data", tmp_path], capture_output=True, env=plain, check=True
    )
    *picture, line = done.stdout.decode("ascii").splitlines()
    assert len(picture) > 20
    assert parse_invite(line).address
    listed = subprocess.run(
        [*COMMAND, "serve", "--help"], capture_output=True, env=plain, check=True
    )
    assert listed.stdout


def test_a_new_coop_says_where_homes_will_look_for_it_and_a_running_node_what_it_lacks(
    tmp_path: Path,
) -> None:
    new_coop(tmp_path, "Eins")
    with running(tmp_path) as (_, process):
        assert process.stdout is not None
        said = "".join(process.stdout.readline() for _ in range(4))
        assert "invites name http://127.0.0.1:8480\n" in said
        assert "WARNING: only this machine itself can reach that" in said
        assert "WARNING: the node listens on port" in said
        arguments = ("--name", "Zwei", "--currency", "EUR", "--yes")
        printed = command("init", "--data", tmp_path, *arguments)
        assert "Homes will reach it at http://" in printed
        assert "start it anew, for Zwei" in printed
        assert "start it anew" in refused("invite", "--data", tmp_path, "--coop", "Zwei")
    with running(tmp_path):
        command("invite", "--data", tmp_path, "--coop", "Zwei")


def test_a_node_runs_in_a_folder_deeper_than_a_socket_may_lie(tmp_path: Path) -> None:
    folder = tmp_path / ("d" * 100)
    new_coop(folder)
    with running(folder):
        command("invite", "--data", folder)
    command("invite", "--data", folder)


def test_an_operator_withdraws_an_invite_and_stops_a_key_of_the_nodes(tmp_path: Path) -> None:
    coop = new_coop(tmp_path)
    with running(tmp_path) as (port, _):
        invite = command("invite", "--data", tmp_path, "--no-qr").strip()
        command("withdraw-invite", "--data", tmp_path, invite)
        reply = Neighbour(coop).join(port, parse_invite(invite).code)
        assert reply.json["code"] == "invite-withdrawn"
        assert "the invite was withdrawn before" in refused(
            "withdraw-invite", "--data", tmp_path, invite
        )
        command("node-key", "--data", tmp_path, "--use", "log", "--reason", "yearly")
        decision, use, *when = command("veto", "--data", tmp_path).split()
        assert use == "log"
        assert datetime.fromisoformat(" ".join(when[2:])) > datetime.now(UTC)
        command("veto", "--data", tmp_path, decision)
        assert "no change of a key" in command("veto", "--data", tmp_path)
        assert "DECISION is one that" in refused("veto", "--data", tmp_path, "this")
        assert "no effect" in refused("veto", "--data", tmp_path, decision)
