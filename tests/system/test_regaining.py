"""A disk is lost: a backup, a mirror of the log and those who keep bodies bring all back."""

from dataclasses import dataclass
from pathlib import Path

from depin_protocol.frames import pack
from depin_protocol.log.tiles import new_bundles
from depin_protocol.statements.envelope import Statement
from settlement_node.governance.member import Role
from settlement_node.hosting.folder import NodeFolder
from tests.node.api.conftest import Node
from tests.node.api.neighbour import Neighbour, Reply, ask, readings
from tests.node.log.test_foreign_client import served, write
from tests.system.node_process import command, new_coop, partly, refused, running
from tests.system.test_auditor import copied, key_of
from tests.system.test_keeping import joined
from tests.system.test_node import newest_checkpoint
from tests.system.test_succession import lose_the_disk

OCTETS = "application/octet-stream"


def mirrored(port: int, coop: str, size: int) -> list[bytes]:
    """Read all entries as a mirror of the log does."""
    entries: list[bytes] = []
    for number in range(-(-size // 256)):
        width = min(256, size - 256 * number)
        part = f".p/{width}" if width < 256 else ""
        bundle = ask(port, f"/log/{coop}/tile/entries/{number:03}{part}").content
        while bundle:
            end = 2 + int.from_bytes(bundle[:2])
            entries.append(bundle[2:end])
            bundle = bundle[end:]
    return entries


def offer(port: int, path: str, content: bytes, operator: Neighbour) -> Reply:
    return ask(port, path, content, OCTETS, Authorization=operator.token(port))


@dataclass
class Life:
    """What people hold of a co-op whose disk is lost after the backup."""

    coop: str
    home: Neighbour
    operator: Neighbour
    late: Neighbour
    """Joined after the backup."""
    start: int
    """How many entries the backup has at least."""
    kept: list[Statement]
    receipts: list[dict[str, object]]
    opened: Statement
    checkpoint: bytes
    entries: list[bytes]
    """All from `start` on, from a mirror."""
    audited: list[bytes]
    """What homes have not kept themselves, from an auditor."""

    @property
    def path(self) -> str:
        return f"/v1/coops/{self.coop}"

    @property
    def size(self) -> int:
        return self.start + len(self.entries)


def lived(folder: Path, backup: Path) -> Life:
    """Let a co-op live, be backed up, and live on."""
    coop = new_coop(folder)
    path = f"/v1/coops/{coop}"
    data = NodeFolder(folder)
    with running(folder) as (port, _):
        node = Node(data, data.choose(coop), port)
        home, operator = node.welcome(), node.welcome(Role.OPERATOR)
        token = node.welcome(Role.AUDITOR).token(port)
        command("backup", "--data", folder, backup)
        start = ask(port, path).json["entries"]
        kept = [home.say("metering", readings(total)) for total in range(300)]
        receipts = home.tell(port, *kept).json
        late = Neighbour(coop)
        assert late.join(port, node.code()).status == 201
        opened = late.open("metering")
        late.tell(port, opened)
        checkpoint = newest_checkpoint(port, coop)
        entries = mirrored(port, coop, ask(port, path).json["entries"])
        bodies = [
            ask(port, f"{path}/bodies/{index}", Authorization=token).content
            for index in range(start, len(entries))
        ]
    homes = {statement.wire for statement in (*kept, opened)}
    audited = [body for body in bodies if body not in homes]
    return Life(
        *(coop, home, operator, late, start, kept, receipts, opened, checkpoint),
        *(entries[start:], audited),
    )


def regain(port: int, life: Life) -> None:
    """Give a restored node its entries and bodies back."""
    place, start = f"{life.path}/entries?start=", life.start
    entries, operator = life.entries, life.operator
    assert offer(port, f"{place}{start}", pack(entries), life.home).json["code"] == "forbidden"
    bent = offer(port, f"{place}{start}", pack([*entries[:-1], b"{}"]), operator)
    assert (bent.status, bent.json["code"]) == (409, "not-regained")
    for at in (0, 100):
        part = entries[at : at + 100] if at == 0 else entries[at:]
        offered = offer(port, f"{place}{start + at}", pack(part), operator)
        assert offered.json["entries"] == start
    assert life.home.tell(port, *life.kept).json["code"] == "read-only"
    assert ask(port, life.path).json["entries"] == start + len(life.kept)
    for body in life.audited:
        assert offer(port, f"{life.path}/bodies", body, operator).json["missing"] is not None
    assert life.late.tell(port, life.opened).json["code"] == "read-only"
    assert ask(port, life.path).json["entries"] == life.size


def test_a_lost_disk_is_regained_and_the_log_goes_on(tmp_path: Path) -> None:
    folder, backup, checkpoint = (tmp_path / name for name in ("node", "backup", "checkpoint"))
    life = lived(folder, backup)
    for file in folder.glob("coops/*/books.sqlite*"):
        file.unlink()
    command("restore", "--data", folder, backup)
    with running(folder) as (port, _):
        assert life.home.tell(port, *life.kept).json["code"] == "read-only"
        shown = ask(port, f"{life.path}/checkpoints", life.checkpoint, "text/plain")
        assert "regained" in shown.json["read_only"]
        assert "regained" in refused("resume", "--data", folder, "--nobody-has-more", "--yes")
        regain(port, life)
        assert "resume" in ask(port, life.path).json["read_only"]
        checkpoint.write_bytes(life.checkpoint)
        resume = ("resume", "--data", folder, "--checkpoint", checkpoint, "--yes")
        assert f"from {life.size} entries" in command(*resume)
        again = life.home.tell(port, *life.kept).json
        assert [one["statement"] for one in again] == [one["statement"] for one in life.receipts]
        assert "statement" in life.late.tell(port, life.late.say("metering", readings())).json[0]
        assert newest_checkpoint(port, life.coop) != life.checkpoint
        new = ask(port, life.path).json["entries"]
        proof = f"{life.path}/proofs/consistency?old={life.size}&new={new}"
        assert ask(port, proof).status == 200
    assert "all follows" in command("verify", "--data", folder, "--checkpoint", checkpoint)


def mirror(port: int, coop: str, folder: Path) -> None:
    """Keep the log's files as a mirror does."""
    newest_checkpoint(port, coop)
    size = ask(port, f"/v1/coops/{coop}").json["entries"]
    for path in ("checkpoint", *(bundle.path for bundle in new_bundles(0, size))):
        write(folder / path, ask(port, f"/log/{coop}/{path}").content)


def test_the_command_regains_from_a_mirror_and_an_auditors_copy(tmp_path: Path) -> None:
    folder, backup, files = (tmp_path / name for name in ("node", "backup", "mirror"))
    coop = new_coop(folder)
    with running(folder) as (port, _):
        home, auditor = joined(folder, port, "member"), joined(folder, port, "auditor")
        key = key_of(auditor, tmp_path)
        home.tell(port, *(home.say("metering", readings(total)) for total in range(300)))
        command("backup", "--data", folder, backup)
        home.tell(port, *(home.say("metering", readings(total)) for total in range(700)))
        late = joined(folder, port, "member")
        copied(port, tmp_path / "copy", key)
        last = [home.say("metering", readings(total)) for total in range(5)]
        home.tell(port, *last)
        mirror(port, coop, files)
        size = ask(port, f"/v1/coops/{coop}").json["entries"]
    lose_the_disk(folder, backup)
    with running(folder) as (port, _), served(files) as url:
        regain = ("regain", "--data", folder, "--from", url)
        assert "is no mirror of this log" in refused(*regain[:-1], forged(url, files))
        nothing = partly(*regain)
        assert "still missing: the bodies of 7" in nothing
        assert "decisions, which auditors' copies have" in nothing
        with_copy = partly(*regain, "--copy", tmp_path / "copy")
        missing = "still missing: the bodies of 5 statements, which homes send again"
        assert missing in with_copy
        assert f"{size - 5} entries are here" in with_copy
        assert home.tell(port, *last).json["code"] == "read-only"
        whole = command(*regain)
        assert f"{size} entries are here" in whole
        assert "`settlement-node resume --checkpoint FILE` goes on" in whole
        command("resume", "--data", folder, "--checkpoint", files / "checkpoint", "--yes")
        assert "statement" in late.tell(port, late.say("metering", readings())).json[0]
    assert "all follows" in command("verify", "--data", folder)


def forged(url: str, files: Path) -> str:
    """Serve a checkpoint that nobody of the co-op has signed, under the same address."""
    first, size, *rest = (files / "checkpoint").read_bytes().split(b"\n")
    grown = b"%d" % (int(size) + 1)
    write(files / "forged" / "checkpoint", b"\n".join([first, grown, *rest]))
    return f"{url}/forged"
