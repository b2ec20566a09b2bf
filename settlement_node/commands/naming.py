"""Which member is meant: asked of the node before anything is signed for ever."""

from typing import Self

from settlement_node.commands.local_node import LocalNodeError, Operator
from settlement_node.output import shown


class Members:
    """Who belongs to a co-op, by identifier and by name."""

    def __init__(self, names: dict[str, str]) -> None:
        """Know these, by their identifiers."""
        self._names = names

    @classmethod
    async def ask(cls, speaker: Operator) -> Self:
        """Ask who they are."""
        listed = await speaker.ask(f"/v1/coops/{speaker.coop}/members")
        return cls({one["member"]: one["name"] for one in listed})

    def is_known(self, text: str) -> bool:
        """Tell whether anybody has this identifier or name."""
        return bool(self._found(text))

    def named(self, text: str) -> str:
        """Return the identifier of who is meant, or raise a LocalNodeError."""
        found = self._found(text)
        if not found:
            raise LocalNodeError(
                f"nobody here is {shown(text)}: give the identifier or the name of one whom"
                " `settlement-node members` lists"
            )
        if len(found) > 1:
            raise LocalNodeError(
                f"{len(found)} members have the name {shown(text)}: give the identifier of one,"
                f" {' or '.join(found)}"
            )
        return found[0]

    def _found(self, text: str) -> list[str]:
        if text in self._names:
            return [text]
        return [one for one, name in self._names.items() if name.casefold() == text.casefold()]
