"""Durable statements over HTTP, from separate client processes, beside what the parts allow.

    python -m benchmarks.intake [--seconds 3] [--rounds 3] [--homes 32] [--clients 2]

The floor of a statement is the CPU time of its parts, measured in the same round on the same bytes:
one HTTP request of the same size that does nothing and gets an answer of the same size, on the
same server; one signature check; one group-committed row of the same size, all homes in a group.
`of floor` is that time by what the node used. Times of a process are its own CPU time, so that
neighbours on the machine count little; rates and latencies are by the clock. Node and floor take
turns, and what is printed are the medians of the rounds.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import apsw
from aiohttp import web

from depin_protocol.durations import DAY
from depin_protocol.encoding import to_text
from depin_protocol.frames import MEDIA_TYPE, pack
from depin_protocol.identifiers import member_id
from depin_protocol.joining import JoinRequest
from depin_protocol.keys import public_key, verify
from depin_protocol.statements.bodies import Body
from depin_protocol.statements.envelope import FIRST_PREV, Header, sign_statement
from depin_protocol.statements.measuring import Readings
from depin_protocol.statements.membership import ChainOpening
from settlement_node.api.limits import Limits, Rate
from settlement_node.api.serving import Listening, serving
from settlement_node.commands.local_node import operator
from settlement_node.governance.actions import GiveInvite, invite_hash
from settlement_node.governance.member import Role
from settlement_node.hosting.clock import now
from settlement_node.hosting.folder import NodeFolder
from settlement_node.hosting.founding import Wish, found
from settlement_node.hosting.hosting import hosting

BATCH = 100
RECEIPT = 540
"""Bytes of a receipt, about."""
NOBODY = to_text(bytes(16))
"""The co-op of the server that does nothing."""
SAMPLES = {"single": 60, "batch": 4}
"""Samples of a statement: 60 where one travels alone, a quarter of an hour's 4 in a batch."""

UNLIMITED = Limits(
    address=Rate(10**15, 10**12), member=Rate(10**15, 10**12), requests_per_address=10**6
)


def numbered(kind: str, number: int, length: int) -> bytes:
    """Make bytes that server and clients agree on."""
    return sha256(f"{kind} {number}".encode()).digest()[:length]


def spent() -> float:
    """Return the CPU time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Home:
    """A home that signs ahead of time what it will send."""

    def __init__(self, coop: str, number: int) -> None:
        self.coop = coop
        self.number = number
        self.seed = numbered("seed", number, 32)
        self.member = member_id(coop, public_key(self.seed))
        self.chain = to_text(numbered("chain", number, 16))
        self.seq = 0
        self.prev = FIRST_PREV

    def request(self) -> bytes:
        """Write the request to join."""
        code, salt = numbered("code", self.number, 16), numbered("salt", self.number, 16)
        key = public_key(self.seed)
        name = f"Home {self.number}"
        return JoinRequest(self.coop, code, key, "software", name, salt, now()).signed(self.seed)

    def say(self, body: Body) -> bytes:
        """Sign the next statement."""
        self.seq += 1
        salt = to_text(numbered("salt", self.seq, 16))
        name, at = self.member, now()
        header = Header(self.coop, name, "metering", self.chain, self.seq, self.prev, at, salt)
        statement = sign_statement(header, body, self.seed)
        self.prev = statement.hash
        return statement.wire

    def readings(self, samples: int) -> bytes:
        """Sign readings of two registers."""
        start = now() - samples * 60_000
        at = tuple(start + place * 60_000 for place in range(samples))
        totals: tuple[int | None, ...] = tuple(
            1_000_000 + self.seq * 100 + place for place in range(samples)
        )
        registers = {"import": totals, "export": totals}
        return self.say(Readings(to_text(bytes(16)), at, registers, None, None, None))


def http(path: str, media_type: str, content: bytes) -> bytes:
    """Write a request."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {media_type}\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


