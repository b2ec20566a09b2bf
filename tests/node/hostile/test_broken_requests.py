"""Requests that break in the middle, or are not what they say: the node's output stays empty."""

import socket
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Final

from depin_protocol.frames import MEDIA_TYPE
from tests.node.hostile.watched import watched
from tests.patience import PATIENCE

HEAD: Final = (
    f"POST /v1/statements HTTP/1.1\r\nHost: x\r\nContent-Type: {MEDIA_TYPE}\r\n"
).encode()
CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"
ENCODINGS: Final = ("gzip", "deflate", "br", "zstd", "x", "identity, gzip")
BOMB: Final = zlib.compress(bytes(50_000_000))


def encoded(encoding: str, content: bytes) -> bytes:
    length = f"Content-Encoding: {encoding}\r\nContent-Length: {len(content)}\r\n\r\n"
    return HEAD + length.encode() + content


BROKEN: Final = (
    *(encoded(encoding, b"abcd").partition(b"abcd")[:2] for encoding in ENCODINGS),
    *(encoded(encoding, BOMB).partition(BOMB)[:2] for encoding in ENCODINGS),
    (HEAD + CHUNKED + b"\r\n4\r\nabcd\r\n", b"ZZ\r\n"),
    (HEAD + CHUNKED + b"\r\n4\r\nab", b"cdef\r\n0\r\n\r\n"),
    (HEAD + CHUNKED + b"\r\n", b"-1\r\nx\r\n"),
    (HEAD + CHUNKED + b"\r\n", b"f" * 40 + b"\r\nx\r\n"),
    (HEAD + CHUNKED + b"Content-Length: 4\r\n\r\n", b"4\r\nabcd\r\n0\r\n\r\n"),
    (HEAD + b"Content-Length: 10\r\n\r\nabc", b""),
    (HEAD + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n", b"abcd"),
    (HEAD + b"Expect: the-unexpected\r\nContent-Length: 4\r\n\r\n", b"abcd"),
    (HEAD + b"Content-Length: 4\r\n\r\nabcd", b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n"),
    (HEAD + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n", b"\x81\x05hello"),
    (b"GET /healthz?\xd9\xa3 HTTP/1.1\r\nHost: x\r\n\r\n", b""),
    (b"GET /v1/coops HTTP/1.1\r\nHost: x\r\nAuthorization: \xc3\xa9\r\n\r\n", b"\0"),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0\0\0\4\0\0\0\0\0"),
)
"""What comes first, and what comes a moment later."""


def send(port: int, first: bytes, then: bytes) -> bytes:
    """Send both parts, and return what the node says until it closes the connection."""
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        # The node may close the connection as soon as it has seen enough.
        with suppress(OSError):
            connection.sendall(first)
            time.sleep(0.02)
            connection.sendall(then)
            connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while part := connection.recv(65_536):
                said += part
    return said


def test_what_is_broken_is_answered_and_not_logged(tmp_path: Path) -> None:
    with watched(tmp_path) as watch:
        for first, then in BROKEN:
            said = send(watch.node.port, first, then)
            statuses = [line.split()[1] for line in said.split(b"\r\n") if b"HTTP/1." in line[:7]]
            assert all(status[:1] != b"5" for status in statuses), (first[:200], said[:300])
        assert watch.fetch("/healthz").json["status"] == "ok"


def test_what_is_encoded_is_told_to_come_as_it_is(tmp_path: Path) -> None:
    with watched(tmp_path) as watch:
        for encoding in ENCODINGS:
            said = send(watch.node.port, encoded(encoding, b"abcd"), b"")
            assert said.startswith(b"HTTP/1.1 415"), said[:300]
            assert b"Content-Encoding" in said
