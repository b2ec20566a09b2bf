"""The co-op's accounts, as its operator asks the node for them."""

from dataclasses import dataclass
from typing import Final, Self

from settlement_node.commands.local_node import NotFoundError, Operator
from settlement_node.ledger.accounts import AccountKind
from settlement_node.ledger.assets import Asset, Denomination, usual_denominations

_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """An account as the node tells of it."""

    number: int
    kind: str
    owner: str
    denomination: Denomination
    holds: int
    leaving: int
    limit: int
    closed: bool


@dataclass(frozen=True, slots=True)
class WaitingPayout:
    """What the bank has still to pay a member, as the node tells of it."""

    id: str
    end_to_end: str
    member: str
    account: str
    amount: int


@dataclass(frozen=True, slots=True)
class Books:
    """What the commands about money need to know of a co-op."""

    speaker: Operator
    currency: Denomination

    @classmethod
    async def open(cls, speaker: Operator) -> Self:
        """Ask what the co-op counts in."""
        facts = await speaker.ask(f"/v1/coops/{speaker.coop}")
        currency = usual_denominations(facts["currency"], facts["token"])[Asset.CURRENCY]
        return cls(speaker, currency)

    async def accounts(self) -> list[ListedAccount]:
        """List all accounts."""
        found: list[ListedAccount] = []
        path = f"/v1/coops/{self.speaker.coop}/accounts"
        while page := await self.speaker.ask(f"{path}?after={len(found)}&limit={_PAGE}"):
            found += [
                ListedAccount(
                    one["account"],
                    one["kind"],
                    one["owner"],
                    Denomination(one["asset"], one["decimals"]),
                    one["holds"],
                    one["leaving"],
                    one["limit"],
                    one["closed"],
                )
                for one in page
            ]
        return found

    async def payouts(self) -> list[WaitingPayout]:
        """List the payouts that wait for the bank."""
        found: list[WaitingPayout] = []
        path = f"/v1/coops/{self.speaker.coop}/payouts?limit={_PAGE}"
        while page := await self.speaker.ask(
            f"{path}&after={found[-1].id}" if found else path,
        ):
            found += [
                WaitingPayout(
                    one["id"], one["end_to_end"], one["member"], one["account"], one["amount"]
                )
                for one in page
            ]
        return found

    async def bank_account(self, number: str) -> ListedAccount | None:
        """Find a bank account of the co-op's."""
        for account in await self.accounts():
            if (account.kind, account.owner) == (AccountKind.BANK.name, number):
                return account
        return None

    async def code_of(self, transfer: str) -> str | None:
        """Say what a transfer is for, or that there is none."""
        try:
            told = await self.speaker.ask(f"/v1/coops/{self.speaker.coop}/transfers/{transfer}")
        except NotFoundError:
            return None
        return str(told["code"])

    def read(self, amount: str) -> int:
        """Read an amount of the currency, or raise an AmountError."""
        unsigned = amount.removeprefix("-")
        read = self.currency.read(unsigned)
        return read if unsigned == amount else -read
