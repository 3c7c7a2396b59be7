"""A running town for the tests: where its parties are, and what its phones received."""

import itertools
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from demo.cast import PASSWORD
from demo.plan import Plan
from tests import secrets_in_logs

SMS_PATIENCE = 15.0


@dataclass
class Live:
    plan: Plan
    certificate: Path | None = None
    """The throw-away CA's, when the town is behind TLS."""
    more: dict[str, str] = field(default_factory=dict)
    """Base URLs of relying parties beside the portals."""
    password: str = PASSWORD
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1_000))

    @property
    def issuer(self) -> str:
        return self.plan.node.url

    @property
    def shebao(self) -> str:
        return self.plan.places["shebao"].url

    @property
    def gjj(self) -> str:
        return self.plan.places["gjj"].url

    @property
    def qiye(self) -> str:
        """The portal that would know for whom people act."""
        return self.plan.places["qiye"].url

    @property
    def budongchan(self) -> str:
        """The portal that wants the living person and two factors."""
        return self.plan.places["budongchan"].url

    @property
    def example(self) -> str:
        """The Node.js example."""
        return self.more["example"]

    @property
    def spa(self) -> str:
        """The page without a server."""
        return self.more["spa"]

    def new_number(self) -> str:
        """A number nobody in the town has."""
        return secrets_in_logs.remember(f"1390000{next(self._numbers):04}")

    def messages(self, number: str) -> list[dict[str, Any]]:
        url = f"http://127.0.0.1:{self.plan.sandbox.port}/phone/{number}/messages"
        answer = httpx.get(url, timeout=5)
        answer.raise_for_status()
        found = answer.json()
        return found if isinstance(found, list) else found["messages"]

    def code(self, number: str, already: int = 0) -> str:
        """The newest code on the phone, once there are more than ``already`` messages."""
        deadline = time.monotonic() + SMS_PATIENCE
        while len(inbox := self.messages(number)) <= already:
            assert time.monotonic() < deadline, f"no message for {number[:3]}… arrived"
            time.sleep(0.1)
        found = re.search(r"(?<!\d)\d{6}(?!\d)", inbox[0].get("text") or str(inbox[0]))
        assert found, "the newest message holds no code"
        return secrets_in_logs.remember(found[0])

    def logs(self) -> str:
        folder = self.plan.var / "log"
        return "".join(file.read_text("utf-8", "replace") for file in folder.glob("*.log"))
