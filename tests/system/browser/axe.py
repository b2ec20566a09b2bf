"""What of a page somebody would miss who does not see it, or not well: axe's own judgement."""

from functools import cache
from importlib.resources import files
from typing import Final

from .chromium import Page

# Of the whole page, with all that lies in the shadows; what is not of our cards is not ours.
_JUDGE: Final = """axe.run(document, {resultTypes: ["violations"]}).then(({violations}) =>
    violations.flatMap(({id, nodes}) => nodes
        .map(({target, failureSummary}) => [id, JSON.stringify(target), failureSummary].join(": "))
        .filter((said) => /depin-/.test(said))))"""


async def violations(page: Page) -> list[str]:
    """Tell what is wrong with our cards on the page as it is now."""
    await page.run(f"{_axe()}; true")
    found: list[str] = await page.run(_JUDGE)
    return found


@cache
def _axe() -> str:
    return (files("axe_core_python") / "axe.min.js").read_text()
