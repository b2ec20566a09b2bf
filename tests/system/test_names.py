"""Names that people choose, some of them to do harm: commands take them all as they are."""

from pathlib import Path
from secrets import token_bytes

import pytest
import segno

from depin_protocol.invite import parse_invite
from depin_protocol.joining import JoinRequest
from depin_protocol.keys import public_key
from settlement_node.hosting.folder import NodeFolder
from tests.node.api.conftest import Node
from tests.node.api.neighbour import Neighbour, ask, now
from tests.system.node_process import command, new_coop, refused, running

JOIN = "application/vnd.depin.join-request"


def hyphened(coop: str) -> Neighbour:
    """Make a home whose name begins with a hyphen, as one in 64 does."""
    while True:
        home = Neighbour(coop)
        if home.member.startswith("-"):
            return home


def test_a_member_whose_name_looks_like_an_option_is_acted_on(tmp_path: Path) -> None:
    home = hyphened(new_coop(tmp_path))
    folder = NodeFolder(tmp_path)
    with running(tmp_path) as (port, _):
        home.join(port, Node(folder, folder.choose(None), port).code())
        command("member", "suspend", "--data", tmp_path, home.member, "--reason", "as agreed")
        assert f"{home.member}  suspended" in command("members", "--data", tmp_path)
        arguments = ("--data", tmp_path, home.member, "--reason", "chosen", "--role", "auditor")
        command("member", "roles", *arguments)


def test_a_name_plays_no_tricks_on_the_operators_terminal(tmp_path: Path) -> None:
    coop = new_coop(tmp_path)
    folder = NodeFolder(tmp_path)
    seed = token_bytes(32)
    name = "Haus\x1b[2J\r\n\u202e7 é"
    with running(tmp_path) as (port, _):
        code = Node(folder, folder.choose(None), port).code()
        asked = JoinRequest(
            coop, code, public_key(seed), "software", name, token_bytes(16), now()
        ).signed(seed)
        assert ask(port, f"/v1/coops/{coop}/members", asked, JOIN).status == 201
        printed = command("members", "--data", tmp_path)
        assert len(printed.splitlines()) == 2
        assert "Haus\\u001b[2J\\u000d\\u000a\\u202e7 é" in printed


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "\x1b[2J", "x" * 81])
def test_a_coop_needs_a_name_that_can_be_shown(tmp_path: Path, name: str) -> None:
    arguments = ("--name", name, "--currency", "EUR", "--yes")
    assert "name" in refused("init", "--data", tmp_path, *arguments)
    assert not list(tmp_path.iterdir())


def test_an_invite_is_a_line_to_paste_and_a_picture_of_the_same(tmp_path: Path) -> None:
    coop = new_coop(tmp_path)
    printed = command("invite", "--data", tmp_path)
    *picture, line = printed.splitlines()
    assert parse_invite(line).coop == coop
    wanted = [list(row) for row in segno.make(line, error="l").matrix_iter()]
    assert modules(picture)[: len(wanted)] == wanted
    assert command("invite", "--data", tmp_path, "--no-qr").count("\n") == 1


def modules(picture: list[str]) -> list[list[int]]:
    """Read the picture's half blocks: two rows of a QR code in each line, dark as blanks."""
    dark = {" ": (1, 1), "▀": (0, 1), "▄": (1, 0), "█": (0, 0)}
    rows: list[list[int]] = []
    for line in picture:
        marks = line.replace("\x1b[7m", "").replace("\x1b[0m", "").replace("\x1b[49m", "")
        rows += [[dark[mark][half] for mark in marks] for half in (0, 1)]
    return rows
