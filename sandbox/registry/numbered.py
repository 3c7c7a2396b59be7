"""What the licence system and the payer share: numbered questions, signed answers, refusals."""

from collections.abc import Callable

import flask

from sandbox import faults, sm3
from sandbox.registry import people

Said = dict[str, str]

CODES = {
    people.MISMATCH: "MISMATCH",
    people.NO_RECORD: "NO_RECORD",
    people.INVALID: "INVALID",
    people.LIMITED: "LIMITED",
    people.MAINTENANCE: "BUSY",
}


class Refused(Exception):
    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


class Down(Exception):
    """The connection is cut without an answer."""


def answered(app_id: str, key: str, answer: Callable[[Said], Said]) -> flask.Response:
    """What ``answer`` says of the question, signed, with the question's number."""
    try:
        asked = sm3.fields(key)
    except sm3.Refused:
        return sm3.refusal()
    if asked.get("appId") != app_id or not asked.get("nonce"):
        return sm3.refusal()
    try:
        said = {"code": "0", **answer(asked)}
    except Refused as refused:
        said = {"code": refused.code}
    except Down:
        return faults.hang_up()
    return sm3.answer(key, {**said, "nonce": asked["nonce"]})


def endure(verdict: str, refuse: dict[str, str]) -> None:
    """Be down, slow, or refuse, as ``verdict`` says."""
    if verdict == people.DOWN:
        raise Down
    if verdict == people.SLOW:
        faults.take_long()
    if verdict in refuse:
        raise Refused(refuse[verdict])
