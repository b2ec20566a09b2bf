"""A process that has loaded what a node's commands import, and forks those that tests start.

Starting Python and importing all that takes a second of a processor, a thousand times in these
tests. What is forked is a process of its own, and goes through all that follows the imports.
"""

import atexit
import fcntl
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
from functools import cache
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from socket import AF_UNIX, SOCK_SEQPACKET, recv_fds, send_fds, socket, socketpair
from typing import Final

_REPOSITORY: Final = Path(__file__).resolve().parents[2]
PYTHON: Final = _REPOSITORY / ".venv/bin/python"
"""The node's own: the environments of newer Home Assistants have not what a node needs."""

_NODE: Final = "settlement_node"
_LONGEST: Final = 100_000
_MOST_PRINTED: Final = 1 << 20


class Forked:
    """A process that was forked, as `subprocess.Popen` shows one that was started."""

    def __init__(self, *arguments: object) -> None:
        """Run the node's command line with these arguments."""
        seen, printed = os.pipe()
        # Nobody need read along: what is printed waits there until the process has ended.
        fcntl.fcntl(printed, fcntl.F_SETPIPE_SZ, _MOST_PRINTED)
        self.stdout: Final[TextIOWrapper] = os.fdopen(seen, encoding="utf-8")
        self._errors = os.fdopen(os.memfd_create("errors"), "r", encoding="utf-8")
        self._told, theirs = socketpair(AF_UNIX, SOCK_SEQPACKET)
        request = {
            "arguments": [str(argument) for argument in arguments],
            "environment": dict(os.environ),
            "folder": str(Path.cwd()),
        }
        handed = (printed, self._errors.fileno(), theirs.fileno())
        send_fds(_loaded(), [json.dumps(request).encode()], handed)
        theirs.close()
        os.close(printed)
        self.pid: Final = int(self._told.recv(_LONGEST))
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it ends; return its code."""
        if self.returncode is None:
            self._told.settimeout(timeout)
            try:
                self.returncode = int(self._told.recv(_LONGEST))
            except TimeoutError, BlockingIOError:
                raise subprocess.TimeoutExpired(_NODE, timeout or 0) from None
        return self.returncode

    def poll(self) -> int | None:
        """Return its code if it has ended."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait until it ends; return what it printed that was not read, and its complaints."""
        self.wait(timeout)
        if self.stdout.closed:
            return "", ""
        with self.stdout, self._errors, self._told:
            self._errors.seek(0)
            return self.stdout.read(), self._errors.read()


@cache
def _loaded() -> socket:
    """Start the process that forks, once; it ends with the one that asks."""
    ours, theirs = socketpair(AF_UNIX, SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [PYTHON, "-m", __name__, str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            # A pipe, as its forks have: what Python knows of its output stays true in them.
            stdout=subprocess.PIPE,
            cwd=_REPOSITORY,
            # A library's threads would not be there in what is forked.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _serve() -> None:
    """Fork for each request, until nobody can ask any more."""
    # Only here: who asks need not have a node's libraries.
    import_module(f"{_NODE}.cli")
    for file in (_REPOSITORY / _NODE / "commands").glob("[a-z]*.py"):
        import_module(f"{_NODE}.commands.{file.stem}")
    # So that the collector leaves alone what the forks share.
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    requests = socket(fileno=int(sys.argv[1]))
    while True:
        request, handed, _, _ = recv_fds(requests, _LONGEST, 3)
        if not request:
            return
        if os.fork() == 0:
            requests.close()
            _tell_of_another(request, *handed)
            return
        for descriptor in handed:
            os.close(descriptor)


def _tell_of_another(request: bytes, printed: int, errors: int, told: int) -> None:
    """Fork once more: one waits for the other, and tells its number and its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    other = os.fork()
    if other:
        os.close(printed)
        os.write(told, str(other).encode())
        _, status = os.waitpid(other, 0)
        os.write(told, str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    os.close(told)
    os.dup2(printed, sys.stdout.fileno())
    os.dup2(errors, sys.stderr.fileno())
    os.close(printed)
    os.close(errors)
    wanted = json.loads(request)
    os.environ.clear()
    os.environ.update(wanted["environment"])
    os.chdir(wanted["folder"])
    sys.argv[1:] = wanted["arguments"]
    runpy.run_module(_NODE, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _serve()
