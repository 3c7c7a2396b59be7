"""Proving: what is written on the document, the question to the register, and its answer."""

import secrets
from dataclasses import asdict
from datetime import timedelta
from types import SimpleNamespace

import flask
import orjson
from stdnum import luhn

from idp import identities, interactions, levels, minors
from idp.assurance import METHODS, Level
from idp.audit import events
from idp.audit import log as audit
from idp.crypto import masking
from idp.errors import IdpError
from idp.identities import HeldElsewhere
from idp.interactions import Interaction
from idp.realname import documents, hall, names
from idp.realname.base import Outcome, Statement
from idp.realname.blueprint import (
    CONTESTED,
    FIELDS,
    STATED,
    agree,
    bp,
    called,
    entered,
    filled,
    keep_written,
    page,
    raised,
)
from idp.realname.errors import (
    CameBackElsewhere,
    CardMalformed,
    CheckedTooOften,
    ConsentNeeded,
    CredentialRefused,
    FaceRefused,
    Impossible,
    Mismatch,
    NoRecord,
    VerifierAway,
)
from idp.realname.service import Started, Verdict, Way
from idp.realname.words import AGREED, WAYS
from idp.services import services
from idp.store import identities as store
from idp.store import throttles
from idp.store.engines import db
from idp.store.ephemeral import digest
from idp.store.identities import Person, Proof
from idp.store.throttles import Counter
from idp.web import people
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me

REASON = "realname"
_DAY = timedelta(days=1)
LOOKS_HOUR = 60
"""How often an account may come back from a journey in an hour: the service is asked each time."""
_UNCOUNTED = "uncounted"
"""That the try of a journey was given back, since nobody could say how it went."""

REFUSALS: dict[Outcome, type[IdpError]] = {
    Outcome.MISMATCH: Mismatch,
    Outcome.NO_RECORD: NoRecord,
    Outcome.INVALID: Impossible,
    Outcome.RATE_LIMITED: CheckedTooOften,
    Outcome.UNAVAILABLE: VerifierAway,
}
TURNED_BACK: dict[str, type[IdpError]] = {
    "face": FaceRefused,
    "network_credential": CredentialRefused,
}
"""What is said, by method, of a journey that ended elsewhere without proving anything."""


@bp.get("/form")
def form() -> flask.Response:
    interaction = entered()
    return _form(interaction, _way(interaction))


@bp.get("/check")
def address_of_a_form() -> flask.Response:
    return people.back_to("/realname/form")


@bp.post("/check")
def check() -> flask.Response:
    """Ask the register, or send the person to where their face is looked at."""
    interaction = entered()
    way = _way(interaction)
    try:
        statement = _stated(way)
        if not people.text("agree"):
            raise ConsentNeeded
        interaction = keep_written(interaction)
        if minors.needed(me().id, statement.document.born):
            return hall.of_a_child(interaction, statement)
        _may_ask(statement)
        agree()
        if way.journey:
            return _begin(interaction, way, statement)
        verdict = services.realname.check(way.method, statement)
        return _judged(interaction, way, statement, verdict)
    except IdpError as error:
        return _form(interaction, way, people.failed(error, *FIELDS, "bank_card"))


@bp.get("/back")
def back() -> flask.Response:
    """The person comes back from where the face was looked at, or the credential shown; what the
    address says is not believed, the service is asked.
    """
    interaction = entered()
    kept = interaction.result.get(STATED)
    if not kept:
        return people.go(interaction.url("/realname/"))
    way, statement, verifier, token = _opened(interaction, kept)
    looks = Counter.of(me().id, "realname-looks", LOOKS_HOUR, timedelta(hours=1))
    if throttles.take([looks]).refused_by is not None:
        return _form(interaction, way, Failed(CheckedTooOften()))
    try:
        if interaction.result.get(_UNCOUNTED):
            _may_ask(statement)
            interaction = interactions.note(interaction, **{_UNCOUNTED: False})
        brought = flask.request.args.to_dict()
        verdict = services.realname.finish(verifier, token, statement, brought)
        if verdict is None:
            raise TURNED_BACK[way.method]  # before the end
        return _judged(interaction, way, statement, verdict)
    except Mismatch:
        return _form(interaction, way, Failed(TURNED_BACK[way.method]()))
    except VerifierAway as error:
        interaction = interactions.note(interaction, **{_UNCOUNTED: True})
        return _form(interaction, way, Failed(error), flask.request.full_path)
    except IdpError as error:
        return _form(interaction, way, Failed(error))


