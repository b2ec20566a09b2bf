"""What a statement costs when the log is long: CPU time in batches, and the node's start.

    benchmarks/growth.py [--entries 10000000] [--homes 100] [--rounds 7]

Two co-ops, one whose log is short and one whose log is long, take the same statements in turn, in
groups of 100. The long log is filled directly in the store's form: entries, tiles, bundles, and the
rows that find statements and receipts are such as the node would have written; of bodies, one real
pack stands for all, since none of them is read again.
"""

import argparse
import asyncio
import secrets
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import batched
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError

from depin_protocol.durations import DAY
from depin_protocol.encoding import to_text
from depin_protocol.identifiers import member_id
from depin_protocol.joining import JoinRequest
from depin_protocol.keys import public_key
from depin_protocol.log.entries import StatementEntry
from depin_protocol.statements.bodies import Body
from depin_protocol.statements.envelope import FIRST_PREV, Header, sign_statement
from depin_protocol.statements.measuring import Readings
from depin_protocol.statements.membership import ChainOpening
from settlement_node.commands.local_node import operator
from settlement_node.coop.coop import Coop
from settlement_node.governance.actions import GiveInvite, invite_hash
from settlement_node.governance.member import Role
from settlement_node.hosting.clock import now
from settlement_node.hosting.folder import CoopFolder, NodeFolder
from settlement_node.hosting.founding import Wish, found
from settlement_node.hosting.hosting import surroundings
from settlement_node.intake.receipts import RECEIPT_GROUP
from settlement_node.intake.streams import CHAIN, STATEMENT, chain_row
from settlement_node.log.bundles import pack_entries
from settlement_node.log.packing import pack_next
from settlement_node.log.packs import pack_bodies
from settlement_node.log.sequence import Sequence
from settlement_node.log.tables import BODY, BUNDLE, BUNDLE_WIDTH, ENTRY, PACK, PACK_WIDTH, TILE
from settlement_node.store.opening import open_store
from settlement_node.store.tables import Put, Row

GROUP = 100
GROUPS = 10
SHORT = 1_000
AIM = 1.3
PORT = 18_473


class Home:
    """A home that says small readings."""

    def __init__(self, coop: str) -> None:
        self._coop = coop
        self.seed = secrets.token_bytes(32)
        self.member = member_id(coop, public_key(self.seed))
        self.chain = to_text(secrets.token_bytes(16))
        self.seq = 0
        self.prev = FIRST_PREV

    def request(self, code: bytes) -> bytes:
        """Write the request to join."""
        key, salt = public_key(self.seed), secrets.token_bytes(16)
        return JoinRequest(self._coop, code, key, "software", "Home", salt, now()).signed(self.seed)

    def say(self, body: Body) -> bytes:
        """Sign the next statement."""
        salt = to_text(secrets.token_bytes(16))
        self.seq += 1
        header = Header(
            self._coop, self.member, "metering", self.chain, self.seq, self.prev, now(), salt
        )
        said = sign_statement(header, body, self.seed)
        self.prev = said.hash
        return said.wire

    def reading(self) -> bytes:
        """Sign the smallest reading."""
        return self.say(Readings(to_text(bytes(16)), (now(),), {"import": (self.seq,)}))


async def made(path: Path, homes: int) -> tuple[CoopFolder, list[Home]]:
    """Make a co-op with homes whose chains are open."""
    node = NodeFolder(path)
    folder = await found(node, Wish("Bench", "EUR", "SUN", "bench", "http://localhost:8480", "Op"))
    members = [Home(folder.description.coop) for _ in range(homes)]
    codes = [secrets.token_bytes(16) for _ in members]
    async with operator(node, folder) as speaker:
        for code in codes:
            await speaker.act(GiveInvite(invite_hash(code), now() + DAY, Role.MEMBER), "bench")
    store = await open_store(folder.books, folder.coop)
    coop = await Coop.open(store, surroundings(folder))
    await coop.start()
    for home, code in zip(members, codes, strict=True):
        await coop.join(home.request(code))
        await coop.submit([home.say(ChainOpening())])
    await coop.close()
    await store.close()
    return folder, members


