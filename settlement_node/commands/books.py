"""The co-op's accounts, as its operator asks the node for them."""

from dataclasses import dataclass
from typing import Any, Final, Self

from depin_protocol.encoding import to_text
from settlement_node.commands.local_node import LocalNodeError, NotFoundError, Operator
from settlement_node.commands.naming import Members
from settlement_node.ledger.accounts import AccountKind
from settlement_node.ledger.assets import AmountError, Asset, Denomination, usual_denominations
from settlement_node.output import shown

_PAGE: Final = 200


def written(number: str) -> str:
    """Write a bank account's number as the books have it, however people group it."""
    return number.replace(" ", "").upper()


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
    members: Members

    @classmethod
    async def open(cls, speaker: Operator) -> Self:
        """Ask what the co-op counts in, and who belongs to it."""
        facts = await speaker.ask(f"/v1/coops/{speaker.coop}")
        currency = usual_denominations(facts["currency"], facts["token"])[Asset.CURRENCY]
        return cls(speaker, currency, await Members.ask(speaker))

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

    async def check_bank_account(self, number: str) -> None:
        """Insist, before anything is signed, that the co-op has this bank account."""
        account = await self.bank_account(number)
        if account is None:
            raise LocalNodeError(
                f"the co-op has no bank account or cash box {shown(number)}: `settlement-node"
                " accounts --all` lists those that it has, and `bank open` opens one"
            )

    async def check_transfer(self, name: bytes) -> None:
        """Insist, before anything is signed, that there is such a transfer."""
        if await self.code_of(to_text(name)) is None:
            raise LocalNodeError(
                f"no transfer has the id {to_text(name)}, or it is older than the books:"
                " `settlement-node transfers ACCOUNT` lists those of an account"
            )

    async def account(self, text: str) -> ListedAccount:
        """Find an account by its number, a bank's own, a member or a kind that is there once."""
        listed = await self.accounts()
        for one in listed:
            # Of who owns several accounts, and of a bank's kind, the name alone says too little.
            named = one.owner if one.kind == AccountKind.BANK.name else one.kind
            is_one = one.kind == AccountKind.BANK.name or not one.owner
            if text == str(one.number) or (is_one and text.upper() == named):
                return one
        if not self.members.is_known(text):
            raise LocalNodeError(
                f"no account is {shown(text)}: give a number that `settlement-node accounts --all`"
                " lists, a bank account's own, a member, or `suspense`"
            )
        owner = self.members.named(text)
        money = AccountKind.MEMBER_MONEY.name
        return next(one for one in listed if (one.kind, one.owner) == (money, owner))

    async def movements(self, account: int) -> list[dict[str, Any]]:
        """Read what happened on an account, oldest first."""
        found: list[dict[str, Any]] = []
        path = f"/v1/coops/{self.speaker.coop}/accounts/{account}/history?limit={_PAGE}"
        while page := await self.speaker.ask(
            f"{path}&after={found[-1]['at']}" if found else path,
        ):
            found += page
        return found

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

    def read_some(self, amount: str) -> int:
        """Read an amount that is not 0."""
        read = self.read(amount)
        if not read:
            raise AmountError(f"{amount} is nothing: there is nothing to book")
        return read

    def read_sum(self, amount: str) -> int:
        """Read an amount above 0."""
        read = self.read_some(amount)
        if read < 0:
            raise AmountError(f"{amount} is below zero: give what moves, without a sign")
        return read
