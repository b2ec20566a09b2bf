"""What lets a log live long, as auditors and operators see it: real processes, real commands."""

import asyncio
import secrets
from pathlib import Path

from depin_protocol.durations import DAY
from depin_protocol.encoding import to_text
from depin_protocol.invite import parse_invite
from settlement_node.coop.coop import Coop
from settlement_node.coop.keyring import Keyring
from settlement_node.coop.writer import Surroundings
from settlement_node.hosting.folder import NodeFolder
from settlement_node.store.backup import META
from settlement_node.store.opening import open_store
from settlement_node.store.tables import Put
from tests.node.api.neighbour import Neighbour, ask, now, readings
from tests.system.node_process import command, new_coop, refused, running

LAGS = "set the clock"


async def a_day_later(folder: Path, days: int = 1) -> None:
    """Let the co-op look at a clock that is a day or more ahead, while no node runs."""
    coop_folder = NodeFolder(folder).choose(None)
    store = await open_store(coop_folder.books, coop_folder.coop)
    keyring = Keyring(coop_folder.seeds().values())
    around = Surroundings(keyring, lambda: now() + days * DAY, secrets.token_bytes)
    coop = await Coop.open(store, around)
    await coop.start()
    await coop.close()
    await store.close()


def test_what_is_empty_says_so(tmp_path: Path) -> None:
    new_coop(tmp_path)
    assert command("state", "list", "--data", tmp_path).startswith("no state root yet")
    assert command("accounts", "--data", tmp_path).startswith("no account holds anything")


def joined(folder: Path, port: int, role: str) -> Neighbour:
    """Let somebody join and open its chains."""
    invite = parse_invite(command("invite", "--data", folder, "--role", role))
    home = Neighbour(invite.coop)
    assert home.join(port, invite.code).status == 201
    assert home.tell(port, home.open("metering"), home.open("trading")).status == 200
    return home


def test_a_root_is_confirmed_and_relied_on(tmp_path: Path) -> None:
    folder, key, checkpoint = tmp_path / "node", tmp_path / "auditor", tmp_path / "checkpoint"
    new_coop(folder)
    with running(folder) as (port, _):
        auditor, home = joined(folder, port, "auditor"), joined(folder, port, "member")
        home.tell(port, *(home.say("metering", readings(total)) for total in range(20)))
        key.write_text(to_text(auditor.seed))
    asyncio.run(a_day_later(folder))
    with running(folder, warns_of=LAGS) as (port, _):
        root = command("state", "list", "--data", folder).split()[0]
        assert "confirmed by nobody" in command("state", "list", "--data", folder)
        assert "only an auditor" in refused("state", "confirm", "--data", folder, root)
        command("state", "confirm", "--data", folder, root, "--key", key)
        assert auditor.member in command("state", "list", "--data", folder)
        said = refused("state", "erase", "--data", folder, root, "--reason", "their time is over")
        assert "kept for 10 years" in said
        unknown = refused("state", "erase", "--data", folder, "1", "--reason", "none")
        assert "no state root 1" in unknown
        path = f"/v1/coops/{home.coop}/state-roots"
        (listed,) = ask(port, path, Authorization=auditor.token(port)).json
        assert (str(listed["index"]), listed["confirmed"]) == (root, [auditor.member])
        lines = ask(port, f"{path}/{root}", Authorization=auditor.token(port))
        assert b'{"member":["' + home.member.encode() in lines.content
        for private in (path, f"{path}/{root}"):
            assert ask(port, private, Authorization=home.token(port)).status == 403
        assert ask(port, f"{path}/1", Authorization=auditor.token(port)).status == 404
        checkpoint.write_bytes(ask(port, f"/log/{home.coop}/checkpoint").content)
        found = command("verify", "--data", folder, "--trusted", checkpoint)
        assert f"followed from the state root at entry {root}; " in found
        assert "followed from" not in command("verify", "--data", folder)


def test_an_erasure_is_told_when_it_is_done(tmp_path: Path) -> None:
    folder, key = tmp_path / "node", tmp_path / "auditor"
    coop = new_coop(folder, more=("--retention-years", "1"))
    with running(folder) as (port, _):
        auditor, home = joined(folder, port, "auditor"), joined(folder, port, "member")
        home.tell(port, *(home.say("metering", readings(total)) for total in range(20)))
        key.write_text(to_text(auditor.seed))
    asyncio.run(a_day_later(folder))
    root = command("state", "list", "--data", folder).split()[0]
    command("state", "confirm", "--data", folder, root, "--key", key)
    asyncio.run(a_day_later(folder, 400))
    with running(folder, warns_of=LAGS) as (port, process):
        arguments = ("--data", folder, root, "--reason", "their time is over")
        assert f"first {root} entries" in command("state", "erase", *arguments)
        listed = command("state", "list", "--data", folder).splitlines()[0]
        assert listed.endswith("all below it is being deleted")
    with running(folder, warns_of=LAGS) as (port, process):
        assert process.stdout is not None
        gone = f"the bodies of the first {root} entries are deleted"
        assert any(line == f"Sonnenstraße: {gone}\n" for line in iter(process.stdout.readline, ""))
        assert command("state", "list", "--data", folder).splitlines()[0].endswith(gone)
        path = f"/v1/coops/{coop}/bodies/{int(root) - 1}"
        assert ask(port, path, Authorization=auditor.token(port)).status == 404
    assert f"{root} have no body any more" in command("verify", "--data", folder)


async def mark_expired(folder: Path) -> None:
    """Let the books say that old events were deleted."""
    coop = NodeFolder(folder).choose(None)
    store = await open_store(coop.books, coop.coop)
    await store.commit([Put(META, [("events_before", b"1000")])])
    await store.close()


def test_who_comes_back_after_years_is_told_that_events_are_gone(tmp_path: Path) -> None:
    new_coop(tmp_path)
    asyncio.run(mark_expired(tmp_path))
    with running(tmp_path) as (port, _):
        home = joined(tmp_path, port, "member")
        token = home.token(port)
        for path in (f"{home.path}/events", f"{home.path}/events/stream"):
            gone = ask(port, f"{path}?after=5", Authorization=token)
            assert (gone.status, gone.json["code"], gone.json["after"]) == (
                410,
                "events-expired",
                999,
            )
        assert ask(port, f"{home.path}/events?after=999", Authorization=token).status == 200
