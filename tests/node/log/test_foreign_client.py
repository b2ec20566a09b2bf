"""tlog-scales, a client that we did not write, reads the log over HTTP and believes it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from tlog_scales.backend import HttpBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey
from tlog_scales.tlog import Checkpoint, InclusionProofInvalid

from depin_protocol.log.merkle import leaf_hash
from depin_protocol.log.tiles import new_bundles, new_tiles
from settlement_node.log.shelf import CHECKPOINT_PATH, Shelf
from tests.node.village import FACTS, readings, village
from tests.protocol.spoken import NOON, Home


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and keeps no diary of it."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder as static files."""
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


async def publish(shelf: Shelf, folder: Path) -> None:
    """Write all that the log serves as files."""
    size = shelf.size
    paths = [CHECKPOINT_PATH]
    paths += [tile.path for tile in new_tiles(0, size)]
    paths += [bundle.path for bundle in new_bundles(0, size)]
    for path in paths:
        found = await shelf.fetch(path)
        assert found is not None, path
        await asyncio.to_thread(write, folder / path, found.content)


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def read_all(address: str, vkey: str, known: list[Checkpoint]) -> list[bytes]:
    """Check the checkpoint, the root, each entry's inclusion and all growth; give the entries."""
    backend = HttpBackend(address)
    reader = TilesReader(backend)
    checkpoint = reader.get_checkpoint()
    checkpoint.verify(Vkey.from_string(vkey))
    assert reader.calculate_root_hash() == checkpoint.root_hash
    for old in known:
        proof = reader.get_consistency_proof(old.size, checkpoint.size)
        proof.check(old.root_hash, checkpoint.root_hash)
    known.append(checkpoint)
    entries = [reader.get_entry(index) for index in range(checkpoint.size)]
    for index, entry in enumerate(entries):
        inclusion = reader.get_inclusion_proof(index, checkpoint.size)
        inclusion.check(leaf_hash(entry), checkpoint.root_hash)
    backend.session.close()
    return entries


async def test_it_accepts_the_log_as_it_grows(tmp_path: Path) -> None:
    files = tmp_path / "files"
    async with village(tmp_path) as here:
        home = Home(2)
        await here.welcome(home)
        known: list[Checkpoint] = []
        with served(files) as address:
            for entries in (1, 100, 152, 270):
                said = [home.say("metering", readings(NOON, total)) for total in range(entries)]
                await here.say(*said)
                here.clock.now += 5_000
                await here.coop.tick()
                await publish(here.coop.shelf, files)
                vkey = FACTS.log_verifier().format()
                read = await asyncio.to_thread(read_all, address, vkey, known)
                assert len(read) == here.coop.position.size
                assert read[-1] == await here.coop.entry(len(read) - 1)


async def test_it_refuses_the_log_with_an_entry_altered(tmp_path: Path) -> None:
    files = tmp_path / "files"
    async with village(tmp_path) as here:
        await here.welcome(Home(2))
        here.clock.now += 5_000
        await here.coop.tick()
        await publish(here.coop.shelf, files)
        (bundle,) = new_bundles(0, here.coop.shelf.size)
        path = files / bundle.path
        content = await asyncio.to_thread(path.read_bytes)
        await asyncio.to_thread(path.write_bytes, content[:-3] + b"A" + content[-2:])
        with served(files) as address, pytest.raises(InclusionProofInvalid):
            await asyncio.to_thread(read_all, address, FACTS.log_verifier().format(), [])
