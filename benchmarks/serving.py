"""How soon a node answers, and how much memory it holds when nobody asks anything.

    PYTHONPATH=scripts .venv/bin/python -m benchmarks.serving [--starts 7]

The wheel is built and installed alone, with what it requires, into an environment that was empty.
`up` is from starting the process to the whole answer to /openapi.json, asked for every 5 ms;
`resident` is what the kernel counts for the process 3 seconds later (VmRSS); `floor` is the same
Python that starts and ends without doing anything. Aims: up in under 2 s, under 120 MiB.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from provision import uv

REPOSITORY = Path(__file__).parents[1]
MOST_SECONDS = 2.0
MOST_BYTES = 120 * 2**20
SETTLING = 3.0
GIVE_UP = 60.0


def install(folder: Path) -> Path:
    """Build the wheel and install it alone; return the environment's programs."""
    tool = uv.find()
    if tool is None:
        raise SystemExit("uv is missing: run scripts/setup")
    build = (tool, "build", "--quiet", "--wheel", "--no-build-isolation", "--python")
    subprocess.run([*build, sys.executable, "--out-dir", folder, REPOSITORY], check=True)
    (wheel,) = folder.glob("*.whl")
    environment = folder / "environment"
    make = (tool, "venv", "--quiet", "--python", sys.executable, environment)
    subprocess.run(make, check=True)
    locked = REPOSITORY / "requirements" / "main.lock"
    put = (tool, "pip", "install", "--quiet", "--compile-bytecode", "--constraint", locked)
    subprocess.run([*put, "--python", environment / "bin" / "python", wheel], check=True)
    return environment / "bin"


def resident(process: int) -> int:
    """Return the bytes of memory that the kernel counts for a process."""
    for line in Path(f"/proc/{process}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise LookupError(process)


def answers(port: int) -> bool:
    """Tell whether the node gives its description, whole."""
    connection = HTTPConnection("127.0.0.1", port, timeout=GIVE_UP)
    try:
        connection.request("GET", "/openapi.json")
        response = connection.getresponse()
        return bool(response.read()) and response.status == 200  # noqa: PLR2004 - OK
    except OSError, HTTPException:
        return False
    finally:
        connection.close()


@contextmanager
def started(programs: Path, data: Path, port: int) -> Iterator[tuple[float, int]]:
    """Start a node; give after how many seconds it answered, and its process."""
    serve = (programs / "settlement-node", "serve", "--data", data)
    begun = time.perf_counter()
    process = subprocess.Popen(
        [*serve, "--host", "127.0.0.1", "--port", str(port)], stdout=subprocess.DEVNULL
    )
    try:
        while not answers(port):
            if process.poll() is not None or time.perf_counter() - begun > GIVE_UP:
                raise SystemExit("the node does not answer")
            time.sleep(0.005)
        yield time.perf_counter() - begun, process.pid
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--starts", type=int, default=7, help="their median is shown (7)")
    parser.add_argument("--port", type=int, default=18_480, help="that is free (18480)")
    wish = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        programs = install(folder)
        data = folder / "data"
        made = (programs / "settlement-node", "init", "--data", data, "--yes")
        co_op = ("--name", "Hof", "--currency", "EUR")
        subprocess.run([*made, *co_op], check=True, stdout=subprocess.DEVNULL)
        ups, sizes, floors = [], [], []
        for _ in range(wish.starts):
            begun = time.perf_counter()
            subprocess.run([programs / "python", "-c", ""], check=True)
            floors.append(time.perf_counter() - begun)
            with started(programs, data, wish.port) as (seconds, process):
                time.sleep(SETTLING)
                ups.append(seconds)
                sizes.append(resident(process))
    print(f"{wish.starts} starts of {sys.version.split()[0]}, the wheel alone")
    print(f"{'':10} {'median':>10} {'worst':>10} {'aim':>10} {'floor':>10}")
    print(
        f"{'up':10} {median(ups):8.2f} s {max(ups):8.2f} s {MOST_SECONDS:8.2f} s"
        f" {median(floors):8.2f} s"
    )
    mib = [size / 2**20 for size in sizes]
    print(f"{'resident':10} {median(mib):6.1f} MiB {max(mib):6.1f} MiB {MOST_BYTES >> 20:6} MiB")
    if max(ups) > MOST_SECONDS or max(sizes) > MOST_BYTES:
        raise SystemExit("an aim was missed")


if __name__ == "__main__":
    main()
