"""Everybody's phone: the file into which a node under development writes its messages."""

import re
import time
from pathlib import Path
from threading import Lock

import orjson

from bench.scale.wire import WrongAnswer

_CODE = re.compile(r"\d{6}")
_PATIENCE = 10.0
_LOOK_EVERY = 0.002


class Phones:
    def __init__(self, outbox: Path):
        self._outbox = outbox
        self._read = 0
        self._codes: dict[str, str] = {}
        self._lock = Lock()

    def code(self, number: str) -> str:
        """The code sent to ``number``, waited for."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            with self._lock:
                self._look()
                if found := self._codes.pop(number, ""):
                    return found
            time.sleep(_LOOK_EVERY)
        raise WrongAnswer(f"no message within {_PATIENCE:.0f} s")

    def _look(self) -> None:
        if not self._outbox.exists() or self._outbox.stat().st_size == self._read:
            return
        with self._outbox.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                message = orjson.loads(line)
                if found := _CODE.search(message["text"]):
                    self._codes[message["number"]] = found[0]
