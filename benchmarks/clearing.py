"""Prints what one clearing with all its fills costs, beside the floor and beside peers.

The floor is what any auction by sorting must do: sort both sides' packed keys, and sum them up.
Peers run in an environment of their own, which is made for this run and thrown away.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np

from depin_protocol.bounds import MAX_ENERGY, MAX_PRICE
from depin_protocol.clearing.book import Book, Integers, Side
from depin_protocol.clearing.uniform import clear

SIZES = (200, 1_000, 10_000, 100_000, 1_000_000)
SMALLEST, LARGEST = SIZES[0], SIZES[-1]
ROUNDS = 9
ROUND_S = 0.05

# 300,001 price levels and 5,000 Wh: 19 and 13 bits, which one 64-bit key holds easily.
LEVELS = 300_001
RETAIL, FEED_IN = 300_000, 80_000
MOST_WH = 5_000
FEW_MEMBERS = 1_000
WH_BITS = MOST_WH.bit_length()

PEERS = Path(__file__).resolve().parent / "peers"
PEER_PYTHON = "3.11"
PEER_PACKAGES = ("pymarket==0.7.6", "assume-framework==0.6.0", "pandas==2.3.3", "numpy==2.3.2")
PEER_LIMIT_S = 30

UNPACKED = "unpacked"
MOST_FLOORS = 2
MOST_FLOORS_UNPACKED = 6
MOST_US_AT_SMALLEST = 75
PEER_SIZE = 10_000
LEAST_TIMES_FASTER = 100


class NoPeersError(Exception):
    """The peers' environment cannot be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A program that clears the same books."""

    name: str
    script: str


@dataclass(frozen=True, slots=True)
class Timed:
    """What a peer took for one book, and the volume that it found."""

    seconds: float
    volume: float | None


@dataclass(slots=True)
class Row:
    """All times, in seconds, for one number of orders; this project's by the kind of book."""

    orders: int
    volume: int
    floor: float
    ours: dict[str, float]
    peers: dict[str, Timed] = field(default_factory=dict)


ALL_PEERS = (
    Peer("pymarket", "clear_with_pymarket.py"),
    Peer("assume", "clear_with_assume.py"),
)


def draw(
    orders: int, low: int = 0, high: int = LEVELS - 1, most_wh: int = MOST_WH, members: int = 0
) -> Book:
    """Draw a book, half bids and half asks; each order its own member, or one of so many."""
    random = np.random.default_rng(orders)
    half = orders // 2
    own = random.integers(0, members, orders) if members else np.arange(orders)

    def side(member: Integers) -> Side:
        return Side(
            price=random.integers(low, high, half, endpoint=True),
            wh=random.integers(1, most_wh, half, endpoint=True),
            member=member,
        )

    return Book(bids=side(own[:half]), asks=side(own[half:]))


def at_references(book: Book) -> Book:
    """Put all bids at one price and all asks at a lower one."""
    half = book.bids.wh.size
    return Book(
        bids=replace(book.bids, price=np.full(half, RETAIL)),
        asks=replace(book.asks, price=np.full(half, FEED_IN)),
    )


def sorted_by_price(book: Book) -> Book:
    """Let the orders of each side come by rising price."""
    return Book(
        bids=replace(book.bids, price=np.sort(book.bids.price)),
        asks=replace(book.asks, price=np.sort(book.asks.price)),
    )


def packed_keys(side: Side) -> Integers:
    """Put price and energy in one integer that sorts by price."""
    return (side.price << WH_BITS) | side.wh


def sort_and_sum(sides: tuple[Integers, Integers]) -> None:
    """Do the least that an auction by sorting must do."""
    for keys in sides:
        np.cumsum(np.sort(keys) & ((1 << WH_BITS) - 1))


def best_times(*tasks: Callable[[], object]) -> list[float]:
    """Time each task in turn, round after round, so that a busy machine is busy for all."""
    best = [float("inf")] * len(tasks)
    for _ in range(ROUNDS):
        for number, task in enumerate(tasks):
            began = perf_counter()
            task()
            once = perf_counter() - began
            repeats = max(1, int(ROUND_S / once))
            began = perf_counter()
            for _ in range(repeats):
                task()
            best[number] = min(best[number], (perf_counter() - began) / repeats)
    return best


def measure(orders: int) -> Row:
    """Time the floor and this project in one run."""
    packed = draw(orders)
    books = {
        "packed": packed,
        "sorted": sorted_by_price(packed),
        "R and F": at_references(packed),
        "one price": draw(orders, 7, 7),
        "members": draw(orders, 7, 7, members=FEW_MEMBERS),
        UNPACKED: draw(orders, -MAX_PRICE, MAX_PRICE, MAX_ENERGY),
    }
    keys = packed_keys(packed.bids), packed_keys(packed.asks)
    floor, *ours = best_times(
        lambda: sort_and_sum(keys), *(partial(clear, book) for book in books.values())
    )
    return Row(orders, clear(packed).volume, floor, dict(zip(books, ours, strict=True)))


