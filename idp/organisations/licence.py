"""Binding an organisation by its e-business licence: a picture, a phone that scans it, a look.

The page stays as it is while the phone is at work, so that nobody loses their place on it: the
script asks how far it has come, and without one the person says when to look.
"""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import flask

from idp import mandates
from idp.errors import N_, IdpError
from idp.interactions import Interaction
from idp.organisations import binding
from idp.organisations.base import Answer, Licence, LicenceReader, Role, Scan, Seen, Shown
from idp.organisations.errors import (
    CheckedTooOften,
    LicenceOfAnother,
    NotTheRepresentative,
    ScanCancelled,
    ScanExpired,
)
from idp.organisations.service import LICENCE
from idp.organisations.views import bp
from idp.realname import names
from idp.services import services
from idp.store import ephemeral, throttles
from idp.store.identities import Identity
from idp.store.throttles import Counter
from idp.store.types import now
from idp.web import i18n, people, qr
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me

KIND = "licence-picture"
PICTURES = 10
"""How many may be shown for each licence that may be read in a day."""
LOOKS_HOUR = 1800
"""How often an account may have the licence system asked in an hour: the page does so by itself."""
HIDDEN = "*"
SAID = {
    Scan.WAIT: N_("等待扫码。"),
    Scan.SCANNED: N_("已扫码，请在手机上确认出示。"),
}
"""What is said while it is under way."""
OVER: dict[Scan, type[IdpError]] = {
    Scan.CANCELLED: ScanCancelled,
    Scan.EXPIRED: ScanExpired,
}


@bp.get("/bind/licence")
def licence() -> flask.Response:
    """How far it has come, and on once the licence was shown."""
    interaction = _entered()
    kept = ephemeral.peek(KIND, interaction.id)
    if kept is None:
        return _page(interaction)
    reader, seen = _looked(kept)
    if reader is None or seen is None:  # nobody could say: ask again
        return _page(interaction, kept, Scan.WAIT)
    if seen.scan in OVER:
        ephemeral.forget(KIND, interaction.id)
        return _page(interaction, failed=Failed(OVER[seen.scan]()))
    if seen.scan is not Scan.CONFIRMED:
        return _page(interaction, kept, seen.scan)
    if ephemeral.take(KIND, interaction.id) is None:  # another tab has it
        return people.go("/organisations/")
    return _read(interaction, reader, kept["verifier"], seen.code)


@bp.get("/bind/licence/scan")
def scan() -> flask.Response:
    """The same for the page's script: what to say meanwhile, or that it is over."""
    kept = ephemeral.peek(KIND, _entered().id)
    seen = _looked(kept)[1] if kept else None
    if kept is None or (seen is not None and seen.scan not in SAID):
        return flask.jsonify(over=True)
    said = SAID[seen.scan if seen else Scan.WAIT]
    return flask.jsonify(over=False, message=i18n.translate(said))


@bp.post("/bind/licence")
def show_picture() -> flask.Response:
    """A new picture, in place of one that is there."""
    interaction = _entered()
    limit = services.settings.organisations.account_day * PICTURES
    if throttles.take([Counter.of(me().id, KIND, limit, binding.DAY)]).refused_by is not None:
        return _page(interaction, failed=Failed(CheckedTooOften()))
    said = services.organisations.show()
    if isinstance(said.answer, Answer):
        binding.refused(LICENCE, said.answer, said.verifier)
        return _page(interaction, failed=Failed(binding.REFUSALS[said.answer.outcome]()))
    kept = {"verifier": said.verifier, "shown": asdict(said.answer)}
    life = max(said.answer.until - now(), services.settings.sessions.interaction / 60)
    ephemeral.put(KIND, interaction.id, kept, life)
    return people.go(interaction.url("/organisations/bind/licence"))


def _entered() -> Interaction:
    return binding.with_method(binding.entered(), LICENCE)


def _looked(kept: dict[str, Any]) -> tuple[LicenceReader | None, Seen | None]:
    """Who showed the picture, and what became of it; None where that cannot be said."""
    reader = services.organisations.reader(kept["verifier"])
    looks = Counter.of(me().id, "licence-looks", LOOKS_HOUR, timedelta(hours=1))
    may_look = throttles.take([looks]).refused_by is None
    seen = reader.look(kept["shown"]["id"]) if reader and may_look else None
    return reader, seen if isinstance(seen, Seen) else None


def _read(
    interaction: Interaction, reader: LicenceReader, verifier: str, code: str
) -> flask.Response:
    try:
        identity, counter = binding.named(), _counter()
        if throttles.take([counter]).refused_by is not None:
            raise CheckedTooOften
        found = reader.read(code)
        if isinstance(found, Answer):
            binding.refused(LICENCE, found, verifier)
            raise binding.REFUSALS[found.outcome]
        _is_mine(identity, found)
        shown = mandates.Found(found.code.code, found.name, found.code.kind, LICENCE, "")
        mandates.represent(me(), shown)
    except IdpError as error:
        return _page(interaction, failed=Failed(error))
    return binding.bound(interaction)


def _counter() -> Counter:
    limit = services.settings.organisations.account_day
    return Counter.of(me().id, binding.REASON, limit, binding.DAY)


def _is_mine(identity: Identity, licence: Licence) -> None:
    """Raises NotTheRepresentative or LicenceOfAnother."""
    if licence.role is not Role.LEGAL_PERSON:
        raise NotTheRepresentative
    if not names.same(licence.holder, identity.real_name):
        raise LicenceOfAnother
    if not _fits(licence.holder_number, identity.number):
        raise LicenceOfAnother


def _fits(shown: str, number: str) -> bool:
    """As far as the licence system shows it; one that shows nothing of it proves nothing."""
    visible = shown.replace(HIDDEN, "")
    return (
        bool(visible)
        and len(shown) == len(number)
        and all(a in (HIDDEN, b) for a, b in zip(shown.upper(), number.upper(), strict=True))
    )


def _page(
    interaction: Interaction,
    kept: dict[str, Any] | None = None,
    scan: Scan = Scan.WAIT,
    failed: Failed = FIRST,
) -> flask.Response:
    shown = Shown(**{**kept["shown"], "until": _moment(kept)}) if kept else None
    return binding.page(
        "organisations/licence.html",
        interaction,
        failed,
        submit_url=interaction.url("/organisations/bind/licence"),
        scan_url=interaction.url("/organisations/bind/licence/scan"),
        shown=shown,
        picture=_picture(shown.content) if shown else None,
        said=SAID[scan],
    )


def _picture(content: str) -> tuple[int, str] | None:
    """None for an address no picture of a size for screens can hold: it can still be opened."""
    try:
        return qr.path(content)
    except qr.TooLong:
        return None


def _moment(kept: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(kept["shown"]["until"])
