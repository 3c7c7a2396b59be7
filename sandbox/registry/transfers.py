"""对公打款: a payer of small random amounts, and the bank page where they are read off.

The payer's interface file is not public: this is our own guess at its shape.
"""

import secrets
import threading
from dataclasses import dataclass, replace
from typing import Any

import flask

from sandbox.options import Options
from sandbox.registry import numbered, people
from sandbox.registry.companies import LATE, MAGIC, WAITING

bp = flask.Blueprint("transfers", __name__)

TRIES = 3
CREATED, TRANSFERRED, REJECTED, VERIFIED, FAILED, EXPIRED = (
    "CREATED",
    "TRANSFERRED",
    "BANK_REJECTED",
    "VERIFIED",
    "FAILED",
    "EXPIRED",
)
_ARRIVES = {
    people.NO_RECORD: REJECTED,
    people.MISMATCH: REJECTED,
    WAITING: CREATED,
    LATE: EXPIRED,
}
_REFUSALS = {
    name: code
    for name, code in numbered.CODES.items()
    if name not in {people.NO_RECORD, people.MISMATCH}
}


@dataclass(frozen=True)
class Transfer:
    name: str
    account: str
    amount: str
    state: str = CREATED
    tries: int = TRIES


class Transfers:
    def __init__(self) -> None:
        self._transfers: dict[str, Transfer] = {}
        self._lock = threading.Lock()

    def put(self, paid: str, transfer: Transfer) -> Transfer:
        with self._lock:
            self._transfers[paid] = transfer
        return transfer

    def of(self, paid: str) -> Transfer | None:
        with self._lock:
            return self._transfers.get(paid)

    def all(self) -> list[Transfer]:
        """The newest first."""
        with self._lock:
            return list(reversed(self._transfers.values()))


@bp.post("/transfer/transfers")
def pay() -> flask.Response:
    def answer(asked: numbered.Said) -> numbered.Said:
        if not all(asked.get(n) for n in ("bizSeq", "accountName", "accountNo", "bankCode")):
            raise numbered.Refused("INVALID")
        numbered.endure(_magic(asked["accountName"]), _REFUSALS)
        paid = secrets.token_hex(16)
        amount = f"0.{1 + secrets.randbelow(99):02}"
        made = Transfer(asked["accountName"], asked["accountNo"], amount)
        return _said(paid, _transfers().put(paid, made))

    return _answered(answer)


@bp.get("/transfer/transfers/<paid>")
def look(paid: str) -> flask.Response:
    """The bank has acted by the time somebody asks."""

    def answer(_asked: numbered.Said) -> numbered.Said:
        return _said(paid, _arrived(paid))

    return _answered(answer)


@bp.post("/transfer/transfers/<paid>/verify")
def verify(paid: str) -> flask.Response:
    def answer(asked: numbered.Said) -> numbered.Said:
        transfer = _arrived(paid)
        if transfer.state != TRANSFERRED:
            return _said(paid, transfer)
        if asked.get("amount") == transfer.amount:
            return _said(paid, _transfers().put(paid, replace(transfer, state=VERIFIED)))
        left = transfer.tries - 1
        state = TRANSFERRED if left else FAILED
        return _said(paid, _transfers().put(paid, replace(transfer, tries=left, state=state)))

    return _answered(answer)


@bp.get("/bank")
def bank() -> str:
    """What the account holders see in their books."""
    arrived = [each for each in _transfers().all() if each.state not in {CREATED, REJECTED}]
    return flask.render_template("bank.html", arrived=arrived)


def _arrived(paid: str) -> Transfer:
    transfer = _transfers().of(paid)
    if transfer is None:
        raise numbered.Refused("NO_RECORD")
    if transfer.state != CREATED:
        return transfer
    state = _ARRIVES.get(_magic(transfer.name), TRANSFERRED)
    return _transfers().put(paid, replace(transfer, state=state))


def _magic(name: str) -> str:
    return MAGIC[name][0] if name in MAGIC else people.MATCH


def _said(paid: str, transfer: Transfer) -> numbered.Said:
    return {"transferId": paid, "state": transfer.state, "triesLeft": str(transfer.tries)}


def _answered(answer: Any) -> flask.Response:
    options: Options = flask.current_app.extensions["options"]
    return numbered.answered(options.transfer_app, options.transfer_key, answer)


def _transfers() -> Transfers:
    found: Transfers = flask.current_app.extensions["transfers"]
    return found
