"""Looking at the living face of somebody who is not signed in: there, and back with whose it was.

The person says who they are, and the register is asked whether the face is that person's; which
account that opens is for the caller to find out afterwards. So nobody learns from the way there
whether anybody of that name has an account.
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta

import orjson

from idp import interactions, levels, minors
from idp.audit import events
from idp.audit import log as audit
from idp.errors import N_, IdpError
from idp.interactions import Interaction
from idp.realname import documents, names
from idp.realname.base import Outcome, Statement
from idp.realname.errors import (
    CameBackElsewhere,
    CheckedTooOften,
    FaceRefused,
    Impossible,
    NoRecord,
    VerifierAway,
)
from idp.realname.service import Verdict, Way
from idp.services import services
from idp.store import identities, throttles
from idp.store.accounts import Account
from idp.store.engines import db
from idp.store.ephemeral import digest
from idp.store.identities import Identity
from idp.store.throttles import Counter
from idp.web.addresses import address_range
from idp.web.people import Here

_JOURNEY = "face-journey"
DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_BROWSER_DAY, _PLACE_HOUR, _LOOKS_HOUR = 10, 60, 60
"""How often a browser, and an address range, may begin; and how often one way is asked about."""

REFUSALS: Mapping[Outcome, type[IdpError]] = {
    Outcome.MISMATCH: FaceRefused,
    Outcome.NO_RECORD: NoRecord,
    Outcome.INVALID: Impossible,
    Outcome.RATE_LIMITED: CheckedTooOften,
    Outcome.UNAVAILABLE: VerifierAway,
}


class ChildsFace(IdpError):
    """The document is a child's: nobody looks at their face without their guardian there."""

    code = "HT-3508"
    message = N_("未满 14 周岁的，不能在网上刷脸找回。")
    next_step = N_("请由监护人陪同，携带双方证件到就近的政务服务大厅办理。")
    status = 422
    field = "id_number"


def way() -> Way | None:
    """What compares a face with the register; None where the operator has nothing that does."""
    found = services.realname.ways(levels.FACE)
    return next((each for each in found if each.journey and each.stated), None)


def comparable(account: Account) -> Identity | None:
    """The name of ``account`` that a face can be compared with."""
    compared, identity = way(), identities.of(account.id)
    if compared is None or identity is None or not identity.real_name:
        return None
    return identity if identity.kind in compared.documents else None


def is_of(identity: Identity | None, statement: Statement) -> bool:
    """Whether ``identity`` is the person whose face was looked at."""
    if identity is None or identity.document != statement.document.key:
        return False
    return names.same(identity.real_name, statement.name)


def begin(interaction: Interaction, statement: Statement, path: str, here: Here) -> str:
    """Where the browser goes to show the face; ``path`` is the page of ours it comes back to.

    Raises ChildsFace, CheckedTooOften, or why the register would not begin.
    """
    compared, document = way(), statement.document
    if compared is None or document.kind not in compared.documents:
        raise NoRecord
    if document.born is not None and minors.is_child(document.born):
        raise ChildsFace
    _count(statement, here)
    way_back = secrets.token_urlsafe(16)
    return_url = f"{services.settings.issuer}{interaction.url(path)}&b={way_back}"
    reference = secrets.token_hex(16)
    started = services.realname.begin(compared.method, statement, reference, return_url)
    if isinstance(started, Verdict):
        raise _refused(started, statement, here)
    kept = {
        "name": statement.name,
        "kind": document.kind,
        "number": document.number,
        "verifier": started.verifier,
        "token": started.begun.token,
        "way_back": digest(way_back),
    }
    sealed = str(services.sealer.seal(_JOURNEY, orjson.dumps(kept).decode(), interaction.id))
    interactions.note(interaction, **{_JOURNEY: sealed})
    return started.begun.url


def under_way(interaction: Interaction) -> Statement | None:
    """Whose face was to be looked at on this way."""
    kept = _kept(interaction)
    return _statement(kept) if kept else None


def seen(interaction: Interaction, brought: Mapping[str, str], here: Here) -> Statement:
    """Whose living face it was; what the address says is not believed, the service is asked.

    Raises CameBackElsewhere, CheckedTooOften, or what the service said instead.
    """
    kept = _kept(interaction)
    if kept is None or not secrets.compare_digest(digest(brought.get("b", "")), kept["way_back"]):
        raise CameBackElsewhere
    looks = Counter.of(interaction.id, "face-looks", _LOOKS_HOUR, _HOUR)
    if throttles.take([looks]).refused_by is not None:
        raise CheckedTooOften
    statement = _statement(kept)
    verdict = services.realname.finish(kept["verifier"], kept["token"], statement, brought)
    if verdict is None:
        raise FaceRefused  # turned back before the end
    if verdict.answer.outcome is not Outcome.MATCH:
        raise _refused(verdict, statement, here)
    interactions.note(interaction, **{_JOURNEY: None})
    _record(verdict)
    return statement


def _refused(verdict: Verdict, statement: Statement, here: Here) -> IdpError:
    """What stands in the way; a try nobody could answer is given back."""
    outcome = verdict.answer.outcome
    if outcome is Outcome.UNAVAILABLE:
        for counter in _counters(statement, here):
            throttles.give_back([counter])
    _record(verdict)
    db.session.commit()
    return REFUSALS[outcome]()


def _record(verdict: Verdict) -> None:
    answer = verdict.answer
    matched = answer.outcome is Outcome.MATCH
    audit.record(
        events.FaceCompared(
            verifier=verdict.verifier,
            reference=answer.reference,
            code=answer.code,
            outcome="ok" if matched else "refused",
            reason="" if matched else answer.outcome.value,
        )
    )


def _count(statement: Statement, here: Here) -> None:
    for counter in _counters(statement, here):
        if throttles.take([counter]).refused_by is not None:
            raise CheckedTooOften


def _counters(statement: Statement, here: Here) -> list[Counter]:
    document = services.sealer.index("document", statement.document.key)
    limit = services.settings.realname.document_day
    return [
        Counter.of(here.browser, "faces", _BROWSER_DAY, DAY),
        Counter.of(address_range(here.address), "faces", _PLACE_HOUR, _HOUR),
        Counter.of(document, "realname", limit, DAY),
    ]


def _kept(interaction: Interaction) -> dict[str, str] | None:
    sealed = interaction.result.get(_JOURNEY)
    if not sealed:
        return None
    found: dict[str, str] = orjson.loads(services.sealer.open(_JOURNEY, sealed, interaction.id))
    return found


def _statement(kept: Mapping[str, str]) -> Statement:
    return Statement(kept["name"], documents.stored(kept["kind"], kept["number"]))
