"""Names that people choose, some of them to do harm: commands take them all as they are."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import segno

from depin_protocol.invite import parse_invite
from depin_protocol.keys import sign
from settlement_node.hosting.folder import NodeFolder
from tests.node.api.conftest import Node, running_node
from tests.node.api.neighbour import Neighbour, ask
from tests.system.node_process import command, new_coop, refused, running

OTHER_BLANKS = (
    *("\u00a0", "\u1680", "\u2000", "\u2005", "\u200a", "\u202f", "\u205f", "\u3000"),
    *("\u115f", "\u1160", "\u3164", "\uffa0", "\u2800"),
)
JOIN = "application/vnd.depin.join-request"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with running_node(tmp_path_factory.mktemp("names")) as running_one:
        yield running_one


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


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("Haus 7 é", True),
        ("", False),
        (" \u3000", False),
        (" Haus 7", False),
        ("Haus 7\u00a0", False),
        ("Haus  7", False),
        *((f"Haus{blank}7", False) for blank in OTHER_BLANKS),
        ("Haus\x1b[2J", False),
        ("Haus\n", False),
        ("\u202e7 suaH", False),
        ("x" * 81, False),
    ],
)
def test_a_member_needs_a_name_that_can_be_shown(node: Node, name: str, *, taken: bool) -> None:
    home = Neighbour(node.coop.description.coop)
    asked = json.loads(home.request(code := node.code())[64:])
    text = json.dumps({**asked, "name": name}).encode()
    request = sign(home.seed, b"depin join v1\0" + text) + text
    reply = ask(node.port, f"/v1/coops/{home.coop}/members", request, JOIN)
    assert reply.status == (201 if taken else 400)
    if not taken:
        assert (reply.json["code"], "name" in reply.json["detail"]) == ("request-invalid", True)
        assert "Ask an operator" not in reply.json["action"]
        assert home.join(node.port, code).status == 201


@pytest.mark.parametrize("name", ["  ", "\u3164", " \u2800 ", "\u00a0"])
def test_a_name_of_blanks_alone_is_called_so(tmp_path: Path, name: str) -> None:
    arguments = ("--name", name, "--currency", "EUR", "--yes")
    assert "nothing but blanks" in refused("init", "--data", tmp_path, *arguments)


@pytest.mark.parametrize(
    "name", ["", "  ", " Hof", "Hof ", "Mein  Hof", "two\nlines", "\x1b[2J", "x" * 81]
)
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
