"""The person's real name as this node has it: masked, and who confirmed it when."""

from types import SimpleNamespace

import flask

from idp import assurance, levels, minors
from idp.account import words
from idp.account.blueprint import bp
from idp.crypto import masking
from idp.guardians import RELATIONS
from idp.identities import CHANGED
from idp.realname import documents
from idp.realname.words import ORGANISATIONS, WAYS
from idp.services import services
from idp.store import guardianships, merges
from idp.store import identities as store
from idp.store.identities import Evidence, Identity
from idp.web import i18n, people
from idp.web.signed_in import me


@bp.get("/identity")
def identity() -> flask.Response:
    found = store.of(me().id)
    evidence = store.evidence_of(found) if found else []
    return people.page(
        "account/identity.html",
        None,
        identity=card(found),
        level=named("ial", levels.of(me())),
        evidence=[_row(each) for each in evidence],
        guardian=_guardian(),
        past=[card(each) for each in store.past_of(me().id)],
        merged=bool(merges.of(me().id)),
        raisable=levels.of(me()) < services.realname.reach,
    )


def _guardian() -> SimpleNamespace | None:
    """Who has agreed for a child, masked."""
    consent = guardianships.standing_of(me().id)
    if consent is None or not minors.is_child(consent.born_on):
        return None
    theirs = store.of(consent.guardian_id)
    return SimpleNamespace(
        name=masking.name(theirs.real_name) if theirs else "",
        relation=RELATIONS[consent.relation],
        confirmed=consent.begun_at,
    )


def card(found: Identity | None) -> SimpleNamespace | None:
    """A name and a document with too little shown to use; None where there is none."""
    if found is None:
        return None
    return SimpleNamespace(
        name=masking.name(found.real_name),
        document=_word(documents.TABLE[found.kind]),
        number=masking.id_number(found.number),
        since=found.begun_at,
        ended=found.ended_at,
        displaced=found.status == store.DISPLACED,
        changed=found.reason == CHANGED,
        reason=words.reason(found.reason),
    )


def named(scale: str, level: int) -> str:
    """A level of one of the two scales, in the language of the page."""
    return _word(assurance.TABLE[scale][str(level)])


def _row(evidence: Evidence) -> SimpleNamespace:
    return SimpleNamespace(
        at=evidence.at,
        way=WAYS[evidence.method][0] if evidence.method in WAYS else evidence.method,
        who=who(evidence.verifier),
        level=named("ial", evidence.ial),
        void=evidence.void_since,
        void_reason=words.reason(evidence.void_reason),
        reference=evidence.reference,
        until=evidence.lasts_until,
    )


def who(verifier: str) -> str:
    """Who stands behind a verifier, as a text to be translated."""
    organisation = assurance.TABLE["organizations"].get(verifier, verifier)
    return ORGANISATIONS.get(organisation, organisation)


def _word(row: dict[str, str]) -> str:
    return row["name" if i18n.locale() == "zh-CN" else "name_en"]
