"""A node that forgets nothing of what it is sent: what the watch over memory has to notice."""

from unittest.mock import patch

from depin_protocol.frames import unpack
from settlement_node.api import statements
from settlement_node.cli import main

_kept: list[bytes] = []


def _unpack_and_keep(data: bytes, most: int) -> list[bytes]:
    _kept.append(bytes(bytearray(data)))
    return unpack(data, most)


if __name__ == "__main__":
    with patch.object(statements, "unpack", _unpack_and_keep):
        main()
