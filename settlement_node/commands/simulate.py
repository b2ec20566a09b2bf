"""`settlement-node simulate`: let a street live under a market's rules, on simulated time."""

import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Final

import click

from depin_protocol.rules.market_rules import MarketRules
from settlement_node.commands.common import counted, folder_at, run
from settlement_node.commands.market import read_rules
from settlement_node.hosting.folder import NodeFolder
from settlement_node.output import print_line
from settlement_node.simulation.forecasts import PERSISTENCE, Forecast, ForecastError
from settlement_node.simulation.founding import CURRENCY, SimulationError
from settlement_node.simulation.gathering import gathered
from settlement_node.simulation.neighbourhood import neighbourhood
from settlement_node.simulation.picture import picture
from settlement_node.simulation.plan import MIDSUMMER, Plan
from settlement_node.simulation.results import Results
from settlement_node.simulation.shapes import ShapesError
from settlement_node.simulation.strategies import Strategy
from settlement_node.simulation.table import lines_of

_MOST_HOMES: Final = 10_000
_MOST_DAYS: Final = 366
_FIRST_YEAR: Final = 1971


class _ForecastName(click.ParamType[Forecast]):
    """How homes foresee."""

    name = "forecast"

    def convert(
        self, value: str | Forecast, param: click.Parameter | None, ctx: click.Context | None
    ) -> Forecast:
        """Read it, or say what there is."""
        if isinstance(value, Forecast):
            return value
        try:
            return Forecast.read(value)
        except ForecastError as error:
            self.fail(str(error), param, ctx)


@click.command()
@click.option("--homes", type=click.IntRange(1, _MOST_HOMES), required=True)
@click.option("--days", type=click.IntRange(1, _MOST_DAYS), required=True)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=1,
    show_default=True,
    help="What is drawn by chance follows from it: the same seed, the same log.",
)
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d"]),
    default=datetime.fromtimestamp(MIDSUMMER / 1000, UTC).date().isoformat(),
    show_default=True,
    help="The first day.",
)
@click.option(
    "--profiles",
    help="What homes use and produce: a folder with a CSV file for each (columns used, produced,"
    " charged; Wh of each quarter-hour of whole days, which begin again when they are over);"
    " simbench, if that package is installed; or the wheel of it. Drawn from the seed if not"
    " given.",
)
@click.option(
    "--rules",
    type=click.File("rb"),
    help="The market's rules: a JSON file, as `init` takes it.",
)
@click.option(
    "--strategy",
    type=click.Choice([strategy.value for strategy in Strategy]),
    default=Strategy.TRUTHFUL.value,
    show_default=True,
    help="How homes bid. Under empty-promises each fifth sells what it does not have.",
)
@click.option(
    "--forecast",
    type=_ForecastName(),
    default="perfect",
    show_default=True,
    help="How well homes foresee: perfect, persistence (as yesterday), or an error such as 25%.",
)
@click.option(
    "--picture",
    "svg",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    default="simulation.svg",
    show_default=True,
    help="Where to draw the picture.",
)
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="A new data folder for the co-op, to `verify` it or look at it; else none stays.",
)
def simulate(  # noqa: PLR0913, PLR0917 - each is an option
    homes: int,
    days: int,
    seed: int,
    start: datetime,
    profiles: str | None,
    rules: BinaryIO | None,
    strategy: str,
    forecast: Forecast,
    svg: Path,
    keep: Path | None,
) -> None:
    """Let homes trade for some days: a real co-op, a simulated clock.

    The homes' statements are signed, taken in, cleared, settled and booked as a running node does
    it. What the market's rules do to whom stands in the table and the picture at the end.
    """
    if start.year < _FIRST_YEAR:
        raise click.UsageError(f"--start: instants count from 1970 on: give {_FIRST_YEAR} or later")
    plan = Plan(
        homes,
        days,
        seed,
        int(start.replace(tzinfo=UTC).timestamp() * 1000),
        profiles,
        Strategy(strategy),
        forecast,
        MarketRules() if rules is None else read_rules(rules.read()),
    )
    with ExitStack() as stack:
        place = keep or Path(stack.enter_context(TemporaryDirectory(prefix="depin-")))
        node = folder_at(place)
        if node.coops():
            raise click.UsageError(f"{keep} holds a co-op already: name a new folder")
        try:
            results = run(_lived(plan, node))
        except (ShapesError, SimulationError) as error:
            raise click.ClickException(str(error)) from error
    title = (
        f"{counted(homes, 'home')}, {counted(days, 'day')} from {start:%d %B %Y}: "
        f"{strategy}, {forecast.name} forecast, seed {seed}"
    )
    print_line(title)
    for line in lines_of(results, CURRENCY):
        print_line(line)
    if days == 1 and forecast.name == PERSISTENCE:
        print_line(
            "nobody ordered: a home that expects what was a day ago knows nothing on the first day;"
            " give --days 2 or more"
        )
    try:
        svg.write_text(picture(results, title, CURRENCY), encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{svg} cannot be written: {error.strerror}") from error
    print_line(f"picture: {svg}")
    if keep is not None:
        print_line(f"the co-op: {keep}; settlement-node verify --data {keep}")
    if results.objections:
        raise click.ClickException("the books are not sound: please report this")


async def _lived(plan: Plan, node: NodeFolder) -> Results:
    async with neighbourhood(plan, node) as street:
        # Who reads standard output by machine sees no bar.
        with click.progressbar(length=plan.intervals, label="simulated", file=sys.stderr) as bar:
            await street.live(bar.update)
        return await gathered(street)
