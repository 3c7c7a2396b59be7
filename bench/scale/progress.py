"""How far a long piece of work is, for whoever waits: a bar, its speed and the time left."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

_SPOKEN_EVERY = 15.0


@contextmanager
def progress(accounts: int) -> Iterator[Callable[[int, int], None]]:
    """Yield what is told of each step: accounts done and rows written. Goes to standard error."""
    pace = Pace(accounts)
    if sys.stderr.isatty():
        with click.progressbar(length=accounts, file=sys.stderr, show_pos=True) as bar:
            yield lambda done, rows: (pace.count(done, rows), _show(bar, pace, done))[0]
        return
    yield lambda done, rows: pace.count(done, rows) or pace.speak()


class Pace:
    """Counts, and now and then says how it goes to a log that shows no bar."""

    def __init__(self, accounts: int):
        self._accounts = accounts
        self._done = self._rows = 0
        self._began = self._spoke = time.monotonic()

    def count(self, done: int, rows: int) -> None:
        self._done += done
        self._rows += rows

    @property
    def speed(self) -> str:
        seconds = max(0.001, time.monotonic() - self._began)
        return f"{self._done / seconds:.0f} accounts/s, {self._rows / seconds:.0f} rows/s"

    def speak(self) -> None:
        now = time.monotonic()
        if now - self._spoke < _SPOKEN_EVERY or not self._done:
            return
        self._spoke = now
        left = (now - self._began) * (self._accounts / self._done - 1)
        click.echo(f"{self._done} of {self._accounts}  {self.speed}  {left:.0f} s left", err=True)


def _show(bar: "click._termui_impl.ProgressBar[int]", pace: Pace, done: int) -> None:
    bar.label = pace.speed
    bar.update(done)
