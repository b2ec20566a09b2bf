"""What a year of metering takes on disk: entries, bodies, receipts and the rows that find them.

    benchmarks/disk.py [--homes 30] [--days 28]

A co-op runs on a clock of the benchmark's own, on the real store; each home says its quarter of an
hour, 4 samples of two registers, at a moment of its own, so nearly every receipt stands alone. Half
of the days fill the store to where it stays as it is but for its growth; the growth of the other
half, by the file's size, counts.
"""

import argparse
import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw

from depin_protocol.encoding import to_text
from depin_protocol.identifiers import member_id
from depin_protocol.joining import JoinRequest
from depin_protocol.keys import public_key
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.statements.bodies import Body, Stream
from depin_protocol.statements.envelope import FIRST_PREV, Header, sign_statement
from depin_protocol.statements.measuring import Readings
from depin_protocol.statements.membership import ChainOpening
from settlement_node.coop.coop import Coop
from settlement_node.coop.keyring import Keyring
from settlement_node.coop.writer import Surroundings
from settlement_node.governance.actions import GiveInvite, action_body, invite_hash
from settlement_node.governance.facts import Facts
from settlement_node.governance.member import Role
from settlement_node.log.packing import pack_next
from settlement_node.store.opening import open_store

START = 1_790_000_100_000
QUARTER = 900_000
DAY = 96 * QUARTER
A_YEAR = 35_040
AIM = 10.0


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        """Tell the time."""
        return self.now


class Home:
    """A home with a grid meter: the sun shines into it by day."""

    def __init__(self, coop: str, chance: random.Random) -> None:
        self._coop = coop
        self._chance = chance
        self.seed = chance.randbytes(32)
        self.member = member_id(coop, public_key(self.seed))
        self._device = to_text(chance.randbytes(16))
        self._chains: dict[Stream, str] = {}
        self._heads: dict[Stream, tuple[int, str]] = {}
        self._registers = [chance.randrange(10**7), chance.randrange(10**7)]
        self.moment = chance.randrange(60_000)

    def request(self, code: bytes, at: int) -> bytes:
        """Write the request to join."""
        key, salt = public_key(self.seed), self._chance.randbytes(16)
        return JoinRequest(self._coop, code, key, "software", "Home", salt, at).signed(self.seed)

    def say(self, stream: Stream, body: Body, at: int) -> bytes:
        """Sign the next statement of a stream."""
        chain = self._chains.setdefault(stream, to_text(self._chance.randbytes(16)))
        seq, prev = self._heads.get(stream, (0, FIRST_PREV))
        salt = to_text(self._chance.randbytes(16))
        header = Header(self._coop, self.member, stream, chain, seq + 1, prev, at, salt)
        said = sign_statement(header, body, self.seed)
        self._heads[stream] = seq + 1, said.hash
        return said.wire

    def quarter(self, start: int, at: int) -> bytes:
        """Sign the readings of a quarter of an hour."""
        sun = max(0.0, 1 - abs((start % DAY) / DAY - 0.5) * 4)
        columns: list[list[int]] = [[], []]
        for sample in range(4):
            for register, column in zip(self._registers, columns, strict=True):
                column.append(register)
            if sample < 3:  # noqa: PLR2004 - the last one stands at the end
                power = self._chance.gauss(500, 200) - sun * self._chance.random() * 6_000
                self._registers[0 if power > 0 else 1] += int(abs(power)) // 12
        times = tuple(start + sample * 300_000 for sample in range(4))
        registers: dict[str, tuple[int | None, ...]] = {
            "import": tuple(columns[0]),
            "export": tuple(columns[1]),
        }
        return self.say("metering", Readings(self._device, times, registers), at)


async def lived(file: Path, homes: int, days: int) -> tuple[int, int]:
    """Live so many days; return how many statements were made and the file's growth, by half."""
    chance = random.Random(1)  # noqa: S311 - the same in every run
    clock = Clock()
    coop_id = chance.randbytes(16)
    operator = Home(to_text(coop_id), chance)
    log, receipts = chance.randbytes(32), chance.randbytes(32)
    facts = Facts(
        coop=to_text(coop_id),
        name="Bench",
        currency="EUR",
        token="SUN",  # noqa: S106 - no secret, the token's name
        market="street",
        origin="node.example/log/bench",
        rules=MarketRules(),
        log_key=public_key(log),
        receipt_key=public_key(receipts),
    )
    around = Surroundings(Keyring([log, receipts]), clock, chance.randbytes)
    store = await open_store(file, coop_id)
    await Coop.found(store, facts, operator.request(bytes(16), clock.now), around)
    coop = await Coop.open(store, around)
    await coop.start()
    await coop.submit([operator.say("trading", ChainOpening(), clock.now)])
    members = [Home(to_text(coop_id), chance) for _ in range(homes)]
    for home in members:
        code = chance.randbytes(16)
        invite = GiveInvite(invite_hash(code), clock.now + DAY, Role.MEMBER)
        await coop.submit([operator.say("trading", action_body(invite, "bench"), clock.now)])
        await coop.join(home.request(code, clock.now))
        await coop.submit([home.say("metering", ChainOpening(), clock.now)])
    sizes = []
    for half in range(2):
        for day in range(half * days // 2, (half + 1) * days // 2):
            await live_a_day(coop, clock, members, START + day * DAY)
            while await pack_next(store, coop.position.checkpoint.size, clock.now - DAY):
                pass
        sizes.append(pages(file))
    await coop.close()
    await store.close()
    counted = homes * 96 * (days - days // 2)
    return counted, sizes[1] - sizes[0]


async def live_a_day(coop: Coop, clock: Clock, homes: Sequence[Home], day: int) -> None:
    """Let every home say its quarters of an hour, each at its own moment."""
    in_turn = sorted(homes, key=lambda home: home.moment)
    for quarter in range(day, day + DAY, QUARTER):
        for home in in_turn:
            clock.now = max(clock.now, quarter + QUARTER + home.moment)
            answers = await coop.submit([home.quarter(quarter, clock.now)])
            if isinstance(answers[0], Exception):
                raise answers[0]


def pages(file: Path) -> int:
    """Return how many bytes the file has, with what is still in the WAL."""
    connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
    size = int(connection.pragma("page_count")) * int(connection.pragma("page_size"))
    connection.close()
    return size


def by_table(file: Path) -> list[tuple[str, int, int]]:
    """Return bytes and rows of each table that has some."""
    connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
    sizes = "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 8"
    found = []
    for name, size in connection.execute(sizes).fetchall():
        count = connection.execute(f'SELECT count(*) FROM "{name}"').fetchall()[0][0]  # noqa: S608
        found.append((str(name), int(str(size)), int(str(count))))
    connection.close()
    return found


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--homes", type=int, default=30, help="how many (30)")
    parser.add_argument("--days", type=int, default=28, help="how long (28)")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "books.sqlite"
        count, grown = asyncio.run(lived(file, given.homes, given.days))
        each = grown / count
        print(
            f"{given.homes} homes: {each:.0f} bytes a statement,"
            f" {each * A_YEAR / 1e6:.1f} MB a home and year (at most {AIM:.0f} wanted)"
        )
        for name, size, rows in by_table(file):
            print(f"  {name:16}{size / 1e6:9.2f} MB{rows:10,} rows")


main()
