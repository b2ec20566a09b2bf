"""Bodies packed: many side by side as columns, in a quarter of their bytes.

A statement's text is a form with names, hashes and numbers in it. The form stands once for all that
share it; a name that stood before is a number; the hash of the statement before follows from that
one; a number is its distance from what precedes it. What this would not give back to the byte is
kept as it is: packing unpacks and compares before it answers.
"""

import lzma
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Iterator, Sequence
from typing import Final

import msgspec

from depin_protocol.encoding import from_text
from depin_protocol.identifiers import HASH_LENGTH, ID_LENGTH
from depin_protocol.keys import SIGNATURE_LENGTH
from depin_protocol.statements.envelope import statement_hash
from settlement_node.log.sealed import as_written, seal, unseal

_VARYING: Final = re.compile(
    rb'((?<=")[\w-]{22}(?=")|(?<=")[\w-]{43}(?=")|(?<=[\[,:])(?:0|-?[1-9][0-9]{0,17})(?=[,\]}]))',
    re.ASCII,
)
_NAME, _HASH, _NUMBER = b"\x01", b"\x02", b"\x03"
_MARK_OF: Final = {22: _NAME, 43: _HASH}
_MARK: Final = re.compile(rb"([\x01-\x03])")
_SPEAKER: Final = (_NUMBER, _NAME, _NAME, _NAME)
"""What a statement begins with: its version, and the names of co-op, member and chain."""
_SPOKEN: Final = len(_SPEAKER)

_ERASED, _PLAIN, _FIRST_FORM = 0, 1, 2
_SAME, _NEW, _FIRST_LISTED = 0, 1, 2

# The columns are some 100 KB, so a larger dictionary would only cost memory.
_FILTERS: Final = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 2**20, "lc": 0, "pb": 0}]

type _Value = bytes | int


class _Form(msgspec.Struct, array_like=True):
    """What all statements of one form have, and a column for each thing that they differ in."""

    text: bytes
    columns: list[list[int]]


class _Columns(msgspec.Struct, array_like=True):
    """What becomes small when it is compressed."""

    kinds: list[int]
    """Of each place: erased, plain, or the number of its form."""
    forms: list[_Form]
    speakers: list[int]
    """Of each statement, which chain it is of."""
    plain: list[bytes]


class _Pack(msgspec.Struct, array_like=True):
    """A pack: columns, and what nothing compresses."""

    columns: bytes
    signatures: bytes
    names: bytes
    hashes: bytes


class _Shape:
    """A form taken apart: what lies between marks, and which of them are the next of an array."""

    __slots__ = ("following", "marks", "texts")

    def __init__(self, text: bytes) -> None:
        parts = _MARK.split(text)
        self.texts = parts[::2]
        self.marks = parts[1::2]
        self.following = [
            place > 0 and self.texts[place] == b"," and self.marks[place - 1] == _NUMBER
            for place in range(len(self.marks))
        ]


class _Chain:
    """The last statement of a chain, from which the next one is foretold."""

    __slots__ = ("form", "hash", "values")

    def __init__(self, speaker: Sequence[_Value]) -> None:
        self.form = -1
        self.hash = b""
        self.values: Sequence[_Value] = speaker

    def foretold(self, form: int, shape: _Shape) -> Sequence[_Value]:
        """Return what a statement of this form would say again."""
        if form == self.form:
            return self.values
        nothing = [0 if mark == _NUMBER else b"" for mark in shape.marks[_SPOKEN:]]
        return [*self.values[:_SPOKEN], *nothing]

    def said(self, form: int, values: Sequence[_Value], body: bytes) -> None:
        """Take its next statement."""
        self.form, self.values = form, values
        self.hash = from_text(statement_hash(body), HASH_LENGTH)


def pack_bodies(bodies: Sequence[bytes | None]) -> bytes:
    """Pack bodies, of which some may be erased, so that they come back to the byte."""
    plain: set[int] = set()
    while True:
        packed = _Packing().packed(bodies, plain)
        back = unpack_bodies(packed, "what was just packed")
        wrong = [place for place, body in enumerate(bodies) if body != back[place]]
        if not wrong:
            return packed
        plain.update(wrong)


def unpack_bodies(packed: bytes, name: str) -> list[bytes | None]:
    """Return the bodies, with None for those that were erased, or raise DamagedLogError."""
    content = unseal(packed, name)
    with as_written(name):
        read = msgspec.msgpack.decode(content, type=_Pack)
        columns = lzma.decompress(read.columns, lzma.FORMAT_RAW, filters=_FILTERS)
        return _Unpacking(read, msgspec.msgpack.decode(columns, type=_Columns)).bodies()


