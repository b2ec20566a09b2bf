"""A bank's XML, read without trusting it: no document type, no entities, bounded in all ways."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

MAX_BYTES: Final = 16 * 2**20
MAX_DEPTH: Final = 32
MAX_ELEMENTS: Final = 1_000_000

_SEPARATOR: Final = " "


class BankFileError(ValueError):
    """The file is no bank statement that can be taken; the message says why, and what to do."""


@dataclass(slots=True)
class Element:
    """An element's name without its namespace, its own text, and what is inside."""

    name: str
    text: str = ""
    inside: list["Element"] = field(default_factory=list)

    def all(self, *path: str) -> Iterator["Element"]:
        """Find the elements at a path below this one."""
        if not path:
            yield self
            return
        for element in self.inside:
            if element.name == path[0]:
                yield from element.all(*path[1:])

    def first(self, *path: str) -> str:
        """Find the text of the first element at a path, or none."""
        return next((element.text for element in self.all(*path)), "")


def read_document(data: bytes) -> tuple[str, Element]:
    """Read a document: its namespace and its outermost element."""
    if len(data) > MAX_BYTES:
        raise BankFileError(f"{len(data)} bytes, at most {MAX_BYTES}: ask for shorter periods")
    return _Reader().read(data)


class _Reader:
    def __init__(self) -> None:
        self._top = Element("")
        self._open = [self._top]
        self._texts: list[list[str]] = [[]]
        self._count = 0
        self._namespace = ""

    def read(self, data: bytes) -> tuple[str, Element]:
        parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        parser.StartDoctypeDeclHandler = _refuse_document_type
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            parser.Parse(data, True)  # noqa: FBT003 - that the data are complete
        except expat.ExpatError as error:
            raise BankFileError(f"not XML: {error}; get the file again from the bank") from None
        except (LookupError, UnicodeError) as error:
            raise BankFileError(f"in an unknown encoding: {error}; ask for UTF-8") from None
        return self._namespace, self._top.inside[0]

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(_SEPARATOR)
        if not self._count:
            self._namespace = namespace
        self._count += 1
        if self._count > MAX_ELEMENTS or len(self._open) > MAX_DEPTH:
            raise BankFileError("too many or too deep elements: ask for shorter periods")
        element = Element(local)
        # Attributes are read as elements inside: of a statement only the currency matters.
        element.inside += [Element(key, value) for key, value in attributes.items()]
        self._open[-1].inside.append(element)
        self._open.append(element)
        self._texts.append([])

    def _end(self, _name: str) -> None:
        self._open.pop().text = "".join(self._texts.pop()).strip()

    def _characters(self, text: str) -> None:
        self._texts[-1].append(text)


def _refuse_document_type(*_declared: object) -> None:
    raise BankFileError("it declares a document type, which no bank's statement does")
