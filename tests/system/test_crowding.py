"""More connections than the system lets a process have: they are refused, and the node lives."""

import resource
import socket
from contextlib import ExitStack
from pathlib import Path

from tests.node.api.neighbour import ask
from tests.patience import PATIENCE
from tests.system.node_process import COMMAND, command, new_coop, running

FILES = 800


def test_a_node_survives_a_crowd_with_few_files(tmp_path: Path) -> None:
    new_coop(tmp_path)
    limited = ("/bin/sh", "-c", f'ulimit -n {FILES}; exec "$@"', "limited", *COMMAND)
    with running(tmp_path, program=limited) as (port, process), ExitStack() as stack:
        soft, hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
        assert (soft, hard) == (FILES, FILES)
        for number in range(600):
            # A crowd comes from many addresses, and all of this network are one machine's.
            one = stack.enter_context(socket.socket())
            one.settimeout(PATIENCE)
            one.bind((f"127.0.1.{1 + number // 100}", 0))
            one.connect(("127.0.0.1", port))
        assert one.recv(1_000).startswith(b"HTTP/1.1 503")
        assert "depin1." in command("invite", "--data", tmp_path)
        stack.close()
        assert ask(port, "/healthz").status == 200