class _Packing:
    """Makes columns of bodies."""

    def __init__(self) -> None:
        self._columns = _Columns([], [], [], [])
        self._forms: dict[bytes, tuple[int, _Shape]] = {}
        self._names: dict[bytes, int] = {}
        self._chains: dict[tuple[_Value, ...], tuple[int, _Chain]] = {}
        self._signatures: list[bytes] = []
        self._hashes: list[bytes] = []

    def packed(self, bodies: Sequence[bytes | None], plain: Collection[int]) -> bytes:
        """Pack these bodies, and those at some places as they are."""
        for place, body in enumerate(bodies):
            if body is None:
                self._columns.kinds.append(_ERASED)
            elif place in plain or not self._take(body):
                self._columns.kinds.append(_PLAIN)
                self._columns.plain.append(body)
        columns = msgspec.msgpack.encode(self._columns)
        content = _Pack(
            lzma.compress(columns, lzma.FORMAT_RAW, filters=_FILTERS),
            b"".join(self._signatures),
            b"".join(self._names),
            b"".join(self._hashes),
        )
        return seal(msgspec.msgpack.encode(content))

    def _take(self, body: bytes) -> bool:
        """Take a statement apart; tell whether it is one."""
        text = body[SIGNATURE_LENGTH:]
        if _MARK.search(text):
            return False
        parts = _VARYING.split(text)
        varying = parts[1::2]
        marks = [_MARK_OF.get(len(part), _NUMBER) for part in varying]
        if tuple(marks[:_SPOKEN]) != _SPEAKER:
            return False
        values = [
            int(part) if mark == _NUMBER else urlsafe_b64decode(part + b"==")
            for mark, part in zip(marks, varying, strict=True)
        ]
        parts[1::2] = marks
        form, shape = self._form(b"".join(parts))
        chain = self._chain(tuple(values[:_SPOKEN]))
        foretold = chain.foretold(form, shape)
        for place, column in enumerate(self._columns.forms[form].columns, _SPOKEN):
            value, known = values[place], foretold[place]
            if shape.following[place]:
                known = values[place - 1]
            column.append(self._code(value, known, chain.hash))
        self._signatures.append(body[:SIGNATURE_LENGTH])
        self._columns.kinds.append(form + _FIRST_FORM)
        chain.said(form, values, body)
        return True

    def _form(self, text: bytes) -> tuple[int, _Shape]:
        known = self._forms.get(text)
        if known is None:
            shape = _Shape(text)
            known = self._forms[text] = len(self._forms), shape
            columns: list[list[int]] = [[] for _ in shape.marks[_SPOKEN:]]
            self._columns.forms.append(_Form(text, columns))
        return known

    def _chain(self, speaker: tuple[_Value, ...]) -> _Chain:
        known = self._chains.get(speaker)
        if known is None:
            known = self._chains[speaker] = len(self._chains), _Chain(speaker)
            self._columns.speakers.append(len(self._chains) - 1)
            for name in speaker:
                self._columns.speakers.append(self._code(name, b"", b""))
        else:
            self._columns.speakers.append(known[0])
        return known[1]

    def _code(self, value: _Value, known: _Value, prev: bytes) -> int:
        """Write a value as a number, given what it could be."""
        if isinstance(value, int):
            return value - known if isinstance(known, int) else value
        if len(value) == HASH_LENGTH:
            if value == prev:
                return _SAME
            self._hashes.append(value)
            return _NEW
        if value == known:
            return _SAME
        number = self._names.get(value)
        if number is None:
            self._names[value] = len(self._names)
            return _NEW
        return number + _FIRST_LISTED


class _Unpacking:
    """Makes bodies of columns."""

    def __init__(self, pack: _Pack, columns: _Columns) -> None:
        self._columns = columns
        self._shapes = [_Shape(form.text) for form in columns.forms]
        self._columns_of = [[iter(column) for column in form.columns] for form in columns.forms]
        self._names: list[bytes] = []
        self._chains: list[_Chain] = []
        self._speakers = iter(columns.speakers)
        self._signatures = _pieces(pack.signatures, SIGNATURE_LENGTH)
        self._new_names = _pieces(pack.names, ID_LENGTH)
        self._new_hashes = _pieces(pack.hashes, HASH_LENGTH)

    def bodies(self) -> list[bytes | None]:
        """Return all bodies."""
        plain = iter(self._columns.plain)
        found: list[bytes | None] = []
        for kind in self._columns.kinds:
            if kind == _ERASED:
                found.append(None)
            else:
                found.append(next(plain) if kind == _PLAIN else self._said(kind - _FIRST_FORM))
        return found

    def _said(self, form: int) -> bytes:
        shape = self._shapes[form]
        chain = self._chain()
        foretold = chain.foretold(form, shape)
        values = [*chain.values[:_SPOKEN]]
        for place, column in enumerate(self._columns_of[form], _SPOKEN):
            known = values[place - 1] if shape.following[place] else foretold[place]
            values.append(self._value(shape.marks[place], next(column), known, chain.hash))
        parts = [b""] * (2 * len(values) + 1)
        parts[::2] = shape.texts
        parts[1::2] = map(_text, values)
        body = next(self._signatures) + b"".join(parts)
        chain.said(form, values, body)
        return body

    def _chain(self) -> _Chain:
        number = next(self._speakers)
        if number == len(self._chains):
            codes = [(mark, next(self._speakers)) for mark in _SPEAKER]
            self._chains.append(_Chain([self._value(mark, code, b"", b"") for mark, code in codes]))
        return self._chains[number]

    def _value(self, mark: bytes, code: int, known: _Value, prev: bytes) -> _Value:
        """Read a value that was written as a number."""
        if mark == _NUMBER:
            return code + known if isinstance(known, int) else code
        if mark == _HASH:
            return prev if code == _SAME else next(self._new_hashes)
        if code == _SAME:
            return known
        if code == _NEW:
            self._names.append(next(self._new_names))
        return self._names[code - _FIRST_LISTED]


def _pieces(data: bytes, length: int) -> Iterator[bytes]:
    return (data[at : at + length] for at in range(0, len(data), length))


def _text(value: _Value) -> bytes:
    if isinstance(value, int):
        return b"%d" % value
    return urlsafe_b64encode(value).rstrip(b"=")