async def asked(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> bytes:
    """Send a request, and return the content of the answer."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    content = await reader.readexactly(length)
    if not head.startswith(b"HTTP/1.1 2"):
        raise RuntimeError(content.decode())
    return content


async def client(port: int, coop: str, mode: str, homes: Sequence[int], seconds: float) -> None:
    """Be several homes at once; print what came of it."""
    latencies: list[float] = []
    counted = BATCH if mode == "batch" else 1
    ready = asyncio.Event()
    prepared = 0

    async def live(number: int) -> int:
        nonlocal prepared
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        home = Home(coop, number)
        if coop == NOBODY:
            home.say(ChainOpening())
            content = pack([home.readings(SAMPLES[mode])] * counted)
            requests = [http("/noop", MEDIA_TYPE, content)] * 100_000
        else:
            path = f"/v1/coops/{coop}/members"
            await asked(
                reader, writer, http(path, "application/vnd.depin.join-request", home.request())
            )
            opening = http("/v1/statements", MEDIA_TYPE, pack([home.say(ChainOpening())]))
            await asked(reader, writer, opening)
            samples = SAMPLES[mode]
            most = int(seconds * (6_000 if counted > 1 else 4_000) / len(homes) / counted) + 2
            requests = [
                http(
                    "/v1/statements",
                    MEDIA_TYPE,
                    pack([home.readings(samples) for _ in range(counted)]),
                )
                for _ in range(most)
            ]
        prepared += 1
        if prepared == len(homes):
            print("ready", flush=True)
            await asyncio.to_thread(sys.stdin.readline)
            ready.set()
        await ready.wait()
        end = time.perf_counter() + seconds
        done = 0
        for request in requests:
            begun = time.perf_counter()
            if begun > end:
                break
            content = await asked(reader, writer, request)
            latencies.append(time.perf_counter() - begun)
            done += counted
            if coop != NOBODY and content.count(b'"signature"') != counted:
                raise RuntimeError(content[:500])
        writer.close()
        return done

    begun = time.perf_counter()
    total = sum(await asyncio.gather(*(live(number) for number in homes)))
    print(json.dumps({"done": total, "latencies": latencies, "took": time.perf_counter() - begun}))


async def server(folder: Path, homes: int) -> None:
    """Run a node whose co-op has invited so many homes; tell CPU times when asked."""
    node = NodeFolder(folder)
    made = await found(node, Wish("Bench", "EUR", "SUN", "bench", "http://localhost:8480", "Op"))
    where = Listening(node.socket, "127.0.0.1", 0)
    async with hosting(node.coops()) as hosted, serving(hosted, where, UNLIMITED) as port:
        async with operator(node, made) as speaker:
            for number in range(homes):
                code = invite_hash(numbered("code", number, 16))
                await speaker.act(GiveInvite(code, now() + DAY, Role.MEMBER), "bench")
        await told(port, made.description.coop)


async def noop_server(length: int) -> None:
    """Run the same HTTP server with nothing behind it, and answers of this length."""
    content = bytes(length)

    async def nothing(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=content, content_type="application/json")

    app = web.Application(client_max_size=2**20)
    app.router.add_post("/noop", nothing)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    await told(runner.addresses[0][1], NOBODY)
    await runner.cleanup()


async def told(port: int, coop: str) -> None:
    """Say where the server is, then its CPU time whenever a line comes."""
    print(json.dumps({"port": port, "coop": coop}), flush=True)
    while (await asyncio.to_thread(sys.stdin.readline)).strip():
        print(json.dumps({"cpu": spent(), "mib": resident()}), flush=True)


def resident() -> int:
    """Return how many MiB this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 // 2**20


@dataclass
class Child:
    """This program in another role, spoken to by lines."""

    process: subprocess.Popen[str]

    @classmethod
    def begin(cls, *role: object) -> Child:
        """Start it."""
        command = [sys.executable, __file__, *map(str, role)]
        return cls(
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
            )
        )

    def hear(self) -> str:
        """Wait for a line."""
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            raise RuntimeError("a part of the benchmark has ended")
        return line

    def tell(self, line: str) -> None:
        """Say a line."""
        if self.process.stdin:
            self.process.stdin.write(f"{line}\n")

    def ask(self) -> dict[str, Any]:
        """Ask a server for its CPU time."""
        self.tell("cpu")
        answer: dict[str, Any] = json.loads(self.hear())
        return answer

    def end(self) -> None:
        """Let a server stop."""
        self.tell("")
        self.process.communicate()


@dataclass
class Measured:
    """What clients and server did in one mode."""

    rate: float
    cpu: float
    """Of the server, in microseconds a statement."""
    p50: float
    p99: float
    mib: int
    done: int


