"""What a proof must not survive: each single bit of it the other way round."""

from collections.abc import Iterator


def with_a_bit_flipped(data: bytes) -> Iterator[bytes]:
    """Give every copy of the data that differs from it in one bit."""
    number = int.from_bytes(data)
    for bit in range(8 * len(data)):
        yield (number ^ 1 << bit).to_bytes(len(data))
