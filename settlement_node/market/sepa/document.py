"""An ISO 20022 document: elements in order, sums of whole cents, the same bytes each time."""

from collections.abc import Iterable
from datetime import UTC
from typing import Final
from xml.etree import ElementTree as ET

from settlement_node.market.sepa.payments import BankAccount, Message, Payment

_CENTS: Final = 100
_NOT_PROVIDED: Final = "NOTPROVIDED"


class Element:
    """An element that is being written."""

    def __init__(self, inner: ET.Element) -> None:
        self._inner = inner

    def add(self, *path: str) -> "Element":
        """Add elements, each inside the one before, and return the innermost."""
        return Element(self._added(path))

    def put(self, *path: str, text: str) -> None:
        """Add elements likewise, with a text in the innermost."""
        self._added(path).text = text

    def amount(self, *path: str, cents: int) -> None:
        """Add an amount in euros."""
        added = self._added(path)
        added.set("Ccy", "EUR")
        added.text = euros(cents)

    def agent(self, role: str, bic: str) -> None:
        """Add a bank, by its BIC if that is known."""
        institution = self.add(role, "FinInstnId")
        if bic:
            institution.put("BIC", text=bic)
        else:
            institution.put("Othr", "Id", text=_NOT_PROVIDED)

    def party(self, role: str, account: BankAccount) -> None:
        """Add who pays or is paid, by name."""
        self.put(role, "Nm", text=account.name)

    def account(self, role: str, account: BankAccount) -> None:
        """Add an account, by its IBAN."""
        self.put(role, "Id", "IBAN", text=account.iban)

    def _added(self, path: tuple[str, ...]) -> ET.Element:
        inner = self._inner
        for name in path:
            inner = ET.SubElement(inner, name)
        return inner

    def totals(self, payments: Iterable[Payment]) -> None:
        """Add how many payments there are, and their sum."""
        cents = [payment.cents for payment in payments]
        self.put("NbOfTxs", text=str(len(cents)))
        self.put("CtrlSum", text=euros(sum(cents)))


def begin(schema: str, root: str) -> tuple[ET.Element, Element]:
    """Begin a document of a schema."""
    document = ET.Element("Document", {"xmlns": f"urn:iso:std:iso:20022:tech:xsd:{schema}"})
    return document, Element(ET.SubElement(document, root))


def group_header(root: Element, message: Message, payments: Iterable[Payment]) -> None:
    """Add the head of a message."""
    header = root.add("GrpHdr")
    header.put("MsgId", text=message.id)
    header.put("CreDtTm", text=message.made.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    header.totals(payments)
    header.put("InitgPty", "Nm", text=message.initiator)


def written(document: ET.Element) -> bytes:
    """Write a document."""
    ET.indent(document)
    data: bytes = ET.tostring(document, encoding="UTF-8", xml_declaration=True)
    return data + b"\n"


def euros(cents: int) -> str:
    """Write cents as banks do."""
    return f"{cents // _CENTS}.{cents % _CENTS:02}"