def find_uv() -> str:
    """Find uv: on the path, beside this Python, or where `scripts/setup` keeps its own."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "depin-dev"
    kept = sorted(Path(os.environ.get("DEPIN_CACHE") or cache).glob("uv-*/bin/uv"))
    found = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if not found and not kept:
        msg = "uv is not on this machine; run scripts/setup first"
        raise NoPeersError(msg)
    return found or str(kept[-1])


def make_environment(folder: Path) -> Path:
    """Install the peers into a folder, and give the Python that has them."""
    uv = find_uv()
    python = folder / "bin" / "python"
    for command in (
        [uv, "venv", "--quiet", "--no-project", "--python", PEER_PYTHON, str(folder)],
        [uv, "pip", "install", "--quiet", "--python", str(python), *PEER_PACKAGES],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["it gave no reason"])[0].strip()
            msg = f"their environment cannot be made: {reason}"
            raise NoPeersError(msg)
    return python


def measure_peer(python: Path, peer: Peer, orders: int) -> Timed | None:
    """Let a peer clear the packed book; None where it takes too long."""
    book = draw(orders)
    sides = {
        name: np.column_stack((side.wh, side.price)).tolist()
        for name, side in (("bids", book.bids), ("asks", book.asks))
    }
    try:
        done = subprocess.run(
            [python, PEERS / peer.script],
            # One of them writes a log where it runs.
            cwd=python.parent,
            input=json.dumps(sides),
            capture_output=True,
            text=True,
            check=True,
            timeout=PEER_LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        return None
    except subprocess.CalledProcessError as error:
        reason = (error.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        msg = f"{peer.name} failed: {reason}"
        raise NoPeersError(msg) from error
    return Timed(**json.loads(done.stdout))


def measure_peers(rows: list[Row]) -> None:
    """Time every peer up to the largest book that it clears within the limit."""
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        python = make_environment(Path(folder))
        for peer in ALL_PEERS:
            for row in rows:
                timed = measure_peer(python, peer, row.orders)
                if timed is None:
                    break
                row.peers[peer.name] = timed


def shown(seconds: float) -> str:
    """Write a time in milliseconds."""
    return f"{seconds * 1e3:.3f}" if seconds < 1 else f"{seconds * 1e3:,.0f}"


def print_table(rows: list[Row]) -> None:
    """Print one line for each number of orders."""
    print(
        "One clearing in milliseconds, with all fills (pymarket: none); best of", ROUNDS, "rounds"
    )
    ours = [text for kind in rows[0].ours for text in (kind, "/floor")]
    print(f"{'orders':>9}", *(f"{name:>9}" for name in ("floor", *ours)))
    for row in rows:
        cells = [shown(row.floor)]
        for seconds in row.ours.values():
            cells += [shown(seconds), f"{seconds / row.floor:.2f}"]
        print(f"{row.orders:>9,}", *(f"{cell:>9}" for cell in cells))
    print("packed: price and energy fit one 64-bit key; unpacked: they do not. Packed as well are")
    print("sorted: by rising price; R and F: all bids at one price, all asks at a lower one;")
    print(
        f"one price: all orders at it, each of its own member; members: of {FEW_MEMBERS:,} members."
    )


def print_peers(rows: list[Row]) -> None:
    """Print what the peers took for the packed books, and whether they found the same volume."""
    names = [text for peer in ALL_PEERS for text in (peer.name, "/packed")]
    print(f"{'orders':>9}", *(f"{name:>12}" for name in names))
    for row in rows:
        cells = []
        for peer in ALL_PEERS:
            timed = row.peers.get(peer.name)
            if timed:
                cells += [shown(timed.seconds), f"{timed.seconds / row.ours['packed']:,.0f}"]
            else:
                cells += ["not measured", ""]
        print(f"{row.orders:>9,}", *(f"{cell:>12}" for cell in cells))
    print(f"A peer is not measured from where it takes more than {PEER_LIMIT_S} s, start included.")
    for peer in ALL_PEERS:
        measured = [(row, row.peers[peer.name]) for row in rows if peer.name in row.peers]
        others = [
            f"{row.orders:,} orders: {timed.volume} Wh, here {row.volume}"
            for row, timed in measured
            if timed.volume != row.volume
        ]
        same = "the same volume on every book measured" if measured else "not measured"
        print(f"{peer.name}: {'; '.join(others) or same}")


def print_aims(rows: list[Row]) -> None:
    """Say which aims hold, each for every kind of book."""
    by_orders = {row.orders: row for row in rows}
    small, middle, large = by_orders[SMALLEST], by_orders[PEER_SIZE], by_orders[LARGEST]

    def say(aim: str, outcome: str) -> None:
        print(f"{outcome:>12}  {aim}")

    def judged(*, holds: bool) -> str:
        return "holds" if holds else "MISSED"

    for kind, seconds in large.ours.items():
        most = MOST_FLOORS_UNPACKED if kind == UNPACKED else MOST_FLOORS
        say(
            f"{LARGEST:,} orders, {kind}, in at most {most} floors",
            judged(holds=seconds <= most * large.floor),
        )
    for kind, seconds in small.ours.items():
        say(
            f"{SMALLEST} orders, {kind}, in less than {MOST_US_AT_SMALLEST} microseconds",
            judged(holds=seconds * 1e6 < MOST_US_AT_SMALLEST),
        )
    for peer in ALL_PEERS:
        timed = middle.peers.get(peer.name)
        least = LEAST_TIMES_FASTER * middle.ours["packed"]
        say(
            f"{peer.name} beaten by {LEAST_TIMES_FASTER} times or more at {PEER_SIZE:,} orders",
            judged(holds=timed.seconds >= least) if timed else "not measured",
        )


def main() -> None:
    """Measure, and print the table."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    rows = [measure(orders) for orders in SIZES]
    problem = None
    try:
        measure_peers(rows)
    except NoPeersError as error:
        problem = error
    print_table(rows)
    if problem:
        print(f"Not every peer was measured: {problem}.")
    print_peers(rows)
    print_aims(rows)


if __name__ == "__main__":
    main()
