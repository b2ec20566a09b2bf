"""Bank statements as banks write them, in three versions of camt.053."""

from dataclasses import dataclass, field

IBAN = "DE02120300000000202051"


@dataclass(frozen=True)
class Part:
    """One transaction of an entry."""

    amount: str | None = None
    end_to_end: str = "NOTPROVIDED"
    text: tuple[str, ...] = ()
    currency: str = "EUR"
    structured: str = ""
    payer: str = "Ada"
    returned: bool = False


@dataclass(frozen=True)
class Entry:
    amount: str
    parts: tuple[Part, ...] = (Part(),)
    comes_in: bool = True
    booked: str = "2026-11-02"
    bank_reference: str = ""
    status: str = "BOOK"
    reversal: bool = False
    currency: str = "EUR"


@dataclass(frozen=True)
class File:
    entries: tuple[Entry, ...]
    opening: str = "100.00"
    closing: str = "100.00"
    version: str = "08"
    iban: str = IBAN
    before: str = ""
    more: str = ""
    balances: tuple[str, ...] = field(default=("OPBD", "CLBD"))

    def xml(self) -> bytes:
        kinds = zip(self.balances, (self.opening, self.closing), strict=False)
        balances = "".join(_balance(kind, amount) for kind, amount in kinds)
        entries = "".join(_entry(entry, self.version) for entry in self.entries)
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>{self.before}'
            f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{self.version}">'
            "<BkToCstmrStmt><GrpHdr><MsgId>1</MsgId></GrpHdr><Stmt><Id>2026-11</Id>"
            f"<Acct><Id><IBAN>{self.iban}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
            f"{balances}{self.more}{entries}</Stmt></BkToCstmrStmt></Document>"
        ).encode()


def _balance(kind: str, amount: str) -> str:
    direction = "DBIT" if amount.startswith("-") else "CRDT"
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="EUR">{amount.lstrip("-")}</Amt><CdtDbtInd>{direction}</CdtDbtInd>'
        "<Dt><Dt>2026-11-02</Dt></Dt></Bal>"
    )


def _entry(entry: Entry, version: str) -> str:
    old = version == "02"
    direction = "CRDT" if entry.comes_in else "DBIT"
    status = entry.status if old else f"<Cd>{entry.status}</Cd>"
    parts = "".join(_part(part, entry, direction, old=old) for part in entry.parts)
    return (
        f'<Ntry><Amt Ccy="{entry.currency}">{entry.amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>'
        + ("<RvslInd>true</RvslInd>" if entry.reversal else "")
        + f"<Sts>{status}</Sts><BookgDt><Dt>{entry.booked}</Dt></BookgDt>"
        + (f"<AcctSvcrRef>{entry.bank_reference}</AcctSvcrRef>" if entry.bank_reference else "")
        + f"<BkTxCd/><NtryDtls>{parts}</NtryDtls></Ntry>"
    )


def _part(part: Part, entry: Entry, direction: str, *, old: bool) -> str:
    amount = ""
    if part.amount is not None:
        told = f'<Amt Ccy="{part.currency}">{part.amount}</Amt>'
        amount = (
            f"<AmtDtls><TxAmt>{told}</TxAmt></AmtDtls>"
            if old
            else f"{told}<CdtDbtInd>{direction}</CdtDbtInd>"
        )
    side = "Dbtr" if entry.comes_in else "Cdtr"
    name = f"<Nm>{part.payer}</Nm>"
    party = f"<{side}>{name if old else f'<Pty>{name}</Pty>'}</{side}>"
    remittance = "".join(f"<Ustrd>{text}</Ustrd>" for text in part.text)
    if part.structured:
        remittance += f"<Strd><CdtrRefInf><Ref>{part.structured}</Ref></CdtrRefInf></Strd>"
    return (
        f"<TxDtls><Refs><EndToEndId>{part.end_to_end}</EndToEndId></Refs>{amount}"
        f"<RltdPties>{party}</RltdPties><RmtInf>{remittance}</RmtInf>"
        + ("<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>" if part.returned else "")
        + "</TxDtls>"
    )
