"""An auditor on another machine: it copies the books, follows them, and says what it came to."""

import asyncio
from pathlib import Path

from depin_protocol.encoding import to_text
from tests.node.api.neighbour import Neighbour, ask, readings
from tests.system.node_process import command, new_coop, refused, running
from tests.system.test_keeping import LAGS, a_day_later, joined
from tests.system.test_succession import lose_the_disk


def key_of(who: Neighbour, folder: Path) -> Path:
    """Write somebody's key into a file."""
    file = folder / f"{who.member}.key"
    file.write_text(to_text(who.seed))
    return file


def copied(port: int, into: Path, key: Path, *more: str) -> str:
    """Fetch the books."""
    node = ("--node", f"http://127.0.0.1:{port}/")
    return command("copy", *node, "--into", into, "--key", key, *more)


def test_an_auditor_elsewhere_follows_and_confirms(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "node", tmp_path / "elsewhere"
    coop = new_coop(folder)
    with running(folder) as (port, _):
        auditor, home = joined(folder, port, "auditor"), joined(folder, port, "member")
        home.tell(port, *(home.say("metering", readings(total)) for total in range(20)))
        # Its name is that of its first key, and it speaks with its second.
        assert "signature" in auditor.tell(port, auditor.change_key()).json[0]
        key = key_of(auditor, tmp_path)
        mine = ("--member", auditor.member)
        assert "entries under" in copied(port, elsewhere, key, *mine)
    asyncio.run(a_day_later(folder))
    with running(folder, warns_of=LAGS) as (port, _):
        root = command("state", "list", "--data", folder).split()[0]
        node = ("--node", f"http://127.0.0.1:{port}")
        confirm = ("state", "confirm", "--data", elsewhere, *node, "--key", key, root)
        assert "fetch it again" in refused(*confirm, *mine)
        copied(port, elsewhere, key, *mine)
        assert "all follows" in command("verify", "--data", elsewhere)
        assert "not signed by the member's key" in refused(*confirm)
        assert f"root {root} is confirmed" in command(*confirm, *mine)
        listed = command("state", "list", "--data", folder)
        assert f"{root}  logged" in listed
        assert f"confirmed by {auditor.member}" in listed
        path = f"/v1/coops/{coop}/state-roots"
        (one,) = ask(port, path, Authorization=auditor.token(port)).json
        assert one["confirmed"] == [auditor.member]

        own = ("copy", *node, "--key", key, *mine, "--into", folder)
        assert "a node's own data" in refused(*own)
        theirs = key_of(home, tmp_path)
        nosy = refused("copy", *node, "--key", theirs, "--into", tmp_path / "nosy")
        assert "only operator or auditor may ask" in nosy
        assert "say which co-op" in refused(*own[:-1], tmp_path / "other", "--coop", "Nowhere")
        for acting in ("serve", "invite", "invites", "accounts", "operator-key", "address"):
            assert "this is an auditor's copy of Sonnenstraße" in refused(
                acting, "--data", elsewhere
            )
        resume = ("resume", "--data", elsewhere, "--nobody-has-more")
        assert "this is an auditor's copy" in refused(*resume)
        damaged = next(elsewhere.glob("coops/*/books.sqlite"))
        damaged.write_bytes(damaged.read_bytes()[:-4096])
        before = command("state", "list", "--data", folder)
        assert "books.sqlite" in refused(*confirm, *mine)
        assert command("state", "list", "--data", folder) == before


def test_a_copy_is_not_replaced_by_another_past(tmp_path: Path) -> None:
    folder, backup = tmp_path / "node", tmp_path / "backup"
    new_coop(folder)
    with running(folder) as (port, _):
        auditor = joined(folder, port, "auditor")
        key = key_of(auditor, tmp_path)
        command("backup", "--data", folder, backup)
        joined(folder, port, "member")
    with running(folder) as (port, _):
        copied(port, tmp_path / "copy", key)
    lose_the_disk(folder, backup)
    command("resume", "--data", folder, "--nobody-has-more", "--yes")
    with running(folder) as (port, _):
        node = ("--node", f"http://127.0.0.1:{port}")
        again = ("copy", *node, "--key", key, "--into", tmp_path / "copy")
        assert "it is evidence" in refused(*again)
        for _ in range(3):
            joined(folder, port, "member")
    with running(folder) as (port, _):
        node = ("--node", f"http://127.0.0.1:{port}")
        again = ("copy", *node, "--key", key, "--into", tmp_path / "copy")
        assert "it is evidence" in refused(*again)
        copied(port, tmp_path / "another", key)
    for copy in ("copy", "another"):
        assert "all follows" in command("verify", "--data", tmp_path / copy)
