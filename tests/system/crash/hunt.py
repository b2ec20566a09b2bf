"""Killing the node at random moments while homes speak to it, and insisting on its every word."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPException
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Final

import click

from settlement_node.hosting.folder import LOG, OPERATOR
from settlement_node.log.checkpoints import log_key
from tests.node.api.neighbour import Neighbour, ask
from tests.node.postgres_server import ServerDownError, server_programs
from tests.node.powercut.disk import CUTS_OF_A_DISK
from tests.patience import PATIENCE
from tests.system.crash.breaches import Breach, Findings
from tests.system.crash.machines import Machine, NodeProcess, PostgresMachine, SqliteMachine
from tests.system.crash.reckless import reckless
from tests.system.crash.voices import HomeVoice, NewcomerVoice, OperatorVoice, Voice
from tests.system.crash.witness import Witness

_HOMES: Final = 5
_LOOK: Final = 0.03


@dataclass(slots=True)
class Tally:
    """What came of some cuts."""

    cuts: int = 0
    promises: int = 0
    checkpoints: int = 0
    members: int = 0
    findings: Findings = field(default_factory=Findings)

    @property
    def clean(self) -> bool:
        """Whether every promise was kept."""
        return not self.findings.counted

    def __str__(self) -> str:
        counted = ", ".join(f"{self.findings.counted[breach]} {breach}" for breach in Breach)
        return (
            f"{self.cuts} cuts, {self.promises} promises, {self.members} members,"
            f" {self.checkpoints} checkpoints seen: {counted}"
        )


@contextmanager
def machines_of(engine: str, mode: str | None = None) -> Iterator[Callable[[Path], Machine]]:
    """Give what makes a new machine for an engine; a mode makes it a control."""
    with reckless(mode) if mode else nullcontext():
        if engine == "sqlite":
            yield partial(SqliteMachine, mode=mode)
        else:
            with server_programs() as binaries:
                yield partial(PostgresMachine, mode=mode, binaries=binaries)


def hunt(
    machines: Callable[[Path], Machine], folder: Path, cuts: int, random: Random, tally: Tally
) -> None:
    """Cut so many times, on a new machine after some cuts, and after any that broke a promise."""
    while tally.cuts < cuts:
        place = folder / f"machine{tally.cuts}"
        place.mkdir()
        machine = machines(place)
        try:
            _Lives(machine, random, tally).live(min(CUTS_OF_A_DISK, cuts - tally.cuts))
        finally:
            machine.remove()
        click.echo(f"{tally}", err=True)


class _Lives:
    """One co-op on one machine, from cut to cut."""

    def __init__(self, machine: Machine, random: Random, tally: Tally) -> None:
        self._machine = machine
        self._random = random
        self._tally = tally
        self._findings = tally.findings
        coop = machine.coop
        name = coop.description.coop
        origin = f"127.0.0.1:8480/log/{name}"
        self._witness = Witness(name, log_key(origin, coop.seeds()[LOG]), self._findings)
        operator = OperatorVoice(
            Neighbour(name, coop.seeds()[OPERATOR]), self._chance(), self._findings
        )
        self._newcomers = NewcomerVoice(operator, self._chance(), self._findings)
        self._operator = operator
        self._homes: list[HomeVoice] = []

    def _chance(self) -> Random:
        return Random(self._random.random())

    @property
    def _voices(self) -> list[Voice]:
        return [self._operator, self._newcomers, *self._homes]

    def live(self, cuts: int) -> None:
        """Cut, and start again, so many times; in the end everything is asked for once more."""
        before = sum(self._findings.counted.values())
        self._settle()
        for _ in range(cuts):
            process = self._machine.start()
            self._one_life(process)
            self._tally.cuts += 1
            try:
                self._machine.lose(self._random)
            except ServerDownError as error:
                self._findings.note(Breach.DOWN, str(error))
                break
            found = self._machine.verify()
            if found is not None:
                self._findings.note(Breach.UNVERIFIED, found)
            if sum(self._findings.counted.values()) > before:
                break
        else:
            self._last_life()
        self._tally.promises += sum(voice.promises for voice in self._voices)
        self._tally.members += len(self._newcomers.homes) + _HOMES
        self._tally.checkpoints += self._witness.checkpoints

    def _settle(self) -> None:
        """Let the first homes join, before anything goes wrong."""
        process = self._machine.start()
        port = process.port()
        assert port is not None, process.complaints()
        while len(self._newcomers.homes) < _HOMES:
            self._operator.speak(port)
            self._newcomers.speak(port)
        assert process.stop()
        self._homes = self._newcomers.homes
        self._newcomers.homes = []
        self._operator.members = [home.home.member for home in self._homes]

    def _one_life(self, process: NodeProcess) -> None:
        """Let the node start and be spoken to, until the power is cut."""
        random = self._random
        if random.random() < 0.1:
            time.sleep(random.uniform(0, 1))
            self._machine.cut(process, random)
            return
        port = self._up(process)
        if port is None:
            self._machine.cut(process, random)
            return
        self._witness.follow(port)
        self._witness.news.clear()
        for voice in self._voices:
            voice.doubt(random, everything=False)
        over = Event()
        threads = [Thread(target=self._speak, args=(voice, port, over)) for voice in self._voices]
        threads.append(Thread(target=self._watch, args=(port, over)))
        for thread in threads:
            thread.start()
        match random.choices(["soon", "late", "checkpoint"], [6, 2, 2])[0]:
            case "soon":
                time.sleep(random.uniform(0, 0.7))
            case "late":
                time.sleep(random.uniform(0.7, 3))
            case _:
                self._witness.news.wait(PATIENCE)
                time.sleep(random.uniform(0, 0.02))
        self._note_end(process)
        self._machine.cut(process, random)
        over.set()
        for thread in threads:
            thread.join()

    def _up(self, process: NodeProcess) -> int | None:
        port = process.port()
        if port is None:
            self._findings.note(Breach.DOWN, process.complaints())
        elif (health := ask(port, "/healthz")).status != 200:
            self._findings.note(Breach.DOWN, f"{health.content!r} {process.complaints()}")
        return port

    def _note_end(self, process: NodeProcess) -> None:
        if process.ended or process.complaints():
            self._findings.note(Breach.DOWN, f"it said: {process.complaints()[-2000:]}")

    def _speak(self, voice: Voice, port: int, over: Event) -> None:
        while not over.is_set():
            try:
                if voice.owed:
                    voice.insist(port)
                else:
                    voice.speak(port)
            except TimeoutError:
                self._findings.note(Breach.DOWN, "no answer came")
            except OSError, HTTPException:
                over.wait(_LOOK)

    def _watch(self, port: int, over: Event) -> None:
        while not over.wait(_LOOK):
            try:
                self._witness.look(port)
            except OSError, HTTPException:
                continue

    def _last_life(self) -> None:
        """Ask for everything that was ever promised; then all of it has to be in the log."""
        process = self._machine.start()
        port = self._up(process)
        if port is None:
            process.kill()
            return
        for voice in self._voices:
            voice.doubt(self._random, everything=True)
            until = time.monotonic() + PATIENCE
            while voice.owed and time.monotonic() < until:
                voice.insist(port)
            if voice.owed:
                self._findings.note(Breach.REFUSED, f"{voice.owed} were not taken in minutes")
        self._operator.count_money(port)
        self._note_end(process)
        if not process.stop():
            self._findings.note(Breach.DOWN, f"it did not stop: {process.complaints()[-2000:]}")
        self._find_everything()
        found = self._machine.verify()
        if found is not None:
            self._findings.note(Breach.UNVERIFIED, found)

    def _find_everything(self) -> None:
        """Look for each promised statement under the checkpoint that the stop left."""
        process = self._machine.start()
        port = self._up(process)
        if port is not None:
            self._witness.follow(port)
            at = time.time_ns() // 1_000_000
            for home in (self._operator, *self._homes, *self._newcomers.homes):
                for statement, receipt in home.promised:
                    if statement.hash not in self._witness.statements or receipt["due"] < at:
                        self._findings.note(Breach.LOST, f"{statement.header} is not in the log")
        process.kill()
