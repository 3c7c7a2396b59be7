"""Everything held about a person, for that person (PIPL art. 45, 网络数据安全管理条例 art. 25).

Names are stable: a later release adds members and changes none. Times are ISO 8601 in UTC;
the person's own numbers and names are complete, not masked. docs/my-information.md describes
each member.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import orjson

from idp import levels, sessions, settings
from idp.audit import events
from idp.audit import log as audit
from idp.crypto import masking
from idp.store import (
    accounts,
    clients,
    handles,
    holdings,
    linked,
    passkeys,
    peer_links,
    recovery_codes,
    totps,
)
from idp.store import identities as people
from idp.store.accounts import Account
from idp.store.identities import Evidence, Identity
from idp.store.notices import Notice
from idp.store.recoveries import DONE
from idp.store.types import now

FORMAT = "hutong-export/1"
Row = dict[str, Any]
_OF_SOMEBODY_ELSE = {"taken_away", "displaced"}
"""Why an identity ended that turned out to be another person's."""


def note(account: Account, format_: str) -> None:
    """Record, in the current transaction, that somebody took everything along."""
    audit.record(events.InformationExported(account=account.id, format=format_))


def singles(account: Account) -> Row:
    """What there is one of."""
    identity = people.of(account.id)
    return {
        "format": FORMAT,
        "issuer": settings.current.issuer,
        "made_at": now(),
        "account": _account(account),
        "identity": _identity(identity) if identity else None,
    }


def lists(account: Account) -> Iterator[tuple[str, Iterable[Row]]]:
    """What there may be many of, by name: read a batch at a time, the oldest first."""
    yield "past_identities", map(_identity, people.past_of(account.id))
    yield "agreements", map(_agreement, holdings.agreements(account.id))
    yield "portals", (_portal(account.id, row) for row in holdings.connections(account.id))
    yield "mandates", map(_mandate, holdings.mandates(account.id))
    yield "linked_accounts", map(_linked, linked.of(account.id))
    yield "peer_links", map(_peer_link, peer_links.of(account.id))
    yield "handles_told", map(_told, handles.told(account.id))
    yield "passkeys", map(_passkey, passkeys.of(account.id))
    yield "authenticators", map(_authenticator, totps.of(account.id))
    codes = recovery_codes.of(account.id)
    yield "recovery_codes", map(_recovery_codes, [codes] if codes else [])
    yield "sessions", map(_session, sessions.list_of(account.id))
    yield "browsers", map(_browser, holdings.browsers(account.id))
    yield "sign_ins", map(_sign_in, holdings.sign_ins(account.id))
    yield "notices", map(_notice, holdings.notices(account.id))
    theirs = {each.document for each in people.past_of(account.id) if _is_somebody_else_s(each)}
    yield "cases", (_case(row, theirs) for row in holdings.cases(account.id))
    guardianships = holdings.guardianships(account.id)
    yield "guardianships", (_guardianship(account.id, row) for row in guardianships)
    yield "stops", map(_stop, holdings.stops(account.id))
    yield "transfers", map(_transfer, holdings.transfers(account.id))
    yield "lost_numbers", map(_loss, holdings.lost_numbers(account.id))
    yield "recoveries", map(_recovery, holdings.recoveries(account.id))
    yield "merges", map(_merge, holdings.merges(account.id))
    yield "reads", map(_read, holdings.reads(account.id))
    yield "events", map(_event, holdings.events(account.id))
    yield "events_about", map(_event_about, holdings.events_about(account.id))


def as_json(account: Account) -> Iterator[bytes]:
    """One JSON object (UTF-8), in pieces: an account's events may be many."""
    head = orjson.dumps(singles(account), option=orjson.OPT_INDENT_2)
    yield head.removesuffix(b"\n}")
    for name, rows in lists(account):
        yield b",\n  " + orjson.dumps(name) + b": ["
        for number, row in enumerate(rows):
            yield (b",\n    " if number else b"\n    ") + orjson.dumps(row)
        yield b"]"
    yield b"\n}\n"