def asked(interaction: Interaction) -> int:
    """The level the portal asks for; 0 where none does."""
    asked = Level.parse(interaction.hints.get("acr", ""))
    return asked.ial if asked else 0


def target(interaction: Interaction) -> int:
    """The level to reach: what is asked for, else one more than there is."""
    more = min(levels.of(me()) + 1, services.realname.reach)
    return asked(interaction) or more


def offered(interaction: Interaction) -> list[Way]:
    return services.realname.open_to(me(), target(interaction))


def _way(interaction: Interaction) -> Way:
    wanted = flask.request.args.get("m", "")
    found = next((w for w in services.realname.open_to(me()) if w.method == wanted), None)
    if found is None:
        flask.abort(people.go(interaction.url("/realname/")))
    return found


def way_url(interaction: Interaction, path: str, way: Way) -> str:
    return f"{interaction.url(path)}&m={way.method}"


def _stated(way: Way) -> Statement:
    """What the form says; who has a name already proves that one again, without typing it."""
    if not way.stated:
        return Statement("", documents.UNSTATED)
    identity = store.of(me().id)
    if identity is not None:
        document = documents.read(identity.kind, identity.number)
        name = identity.real_name
    else:
        name = names.read(people.text("real_name"))
        document = documents.read(people.text("id_type"), people.text("id_number"))
        if document.kind not in way.documents:
            raise NoRecord
        document = documents.dated(document, people.text("birthdate"))
    card = "".join(people.text("bank_card").split()) if "bank_card" in way.asks else ""
    if "bank_card" in way.asks and not luhn.is_valid(card):
        raise CardMalformed
    return Statement(name, document, me().phone or "", card)


def _may_ask(statement: Statement) -> None:
    """Counted before it is asked; registers charge for each question, and block who repeats it."""
    for counter in _counters(statement):
        if throttles.take([counter]).refused_by is not None:
            raise CheckedTooOften


def _give_back(statement: Statement) -> None:
    for counter in _counters(statement):
        throttles.give_back([counter])


def _counters(statement: Statement) -> list[Counter]:
    """Of the account, and of the document where one was stated."""
    limits = services.settings.realname
    counters = [Counter.of(me().id, REASON, limits.account_day, _DAY)]
    if statement.document.number:
        document = services.sealer.index("document", statement.document.key)
        counters.append(Counter.of(document, REASON, limits.document_day, _DAY))
    return counters


def _begin(interaction: Interaction, way: Way, statement: Statement) -> flask.Response:
    way_back = secrets.token_urlsafe(16)
    return_url = f"{services.settings.issuer}{interaction.url('/realname/back')}&b={way_back}"
    reference = secrets.token_hex(16)
    started = services.realname.begin(way.method, statement, reference, return_url)
    if isinstance(started, Verdict):
        return _judged(interaction, way, statement, started)
    sealed = _sealed(interaction, way, statement, started, digest(way_back))
    interactions.note(interaction, **{STATED: sealed, _UNCOUNTED: False})
    # A page, not a redirect: browsers would not follow our form to another host.
    return page("redirecting.html", interaction, client=None, continue_url=started.begun.url)


