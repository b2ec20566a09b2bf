"""Ways to bend what is sound: out of bounds, alike to the eye, no text at all."""

import json
from collections.abc import Callable
from random import Random
from typing import Any, Final

from depin_protocol.keys import SIGNATURE_LENGTH

INTEGERS: Final = (
    *(0, -1, 1, 2, 511, 513, 2**31, 2**31 + 1, -(2**31) - 1, 2**40, 2**40 + 1, -(2**40) - 1),
    *(2**62 - 1, 2**62, 2**63 - 1, 2**63, -(2**63), 10**15, 10**15 - 1, 2**64, 10**400),
)
"""At the bounds of some field, and just past them."""

WORDS: Final = (
    *(
        "",
        " ",
        "bid",
        "BID",
        "\uff42\uff49\uff44",
        "\u043erder",
        "grid\u0000",
        "e\u0301",
        "\u202egrid",
        "\ufeff",
    ),
    *(
        "\U0001d7d9",
        "\u0661",
        "A" * 22,
        "A" * 21 + "B",
        "A" * 21 + "=",
        "A" * 43,
        "A" * 44,
        "A" * 86 + "==",
    ),
    *("x" * 2_001, "x" * 20_000, "\\", '"', "\n", "a-", "-a", "0x" + "0" * 40, "é" * 40),
)
"""Texts that pass for others, or nearly."""

RAW: Final = (
    *("1.5", "1e5", "-0", "00", "NaN", "Infinity", "-Infinity", "1" * 5_000, "truE", "'x'", ""),
    *('"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"', '"\\x"', '"\t"', "[" * 16 + "]" * 16),
    *("[" * 17 + "]" * 17, "[" * 30_000, "[" * 15_000 + "]" * 15_000, '{"a":' * 12_000),
    *('{"a":1,"a":1}', '{"a":1,"\\u0061":1}', "[1,]", "{,}", "/**/1", "\ufeff1", '{"":{"":[]}}'),
)
"""What other readers of JSON take in other ways, or do not survive."""

_MARK: Final = "bent here"


def bent_body(body: dict[str, object], chance: Random) -> str:
    """Write a body with one or two of its values bent."""
    bent: Any = json.loads(json.dumps(body))
    for _ in range(chance.choice((1, 1, 1, 2))):
        bent = _bent_value(bent, chance)
    text = json.dumps(bent, separators=(",", ":"), ensure_ascii=chance.random() < 0.5)
    return text.replace(f'"{_MARK}"', chance.choice(RAW))


def _bent_value(value: Any, chance: Random) -> Any:  # noqa: ANN401 - JSON
    """Bend something inside, or all of it."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        name = chance.choice(list(value))
        what = chance.random()
        if what < 0.15:
            return {kept: inner for kept, inner in value.items() if kept != name}
        if what < 0.25:
            return {**value, chance.choice(WORDS): value[name]}
        return {**value, name: _bent_value(value[name], chance)}
    if isinstance(value, list) and value and chance.random() < 0.8:
        return _bent_list(value, chance)
    return _other(value, chance)


def _bent_list(values: list[Any], chance: Random) -> list[Any]:
    at = chance.randrange(len(values))
    bends: tuple[Callable[[], list[Any]], ...] = (
        lambda: [*values[:at], _bent_value(values[at], chance), *values[at + 1 :]],
        lambda: [*values, values[at]],
        lambda: values[:at] + values[at + 1 :],
        lambda: values[::-1],
        lambda: values * chance.choice((2, 20, 600)),
    )
    return chance.choice(bends[:1] * 3 + bends)()


def _other(value: Any, chance: Random) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str) and value and chance.random() < 0.5:
        at = chance.randrange(len(value))
        return value[:at] + chance.choice(("", "=", "A", "_", "/", "é", "\u200b")) + value[at + 1 :]
    if isinstance(value, int) and not isinstance(value, bool) and chance.random() < 0.5:
        return value + chance.choice((-1, 1, 2**31, -(2**62), 2**63))
    odd: tuple[Any, ...] = (None, True, [], {}, [[]], _MARK, _MARK, _MARK)
    return chance.choice(chance.choice((INTEGERS, WORDS, odd)))


def bent_text(data: bytes, chance: Random) -> bytes:
    """Bend a text, which is signed after that."""
    at = chance.randrange(len(data) + 1)
    inserted = (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xef\xbb\xbf", b" ", b"\n", b"\0", b"}")
    bends: tuple[Callable[[], bytes], ...] = (
        lambda: data[:at] + chance.choice(inserted) + data[at:],
        lambda: data[:at],
        lambda: data + chance.choice(inserted),
        lambda: chance.choice(inserted) + data,
        lambda: data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :],
    )
    return chance.choice(bends)()


def bent_wire(wire: bytes, chance: Random) -> bytes:
    """Bend what is signed already."""
    at = chance.randrange(len(wire) + 1)
    signature, text = wire[:SIGNATURE_LENGTH], wire[SIGNATURE_LENGTH:]
    bends: tuple[Callable[[], bytes], ...] = (
        lambda: wire[:at],
        lambda: wire + chance.randbytes(chance.randint(1, 3)),
        lambda: wire[:at] + bytes([chance.randrange(256)]) + wire[at + 1 :],
        lambda: wire[:at] + chance.randbytes(3) + wire[at:],
        lambda: bytes(SIGNATURE_LENGTH) + text,
        lambda: bytes([1]) + bytes(63) + text,
        lambda: _other_scalar(signature) + text,
        lambda: chance.randbytes(chance.randint(0, 300)),
        lambda: b"",
    )
    return chance.choice(bends)()


def _other_scalar(signature: bytes) -> bytes:
    """Add the group's order to S: some libraries take it for the same signature."""
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(signature[32:], "little") + order
    return signature[:32] + (s % 2**256).to_bytes(32, "little")
