"""Runs a command, and ends it when whoever holds the other end of standard input is gone.

    lifeline.py FOLDER COMMAND...

A demo that is killed cannot end its Home Assistant, nor remove its folder; this does it then.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading

_STOP_LIMIT = 30.0


def main(folder: str, *command: str) -> int:
    """Return the command's exit code, as a shell would tell it."""
    demo = os.getppid()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_after_input, args=(process,), daemon=True).start()
    code = process.wait()
    if os.getppid() != demo:
        shutil.rmtree(folder, ignore_errors=True)
        # What Home Assistant started and left running, and this process, which leads the group.
        os.killpg(0, signal.SIGKILL)
    return code if code >= 0 else 128 - code


def _end_after_input(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end of the input, which nobody writes to, and then for the process."""
    sys.stdin.buffer.read()
    process.terminate()
    try:
        process.wait(_STOP_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