def _account(account: Account) -> Row:
    return {
        "id": account.id,
        "status": account.status,
        "opened_at": account.created_at,
        "changed_at": account.updated_at,
        "phone_number": account.phone,
        "phone_proven_at": account.phone_proven_at,
        "username": account.username,
        "password_set_at": account.password_set_at,
        "language": account.locale,
        "notices_off": account.notices_off or [],
        "profile": account.profile,
        "identity_level": f"ial{levels.of(account)}",
        "identity_level_until": account.ial_until,
    }


def _identity(identity: Identity) -> Row:
    """One that went because it was somebody else's is theirs: masked, as on every page."""
    whole = not _is_somebody_else_s(identity)
    return {
        "real_name": identity.real_name if whole else masking.name(identity.real_name),
        "id_type": identity.kind,
        "id_number": identity.number if whole else masking.id_number(identity.number),
        "since": identity.begun_at,
        "ended_at": identity.ended_at,
        "reason": identity.reason,
        "evidence": [_evidence(each, whole) for each in people.evidence_of(identity)],
    }


def _evidence(evidence: Evidence, whole: bool) -> Row:
    return {
        "method": evidence.method,
        "verifier": evidence.verifier,
        "reference": evidence.reference if whole else "",
        "level": f"ial{evidence.ial}",
        "at": evidence.at,
        "lasts_until": evidence.lasts_until,
        "void_since": evidence.void_since,
        "void_reason": evidence.void_reason,
    }


def _agreement(row: accounts.AgreementAcceptance) -> Row:
    return {
        "agreement": row.agreement,
        "version": row.version,
        "text_sha256": row.digest,
        "accepted_at": row.accepted_at,
    }


def _portal(account_id: str, row: holdings.Connection) -> Row:
    client = clients.look_up(row.client_id)
    sub = accounts.known_subject(account_id, clients.sector_of(client)) if client else None
    return {
        "client_id": row.client_id,
        "name": client.name if client else "",
        "known_as": sub,
        "legal_basis": row.legal_basis,
        "statute": row.statute,
        "granted": row.granted,
        "first_at": row.first_at,
        "last_at": row.last_at,
        "withdrawn_at": row.withdrawn_at,
    }


def _mandate(row: holdings.Mandate) -> Row:
    return {
        "organisation": row.organisation.name,
        "organisation_code": row.organisation.code,
        "kind": row.kind,
        "state": row.state,
        "functions": row.functions,
        "portals": row.client_ids,
        "may_delegate": row.may_delegate,
        "begins_at": row.begins_at,
        "ends_at": row.ends_at,
        "settled_at": row.settled_at,
        "revoked_at": row.revoked_at,
        "reason": row.reason,
    }


def _linked(row: linked.LinkedAccount) -> Row:
    return {
        "provider": row.upstream,
        "known_as": [each for each in (row.unionid, *(o.openid for o in row.openids)) if each],
        "added_at": row.added_at,
        "used_at": row.used_at,
    }


def _peer_link(row: peer_links.PeerLink) -> Row:
    return {
        "issuer": row.issuer,
        "known_as": row.subject,
        "status": row.status,
        "binding": row.binding,
        "level": row.level,
        "said": row.verified,
        "linked_at": row.linked_at,
        "used_at": row.used_at,
        "severed_at": row.severed_at,
    }


def _told(row: handles.ToldHandle) -> Row:
    return {"destination": row.destination, "told_at": row.told_at}


def _passkey(row: passkeys.Passkey) -> Row:
    return {
        "name": row.name,
        "added_at": row.added_at,
        "used_at": row.used_at,
        "synchronised": row.backed_up,
        "hardware_attested": row.attested,
        "model": row.aaguid,
        "found_copied_at": row.copied_at,
    }


def _authenticator(row: totps.Totp) -> Row:
    """Never the secret: whoever had it could make the codes."""
    return {"name": row.name, "added_at": row.added_at, "used_at": row.used_at}


def _recovery_codes(row: recovery_codes.RecoveryCodes) -> Row:
    """Never the codes, which nobody here knows."""
    return {"made_at": row.made_at, "left": row.left, "used_at": row.used_at}


def _session(session: sessions.Session) -> Row:
    return {
        "started_at": _moment(session.started),
        "last_seen_at": _moment(session.seen),
        "terminal": session.terminal,
        "region": session.region,
        "methods": list(session.amr),
        "level": session.acr,
    }


def _browser(row: accounts.KnownBrowser) -> Row:
    return {"terminal": row.terminal, "first_at": row.first_at, "last_at": row.last_at}