def sample_of(coop: str, count: int) -> list[bytes]:
    """Sign bodies that stand for all others."""
    homes = [Home(coop) for _ in range(count // 64)]
    for home in homes:
        home.say(ChainOpening())
    return [homes[number % len(homes)].reading() for number in range(count)]


async def fill(folder: CoopFolder, homes: list[Home], entries: int) -> None:
    """Let the homes have said so much that the log has so many entries."""
    store = await open_store(folder.books, folder.coop)
    coop = await Coop.open(store, surroundings(folder))
    members = coop.state.community.members
    chains = [members[home.member].streams["metering"].chains[home.chain] for home in homes]
    sample = sample_of(folder.description.coop, PACK_WIDTH)
    pack = pack_bodies(sample)
    sequence = await Sequence.load(store)
    at = now()
    while sequence.size < entries:
        start = sequence.size
        end = min(entries, (start // PACK_WIDTH + 1) * PACK_WIDTH)
        written = []
        statements: list[Row] = []
        for index in range(start, end):
            chain = chains[index % len(chains)]
            chain.seq += 1
            chain.hash = to_text(secrets.token_bytes(32))
            written.append(StatementEntry(at, "readings", chain.hash).encode())
            sequence.append(written[-1], b"")
            statements.append((chain.opened_at, chain.seq, index))
        signature = secrets.token_bytes(64)
        changes = [change for change in sequence.take_changes() if change.table is TILE]
        changes.append(Put(STATEMENT, statements))
        changes.append(
            Put(RECEIPT_GROUP, [(index, 1, at + DAY, signature) for index in range(start, end)])
        )
        if start % PACK_WIDTH == 0 and end < entries:
            first = start // BUNDLE_WIDTH
            bundles = enumerate(batched(written, BUNDLE_WIDTH, strict=True), first)
            changes.append(Put(BUNDLE, [(number, pack_entries(some)) for number, some in bundles]))
            changes.append(Put(PACK, [(start, PACK_WIDTH, pack)]))
        else:
            changes.append(Put(ENTRY, list(enumerate(written, start))))
            changes.append(Put(BODY, list(enumerate(sample[: end - start], start))))
        await store.commit(changes)
        if start and end == PACK_WIDTH < entries:
            await pack_next(store, end + 1, now() + DAY)
    heads = []
    for home, chain in zip(homes, chains, strict=True):
        home.seq, home.prev = chain.seq, chain.hash
        heads.append(chain_row(home.member, "metering", home.chain, chain))
    await store.commit([Put(CHAIN, heads)])
    await coop.close()
    await store.close()


async def cost(coop: Coop, homes: list[Home]) -> float:
    """Return the CPU time of one statement, in microseconds."""
    said = [homes[number % len(homes)].reading() for number in range(GROUP * GROUPS)]
    groups = list(batched(said, GROUP, strict=True))
    begun = time.process_time()
    answers = [await coop.submit(group) for group in groups]
    took = time.process_time() - begun
    for answer in (one for group in answers for one in group):
        if isinstance(answer, Exception):
            raise answer
    return took / (GROUP * GROUPS) * 1e6


@asynccontextmanager
async def running(folder: CoopFolder) -> AsyncIterator[Coop]:
    """Run a co-op."""
    store = await open_store(folder.books, folder.coop)
    coop = await Coop.open(store, surroundings(folder))
    await coop.start()
    try:
        yield coop
    finally:
        await coop.close()
        await store.close()


def start_time(path: Path) -> float:
    """Return how many seconds `serve` takes until it answers."""
    command = [sys.executable, "-m", "settlement_node", "serve", "--data", str(path)]
    begun = time.perf_counter()
    with subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(PORT)], stdout=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            with suppress(URLError):
                urllib.request.urlopen(f"http://127.0.0.1:{PORT}/openapi.json").close()
                break
            time.sleep(0.01)
        took = time.perf_counter() - begun
        process.terminate()
    return took


async def costs(
    made_ones: list[tuple[CoopFolder, list[Home]]], rounds: int
) -> tuple[list[float], list[int]]:
    """Return what a statement costs in each co-op, taking turns, and how long the logs are then."""
    (short, short_homes), (long, long_homes) = made_ones
    async with running(short) as few, running(long) as many:
        turns = [
            (await cost(few, short_homes), await cost(many, long_homes)) for _ in range(rounds + 1)
        ]
        sizes = [few.position.size, many.position.size]
    return [statistics.median(column) for column in zip(*turns[1:], strict=True)], sizes


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--entries", type=int, default=10_000_000, help="of the long log (10,000,000)"
    )
    parser.add_argument("--homes", type=int, default=100, help="who speak (100)")
    parser.add_argument("--rounds", type=int, default=7, help="their median is shown (7)")
    given = parser.parse_args()
    with TemporaryDirectory() as name:
        paths = [Path(name) / "short", Path(name) / "long"]
        made_ones = [asyncio.run(made(path, given.homes)) for path in paths]
        for (folder, homes), entries in zip(made_ones, (SHORT, given.entries), strict=True):
            begun = time.perf_counter()
            asyncio.run(fill(folder, homes, entries))
            size = Path(folder.books).stat().st_size
            took = time.perf_counter() - begun
            print(f"{entries:,} entries: {size / 1e6:,.1f} MB, filled in {took:.0f} s", flush=True)
        medians, sizes = asyncio.run(costs(made_ones, given.rounds))
        length = len(made_ones[0][1][0].reading())
        print(f"a statement of {length} bytes, in groups of {GROUP}:")
        for median, size in zip(medians, sizes, strict=True):
            print(f"  {median:.1f} us of CPU in a log of {size:,} entries at the end")
        print(f"  {medians[1] / medians[0]:.2f} times as much (at most {AIM} wanted)")
        for path in paths:
            print(f"serve answers after {start_time(path):.2f} s ({path.name} log)")


main()
