"""A node that is told to stop in the middle of its work keeps every promise it gave."""

import signal
import threading
from base64 import urlsafe_b64decode
from http.client import HTTPException
from pathlib import Path

from depin_protocol.encoding import encode_json, from_text
from depin_protocol.receipts import Receipt
from settlement_node.hosting.folder import NodeFolder
from tests.node.api.conftest import Node
from tests.node.api.neighbour import Neighbour, ask, readings
from tests.patience import PATIENCE
from tests.system.node_process import command, new_coop, running

HOMES = 6
BATCH = 10


class Speaking(threading.Thread):
    """A home that speaks until the node is gone, and keeps what it was promised."""

    def __init__(self, home: Neighbour, port: int) -> None:
        super().__init__()
        self.home = home
        self.port = port
        self.promised: list[tuple[bytes, dict[str, object]]] = []
        self.busy = threading.Event()
        self.last_status = 0

    def run(self) -> None:
        while True:
            said = [self.home.say("metering", readings(total)) for total in range(BATCH)]
            try:
                reply = self.home.tell(self.port, *said)
            except OSError, HTTPException:
                return
            self.last_status = reply.status
            if reply.status != 200:
                return
            self.promised += zip((one.wire for one in said), reply.json, strict=True)
            self.busy.set()


def held(home: Neighbour, port: int) -> list[bytes]:
    """Ask for all that the node holds of a home's readings."""
    token, chain = home.token(port), home.heads["metering"].chain
    path = f"{home.path}/statements/metering/{chain}"
    wires: list[bytes] = []
    while page := ask(port, f"{path}?after={1 + len(wires)}&limit=200", Authorization=token).json:
        wires += [urlsafe_b64decode(one["statement"] + "==") for one in page]
    return wires


def test_a_graceful_stop_under_load_loses_nothing(tmp_path: Path) -> None:
    coop = new_coop(tmp_path)
    folder = NodeFolder(tmp_path)
    with running(tmp_path) as (port, process):
        node = Node(folder, folder.choose(coop), port)
        speaking = [Speaking(node.welcome(), port) for _ in range(HOMES)]
        for one in speaking:
            one.start()
        for one in speaking:
            assert one.busy.wait(PATIENCE)
        process.send_signal(signal.SIGTERM)
        for one in speaking:
            one.join()
        process.wait(PATIENCE)
    with running(tmp_path) as (port, _):
        key = from_text(ask(port, f"/v1/coops/{coop}").json["node_key"], 32)
        for one in speaking:
            assert one.last_status in {200, 503}
            wires = [wire for wire, _ in one.promised]
            kept = [receipt for _, receipt in one.promised]
            again = held(one.home, port)
            assert again[: len(wires)] == wires
            assert len(again) - len(wires) in {0, BATCH}, "a batch enters whole or not at all"
            receipt = Receipt.read(encode_json(kept[-1]))
            receipt.verify(key)
    assert "all follows" in command("verify", "--data", tmp_path)
