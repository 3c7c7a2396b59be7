"""Child processes: started, waited for, watched, and stopped by their own ids."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from demo.plan import Place

PYTHON = sys.executable
ROOT = Path(__file__).parent.parent
STOP_PATIENCE = 15.0
_HANG_ON = 0.1


class DemoProblem(Exception):
    """The demo cannot go on; the text says why, for whoever started it."""


@dataclass(frozen=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def stop(self) -> None:
        self.process.terminate()

    def end(self, patience: float = STOP_PATIENCE) -> None:
        """Wait for it to finish what it is doing; a child that does not is killed."""
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def last_words(self) -> str:
        lines = self.log.read_text("utf-8", "replace").splitlines()
        return "\n".join(lines[-15:])


def start(name: str, arguments: list[str], log: Path, environment: dict[str, str]) -> Child:
    """Start ``python <arguments>`` in a group of its own: Ctrl-C reaches only the demo itself."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [PYTHON, *arguments],
            cwd=ROOT,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Child(name, process, log)


def refuse_taken(places: dict[str, Place]) -> None:
    """Say which port is taken before anything is started."""
    for name, place in places.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", place.port))
            except OSError:
                raise DemoProblem(
                    f"端口 {place.port}（{name}）已被占用，请先停止占用它的程序，"
                    "或用 --first-port 换一组端口。\n"
                    f"Port {place.port} ({name}) is taken: stop what uses it, "
                    "or choose others with --first-port."
                ) from None


def wait_until(answers: Callable[[], bool], child: Child, patience: float) -> None:
    """Wait for ``answers``; say so when the child dies first, or takes too long."""
    deadline = time.monotonic() + patience
    while not answers():
        if child.process.poll() is not None:
            raise DemoProblem(
                f"{child.name} 没有启动成功，日志：{child.log}\n"
                f"{child.name} did not start; the end of its log:\n{child.last_words()}"
            )
        if time.monotonic() > deadline:
            raise DemoProblem(
                f"{child.name} 在 {patience:.0f} 秒内没有应答，日志：{child.log}\n"
                f"{child.name} did not answer within {patience:.0f} s:\n{child.last_words()}"
            )
        time.sleep(_HANG_ON)


def statement(place: Place) -> dict[str, Any]:
    """What a node says of itself to its federation (OpenID Federation §9), read but not verified:
    it was started a moment ago by ourselves.
    """
    url = f"http://127.0.0.1:{place.port}/.well-known/openid-federation"
    with urllib.request.urlopen(url, timeout=10) as answer:
        payload = answer.read().split(b".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))
    return claims


def page_answers(place: Place, path: str) -> Callable[[], bool]:
    """Whether GET ``path`` answers 200 on the place's port, asked without resolving its name."""

    def ask() -> bool:
        url = f"http://127.0.0.1:{place.port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return bool(answer.status == 200)  # noqa: PLR2004
        except (OSError, HTTPException):  # before it listens, a port may meet itself
            return False

    return ask
