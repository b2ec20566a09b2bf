"""What reading devices costs a real Home Assistant: CPU time, memory, and blocks of its loop.

    benchmarks/home.py [--seconds 120] [--devices 1 5 20]

Each Home Assistant runs in a process of its own with recorder and history. It has joined a co-op
whose node is away, and reads meters that pymodbus plays over real sockets, every 10 s. What one
without the integration takes is the first line, which the others are compared with. A block is a
piece of work on the event loop, whoever's, that takes more than 10 ms of its thread's own time.
"""

import argparse
import asyncio
import json
import os
import socket
import struct
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from depin_protocol.encoding import to_text
from depin_protocol.identifiers import member_id
from depin_protocol.keys import public_key
from depin_protocol.log.notes import SignatureType, VerifierKey

REPOSITORY = Path(__file__).parents[1]
POLL_S = 10
WARM_UP_S = 45
HOUR_S = 3600
AIM_PERCENT = 1.0
AIM_MIB = 40.0

CONFIGURATION = """\
homeassistant:
  name: Benchmark
  latitude: 48.2
  longitude: 16.4
  time_zone: Europe/Vienna
http:
  server_host: 127.0.0.1
  server_port: {port}
recorder:
history:
loop_watch:
"""

LOOP_WATCH = '''\
"""Write down what takes more than 10 ms of the event loop's time."""

import asyncio
import time

LIMIT_S = 0.01


async def async_setup(hass, config):
    """Watch each piece of work from now on."""
    run = asyncio.events.Handle._run
    blocks = hass.config.path("blocks.txt")

    def watched(handle):
        began = time.thread_time()
        run(handle)
        took = time.thread_time() - began
        if took > LIMIT_S:
            with open(blocks, "a") as file:
                file.write(f"{time.time():.0f} {took * 1000:.1f} ms {handle!r}\\n")

    asyncio.events.Handle._run = watched
    return True
'''


@dataclass(frozen=True)
class Cost:
    """What one Home Assistant took."""

    devices: int
    cpu_s_per_hour: float
    rss_mib: float
    blocks: int
    longest_ms: float


class Meter:
    """An SDM630 whose power moves and whose counter counts on."""

    def __init__(self) -> None:
        self.requests = 0

    async def answer(
        self,
        _function: int,
        start: int,
        address: int,
        count: int,
        current: list[int],
        _: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Fill in what is asked for."""
        self.requests += 1
        now = time.time()
        values = {
            52: 1000 + now % 997,
            70: 50.0,
            72: 1000 + now % 1_000_000 / 1000,
            74: 1.0,
        }
        words: dict[int, int] = {}
        for at, value in values.items():
            words[at], words[at + 1] = struct.unpack(">HH", struct.pack(">f", value))
        for at in range(address, address + count):
            current[at - start] = words.get(at, 0)
        return None


def main() -> None:
    """Measure each number of devices after the other."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=120, help="for each line of the table (120)")
    parser.add_argument(
        "--devices", type=int, nargs="+", default=[1, 5, 20], help="how many are read (1 5 20)"
    )
    wanted = parser.parse_args()
    numbers = sorted({0, *wanted.devices})
    costs = [asyncio.run(_measure(number, wanted.seconds)) for number in numbers]
    _print_table(costs, wanted.seconds)


def _print_table(costs: Sequence[Cost], seconds: int) -> None:
    base = costs[0]
    print(f"{os.cpu_count()} cores, {seconds} s each, every {POLL_S} s a reading")
    print(
        "devices  CPU s/hour  more % of a core  ratio  RSS MiB  more MiB  blocks > 10 ms  longest"
    )
    for cost in costs:
        more = (cost.cpu_s_per_hour - base.cpu_s_per_hour) / HOUR_S * 100
        # In a short run it can take less than the kernel counts.
        ratio = f"{cost.cpu_s_per_hour / base.cpu_s_per_hour:.2f}" if base.cpu_s_per_hour else "-"
        print(
            f"{cost.devices:7}  {cost.cpu_s_per_hour:10.1f}  {more:16.2f}  {ratio:>5}"
            f"  {cost.rss_mib:7.1f}  {cost.rss_mib - base.rss_mib:8.1f}"
            f"  {cost.blocks:14}  {cost.longest_ms:5.1f} ms"
        )
    print(f"aim at 5 devices: under {AIM_PERCENT:g} % of a core, {AIM_MIB:g} MiB; no block")


async def _measure(devices: int, seconds: int) -> Cost:
    async with AsyncExitStack() as played:
        ports = []
        meters = [Meter() for _ in range(devices)]
        for meter in meters:
            everywhere = SimData(0, count=0x10000, values=0, datatype=DataType.UINT16)
            server = ModbusTcpServer(
                SimDevice(0, [everywhere], action=meter.answer), address=("127.0.0.1", 0)
            )
            await server.serve_forever(background=True)
            played.push_async_callback(server.shutdown)
            listening: Any = server.transport
            ports.append(listening.sockets[0].getsockname()[1])
        folder = Path(played.enter_context(TemporaryDirectory(prefix="depin-home-")))
        _furnish(folder, ports)
        cost = await _run(folder, devices, seconds)
        asked = min((meter.requests for meter in meters), default=0)
        if meters and asked < seconds // POLL_S:
            sys.exit(f"a meter was asked {asked} times alone:\n{_end_of_log(folder)}")
        return cost


async def _run(folder: Path, devices: int, seconds: int) -> Cost:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with (folder / "output.log").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "homeassistant"),
            *("--config", folder, "--skip-pip"),
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=output,
        )
        try:
            await asyncio.sleep(WARM_UP_S)
            began, before = time.time(), _cpu_s(process.pid)
            await asyncio.sleep(seconds)
            used, took = _cpu_s(process.pid) - before, time.time() - began
            rss = _rss_mib(process.pid)
        finally:
            process.terminate()
            await process.wait()
    longest = [
        float(took_ms)
        for at, took_ms, *_ in map(str.split, _lines(folder / "blocks.txt"))
        if float(at) >= began
    ]
    return Cost(devices, used / took * HOUR_S, rss, len(longest), max(longest, default=0.0))