def _sealed(
    interaction: Interaction, way: Way, statement: Statement, started: Started, way_back: str
) -> str:
    """What the journey is about waits with the interaction, sealed and bound to it.

    ``way_back`` is the digest of what only the browser knows that was there: a link to the
    service, handed to somebody else, brings their face and never comes back here.
    """
    kept = {
        "method": way.method,
        "name": statement.name,
        "kind": statement.document.kind,
        "number": statement.document.number,
        "phone": statement.phone,
        "verifier": started.verifier,
        "token": started.begun.token,
        "way_back": way_back,
    }
    return str(services.sealer.seal(STATED, orjson.dumps(kept).decode(), interaction.id))


def _opened(interaction: Interaction, sealed: str) -> tuple[Way, Statement, str, str]:
    kept = orjson.loads(services.sealer.open(STATED, sealed, interaction.id))
    document = documents.stored(kept["kind"], kept["number"])
    way = next((w for w in services.realname.ways() if w.method == kept["method"]), None)
    if way is None:
        flask.abort(people.go(interaction.url("/realname/")))
    statement = Statement(kept["name"], document, kept["phone"])
    if not secrets.compare_digest(
        digest(flask.request.args.get("b", "")), kept.get("way_back", "")
    ):
        raise CameBackElsewhere
    return way, statement, kept["verifier"], kept["token"]


def _judged(
    interaction: Interaction, way: Way, statement: Statement, verdict: Verdict
) -> flask.Response:
    """Only a match binds; every other outcome is recorded and has a way on."""
    answer = verdict.answer
    if answer.outcome is not Outcome.MATCH:
        _record_refusal(way, verdict)
        if answer.outcome is Outcome.UNAVAILABLE:
            _give_back(statement)
        raise REFUSALS[answer.outcome]
    ial = METHODS[way.method]
    term = levels.lasts(ial)
    document = answer.document or statement.document
    confirmed = identities.Confirmed(
        Person(statement.name, document.kind, document.number, document.key),
        Proof(way.method, verdict.verifier, answer.reference, ial, levels.until(term)),
    )
    try:
        identities.bind(me(), confirmed)
    except HeldElsewhere as held:
        kept = orjson.dumps([held.holder.account_id, asdict(confirmed)]).decode()
        sealed = str(services.sealer.seal(CONTESTED, kept, interaction.id))
        interactions.note(interaction, **{CONTESTED: sealed})
        return people.go(interaction.url("/realname/conflict"))
    return raised(interaction, ial)


def _record_refusal(way: Way, verdict: Verdict) -> None:
    audit.record(
        events.IdentityRefused(
            account=me().id,
            method=way.method,
            verifier=verdict.verifier,
            reference=verdict.answer.reference,
            code=verdict.answer.code,
            reason=verdict.answer.outcome.value,
        )
    )
    db.session.commit()


def _may_appeal(failed: Failed) -> bool:
    """A name that was there before is not in doubt because a credential was refused."""
    if isinstance(failed.error, CredentialRefused):
        return store.of(me().id) is None
    return isinstance(failed.error, FaceRefused)


def _form(
    interaction: Interaction, way: Way, failed: Failed = FIRST, again_url: str = ""
) -> flask.Response:
    """``again_url``: where to ask once more how a journey went, without another one."""
    identity = store.of(me().id)
    known = None
    if identity is not None:
        known = SimpleNamespace(
            name=masking.name(identity.real_name),
            number=masking.id_number(identity.number),
            kind=called(identity.kind),
        )
    kinds = [
        SimpleNamespace(value=kind, label=called(kind))
        for kind in documents.KINDS
        if kind in way.documents
    ]
    typed = filled(failed, interaction)
    shown = people.fields(typed, submit_url=way_url(interaction, "/realname/check", way))
    return page(
        "realname/form.html",
        interaction,
        failed,
        form=shown,
        way=way,
        label=WAYS[way.method][0],
        agreed=AGREED[way.method],
        known=known,
        kinds=kinds,
        masked=masking.phone(me().phone or ""),
        others=len(offered(interaction)) > 1,
        appeal_url=interaction.url("/realname/appeal") if _may_appeal(failed) else "",
        again_url=again_url,
    )