def _sign_in(row: accounts.SignIn) -> Row:
    return {
        "at": row.at,
        "methods": row.methods,
        "terminal": row.terminal,
        "region": row.region,
        "address": row.address,
        "outcome": row.outcome,
        "client_id": row.client_id,
    }


def _notice(row: Notice) -> Row:
    return {
        "at": row.at,
        "about": row.about,
        "phone_number": row.number,
        "state": row.state,
        "link_used_at": row.used_at,
    }


def _is_somebody_else_s(identity: Identity) -> bool:
    return identity.reason in _OF_SOMEBODY_ELSE


def _case(row: holdings.Case, theirs: set[str]) -> Row:
    """A slip restates what the account said of its person, whoever that was (``theirs``)."""
    masked = row.stated.get("document") in theirs
    stated = _masked(row.stated) if masked else row.stated
    if phone := stated.get("phone"):  # of whoever asked
        stated = {**stated, "phone": masking.phone(phone)}
    return {
        "code": row.code,
        "kind": row.kind,
        "state": row.state,
        "stated": stated,
        "opened_at": row.opened_at,
        "decided_at": row.decided_at,
        "outcome": row.outcome,
        "reason": row.reason,
    }


def _masked(stated: Row) -> Row:
    of_the_person = {"name", "number", "document", "birthdate"}
    left = {name: value for name, value in stated.items() if name not in of_the_person}
    return {
        **left,
        "name": masking.name(stated["name"]),
        "number": masking.id_number(stated["number"]),
    }


def _guardianship(account_id: str, row: holdings.Guardianship) -> Row:
    """Who the other one is stays with the other one."""
    return {
        "role": "child" if row.child_id == account_id else "guardian",
        "relation": row.relation,
        "state": row.state,
        "case": row.case_code,
        "consented_at": row.consented_at,
        "confirmed_at": row.begun_at,
        "ended_at": row.ended_at,
        "reason": row.reason,
    }


def _stop(row: holdings.Stop) -> Row:
    return {
        "code": row.code,
        "cause": row.kind,
        "at": row.at,
        "officer": row.officer,
        "reason": row.reason,
        "lifted_at": row.lifted_at,
        "lifted_by": row.lifted_by,
        "lifted_reason": row.lifted_reason,
    }


def _transfer(row: holdings.Transfer) -> Row:
    """Never the amount: nobody but the payer knows it until it is read off the account."""
    return {
        "asked_at": row.asked_at,
        "organisation": row.name,
        "organisation_code": row.code,
        "organisation_kind": row.kind,
        "verifier": row.verifier,
        "reference": row.paid,
    }


def _loss(row: holdings.NumberLoss) -> Row:
    return {"phone_number": row.phone, "at": row.at}


def _recovery(row: holdings.Recovery) -> Row:
    """The number is of who asked, and theirs is the account only in the end."""
    whole = row.state == DONE
    return {
        "way": row.way,
        "phone_number": row.phone if whole else masking.phone(row.phone),
        "begun_at": row.begun_at,
        "ready_at": row.ready_at,
        "until": row.until,
        "state": row.state,
        "ended_at": row.ended_at,
        "reason": row.reason,
    }


def _merge(row: holdings.Merge) -> Row:
    return {"at": row.at, "undo_until": row.undo_until, "undone_at": row.undone_at}


def _read(row: holdings.DataRead) -> Row:
    return {"at": row.at, "what": row.what, "reader": row.reader, "reference": row.reference}


def _event(row: holdings.AuditEvent) -> Row:
    return {
        "at": row.at,
        "action": row.action,
        "outcome": row.outcome,
        "reason": row.reason,
        "client_id": row.client_id,
        "terminal": row.terminal,
        "address": row.source,
    }


def _event_about(row: holdings.AuditEvent) -> Row:
    """Whoever did it, if a person at all, stays unnamed, and so does where they sat; staff have a
    number.
    """
    details = orjson.loads(row.details)
    return {
        "at": row.at,
        "action": row.action,
        "outcome": row.outcome,
        "reason": row.reason,
        "role": row.role,
        "officer": details.get("officer", ""),
        "case": details.get("case", ""),
    }


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, now().tzinfo)
