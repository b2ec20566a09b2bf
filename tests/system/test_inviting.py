"""Invites that wait, and who joins by a command: an auditor, as README says it."""

import asyncio
import re
import shlex
import stat
from pathlib import Path

import pytest

from depin_protocol.encoding import to_text
from depin_protocol.invite import Invite, parse_invite
from depin_protocol.keys import public_key
from settlement_node.governance.actions import invite_hash
from tests.node.api.neighbour import Neighbour, ask
from tests.system.node_process import command, new_coop, refused, running
from tests.system.test_keeping import LAGS, a_day_later, joined

README = Path(__file__).resolve().parents[2] / "README.md"


def invite(folder: Path, *more: object) -> str:
    """Have an invite made."""
    return command("invite", "--data", folder, "--no-qr", *more).strip()


def as_printed(name: str, **given: str) -> list[str]:
    """Take README's line of a command, with what it leaves to the reader put in."""
    (line,) = re.findall(rf"^settlement-node {name}\b.*", README.read_text(), re.MULTILINE)
    _, *words = shlex.split(line, comments=True)
    return [given.get(word, word) for word in words]


def test_the_invites_that_are_open_are_listed_without_their_codes(tmp_path: Path) -> None:
    coop = new_coop(tmp_path)
    assert command("invites", "--data", tmp_path) == "no invite is open\n"
    with running(tmp_path) as (port, _):
        late, soon = invite(tmp_path, "--days", 9), invite(tmp_path, "--role", "auditor")
        used = parse_invite(invite(tmp_path))
        home = Neighbour(coop)
        assert home.join(port, used.code).status == 201
        listed = command("invites", "--data", tmp_path)
        names = [to_text(invite_hash(parse_invite(one).code)) for one in (late, soon)]
        assert [line.split()[:3] for line in listed.splitlines()] == [
            [names[0], "member", "until"],
            [names[1], "auditor", "until"],
        ]
        for one in (late, soon):
            assert to_text(parse_invite(one).code) not in listed
        path = f"/v1/coops/{coop}/invites"
        assert ask(port, path, Authorization=home.token(port)).status == 403
        auditor = joined(tmp_path, port, "auditor")
        assert ask(port, path, Authorization=auditor.token(port)).status == 403
        command("withdraw-invite", "--data", tmp_path, names[0])
        assert (
            Neighbour(coop).join(port, parse_invite(late).code).json["code"] == "invite-withdrawn"
        )
    assert command("invites", "--data", tmp_path).split()[0] == names[1]


def test_an_auditor_does_what_readme_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, elsewhere = tmp_path / "node", tmp_path / "elsewhere"
    elsewhere.mkdir()
    new_coop(folder)
    monkeypatch.chdir(elsewhere)
    with running(folder) as (port, _):
        node = f"http://127.0.0.1:{port}"
        command("address", "--data", folder, node)
        text = invite(folder, "--role", "auditor")
        said = command(*as_printed("join", INVITE=text))
        member = said.split()[2].rstrip(",")
        assert stat.S_IMODE(Path("auditor.key").stat().st_mode) == 0o600
        assert f"{member}  active     auditor,member" in command("members", "--data", folder)
    asyncio.run(a_day_later(folder))
    with running(folder, warns_of=LAGS) as (port, _):
        node = f"http://127.0.0.1:{port}"
        there = {"https://node.example": node}
        command(*as_printed("copy", **there))
        assert "all follows" in command(*as_printed("verify"))
        root = command(*as_printed("state list")).split()[0]
        command(*as_printed("state confirm", ROOT=root, **there))
        command(*as_printed("copy", **there))
        assert f"confirmed by {member}" in command(*as_printed("state list"))


def test_who_got_no_answer_joins_with_the_same_command_again(tmp_path: Path) -> None:
    folder, key = tmp_path / "node", tmp_path / "key"
    coop = new_coop(folder)
    text = invite(folder)
    asked = ("join", "--key", key, "--name", "Carla", text)
    assert "does not answer" in refused(*asked, "--node", "http://127.0.0.1:1")
    with running(folder) as (port, _):
        there = ("--node", f"http://127.0.0.1:{port}/")
        assert command(*asked, *there) == command(*asked, *there)
        other = ("join", "--key", tmp_path / "other", "--name", "Carl", text)
        assert "somebody has joined with this invite" in refused(*other, *there)
        found = parse_invite(invite(folder))
        stranger = Invite(found.address, public_key(bytes(32)), coop, found.code)
        assert "another key than the invite names" in refused(*other[:-1], str(stranger), *there)
        key.write_text("no key\n")
        assert "name another file" in refused(*asked[:-1], str(found), *there)


@pytest.mark.parametrize("name", ["", " Carla", "Carla ", "Car  la", "Carla\n", "x" * 81])
def test_a_name_is_checked_before_a_key_is_made(tmp_path: Path, name: str) -> None:
    new_coop(tmp_path / "node")
    key = tmp_path / "key"
    arguments = ("--key", key, "--name", name, invite(tmp_path / "node"))
    assert "the name" in refused("join", *arguments, code=2)
    assert not key.exists()