def _furnish(folder: Path, ports: Sequence[int]) -> None:
    """Write the files of a home that has joined a co-op and has some meters."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "configuration.yaml").write_text(CONFIGURATION.format(port=port))
    components = folder / "custom_components"
    (components / "loop_watch").mkdir(parents=True)
    (components / "loop_watch" / "__init__.py").write_text(LOOP_WATCH)
    manifest = {"domain": "loop_watch", "name": "Loop watch", "version": "1.0.0"}
    (components / "loop_watch" / "manifest.json").write_text(json.dumps(manifest))
    if not ports:
        return
    (components / "depin").symlink_to(REPOSITORY / "custom_components" / "depin")
    storage = folder / ".storage"
    storage.mkdir()
    seed = bytes(range(32))
    coop = to_text(bytes(16))
    member = member_id(coop, public_key(seed))
    _store(storage, f"depin.key.{member}", 1, {"seeds": [to_text(seed)]})
    _store(storage, "core.config_entries", 5, {"entries": [_entry(coop, member, ports)]})


def _store(storage: Path, key: str, minor: int, data: object) -> None:
    written = {"version": 1, "minor_version": minor, "key": key, "data": data}
    (storage / key).write_text(json.dumps(written))


def _entry(coop: str, member: str, ports: Sequence[int]) -> dict[str, Any]:
    log = VerifierKey("node.example/log", SignatureType.ED25519, public_key(bytes(32)))
    now = "2026-11-20T00:00:00+00:00"
    return {
        "created_at": now,
        "modified_at": now,
        "data": {
            "coop": coop,
            "member": member,
            "address": "http://127.0.0.1:1",
            "node_key": to_text(public_key(bytes(32))),
            "invite_code": to_text(bytes(16)),
            "name": "Benchmark",
            "pseudonym_salt": to_text(bytes(16)),
            "origin": log.name,
            "log_key": log.format(),
        },
        "disabled_by": None,
        "discovery_keys": {},
        "domain": "depin",
        "entry_id": "01JDEPINBENCHMARK000000000",
        "minor_version": 1,
        "options": {},
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "subentries": [_subentry(number, port) for number, port in enumerate(ports)],
        "title": "Benchmark",
        "unique_id": f"{coop}_{member}",
        "version": 1,
    }


def _subentry(number: int, port: int) -> dict[str, Any]:
    use = {
        "part": "grid",
        "role": "sub" if number else "grid",
        "device_name": to_text(number.to_bytes(16)),
        "turned": False,
    }
    return {
        "subentry_id": f"01JDEPINBENCHMARKDEVICE{number:03}",
        "subentry_type": "modbus",
        "title": f"Meter {number}",
        "unique_id": None,
        "data": {
            "profile": "eastron_sdm630",
            "options": {},
            "uses": [use],
            "points": {},
            "link": {"type": "tcp", "host": "127.0.0.1", "port": port},
            "unit": 1,
            "units": {},
            "poll_seconds": POLL_S,
        },
    }


def _end_of_log(folder: Path) -> str:
    return (folder / "output.log").read_text()[-2000:]


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    (kib,) = (line.split()[1] for line in status if line.startswith("VmRSS"))
    return int(kib) / 1024


if __name__ == "__main__":
    main()