def measured(node: Child, mode: str, homes: int, clients: int, seconds: float) -> Measured:
    """Let clients speak to a server in one mode."""
    begun = json.loads(node.hear())
    own = [range(number, homes, clients) for number in range(clients)]
    started = [
        Child.begin("--client", begun["port"], begun["coop"], mode, seconds, *one) for one in own
    ]
    for one in started:
        one.hear()
    before = node.ask()
    for one in started:
        one.tell("go")
    clock = time.perf_counter()
    results = [json.loads(one.hear()) for one in started]
    took = time.perf_counter() - clock
    after = node.ask()
    for one in started:
        one.process.communicate()
    node.end()
    done = sum(one["done"] for one in results)
    latencies = sorted(latency for one in results for latency in one["latencies"])
    return Measured(
        done / min(took, seconds),
        (after["cpu"] - before["cpu"]) / done * 1e6,
        latencies[len(latencies) // 2] * 1e3,
        latencies[len(latencies) * 99 // 100] * 1e3,
        after["mib"],
        done,
    )


def verify_cost(wires: Sequence[bytes]) -> float:
    """Return the CPU time of one check, in microseconds."""
    key = public_key(numbered("seed", 0, 32))
    prefix = b"depin statement v1\x00"
    begun = time.process_time()
    for wire in wires:
        if not verify(key, prefix + wire[64:], wire[:64]):
            raise RuntimeError("a statement of the benchmark's own does not verify")
    return (time.process_time() - begun) / len(wires) * 1e6


def commit_cost(folder: Path, wires: Sequence[bytes], group: int) -> float:
    """Return the CPU time of one durable row in groups of this size, in microseconds."""
    connection = apsw.Connection(str(folder / "rows.sqlite"))
    connection.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE said (at INTEGER PRIMARY KEY, wire BLOB NOT NULL) STRICT")
    begun = time.process_time()
    for start in range(0, len(wires), group):
        with connection:
            rows = enumerate(wires[start : start + group], start)
            connection.executemany("INSERT INTO said VALUES (?, ?)", rows)
    cost = (time.process_time() - begun) / len(wires) * 1e6
    connection.close()
    (folder / "rows.sqlite").unlink()
    return cost


def main() -> None:
    """Be the part that the command line names, or measure."""
    if sys.argv[1:2] == ["--server"]:
        return asyncio.run(server(Path(sys.argv[2]), int(sys.argv[3])))
    if sys.argv[1:2] == ["--noop"]:
        return asyncio.run(noop_server(int(sys.argv[2])))
    if sys.argv[1:2] == ["--client"]:
        port, coop, mode, seconds, *homes = sys.argv[2:]
        work = client(int(port), coop, mode, [int(one) for one in homes], float(seconds))
        return asyncio.run(work)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement (3)")
    parser.add_argument("--rounds", type=int, default=3, help="their median is shown (3)")
    parser.add_argument("--homes", type=int, default=32, help="who speak (32)")
    parser.add_argument("--clients", type=int, default=2, help="processes that speak for them (2)")
    given = parser.parse_args()
    print(f"{'':8}{'a second':>10}{'p50 ms':>8}{'p99 ms':>8}{'CPU us':>8}", end="")
    print(f"{'http':>7}{'verify':>8}{'commit':>8}{'floor':>7}{'of floor':>10}{'of verify':>11}")
    for mode in SAMPLES:
        table(mode, given.seconds, given.rounds, given.homes, given.clients)
    return None


class Round(NamedTuple):
    """The node and its floor, one after the other."""

    node: Measured
    http: float
    verify: float
    commit: float

    @property
    def floor(self) -> float:
        """What the parts cost together."""
        return self.http + self.verify + self.commit


def table(mode: str, seconds: float, rounds: int, homes: int, clients: int) -> None:
    """Measure a mode, and print it."""
    home = Home(NOBODY, 0)
    home.say(ChainOpening())
    wires = [home.readings(SAMPLES[mode]) for _ in range(2_000)]
    counted = BATCH if mode == "batch" else 1
    taken: list[Round] = []
    sizes: list[float] = []
    for _ in range(rounds):
        with TemporaryDirectory() as name:
            folder = Path(name)
            noop = Child.begin("--noop", RECEIPT * counted)
            http = measured(noop, mode, homes, clients, seconds).cpu
            verify, commit = verify_cost(wires), commit_cost(folder, wires, homes * counted)
            server = Child.begin("--server", folder / mode, homes)
            node = measured(server, mode, homes, clients, seconds)
            taken.append(Round(node, http, verify, commit))
            books = next((folder / mode).glob("coops/*/books.sqlite"))
            sizes.append(books.stat().st_size / node.done)

    def typical(value: Callable[[Round], float]) -> float:
        return median(value(one) for one in taken)

    print(f"{mode:8}{typical(lambda one: one.node.rate):>10,.0f}", end="")
    print(f"{typical(lambda one: one.node.p50):>8.1f}", end="")
    print(f"{typical(lambda one: one.node.p99):>8.1f}", end="")
    print(f"{typical(lambda one: one.node.cpu):>8.1f}", end="")
    print(f"{typical(lambda one: one.http):>7.1f}{typical(lambda one: one.verify):>8.1f}", end="")
    print(f"{typical(lambda one: one.commit):>8.1f}{typical(lambda one: one.floor):>7.1f}", end="")
    print(f"{typical(lambda one: one.floor / one.node.cpu):>10.2f}", end="")
    print(f"{typical(lambda one: one.verify / one.node.cpu):>11.2f}")
    size, most = median(sizes), max(one.node.mib for one in taken)
    print(
        f"        {len(wires[0])} bytes a statement, {size:,.0f} in the books, {most} MiB"
        f" resident; 35,040 of them: {size * 35_040 / 1e6:.1f} MB a year"
    )


main()
