"""The slip for the hall, the same for who has an account and for who has none."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from idp import cases
from idp.crypto import masking
from idp.realname.base import Statement
from idp.services import services
from idp.store import cases as store
from idp.store import ephemeral
from idp.store.accounts import Account
from idp.store.types import now

_UNKNOWN = "hall-slip"


@dataclass(frozen=True, slots=True)
class Slip:
    """What is printed; the person is masked."""

    code: str
    until: str
    name: str
    kind: str
    number: str
    phone: str


def slip(account: Account | None, stated: Statement, phone: str) -> Slip:
    """A case of ``account``; of nobody, a code that no officer will find.

    Each number has a case of its own: nobody makes the slip of another void by asking for one.
    Raises AskedTooOften.
    """
    index = str(services.sealer.index("phone", phone))
    topic = ephemeral.digest(index)[:16]
    document = stated.document
    if account is not None:
        said = {"name": stated.name, "kind": document.kind, "number": document.number}
        said |= {"document": document.key, "phone": phone, "topic": topic}
        case = cases.open_(account.id, cases.RECOVER, said)
        code, until = case.code, case.valid_until
    else:
        code, until = _of_nobody(f"{document.key}|{stated.name}|{topic}")
    return Slip(
        code,
        until.isoformat(),
        masking.name(stated.name),
        document.kind,
        masking.id_number(document.number),
        masking.phone(phone),
    )


def _of_nobody(asked: str) -> tuple[str, datetime]:
    """The same code for as long as a case would have it: who asks twice learns nothing either."""
    secret = services.sealer.mac("hall-slip", asked.encode()).hex()
    found = ephemeral.peek(_UNKNOWN, secret)
    if found is None:
        until = cases.end_of_day(cases.VALID_FOR)
        found = {"code": store.new_code(), "until": until.isoformat()}
        ephemeral.put(_UNKNOWN, secret, found, until - now() + timedelta(seconds=1))
    return found["code"], datetime.fromisoformat(found["until"])
