"""Downloading everything held about oneself: a file for programs, a page to print for people."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice
from types import SimpleNamespace
from typing import Any

import flask

from idp import export, notices, profile
from idp.account import pdf, printing
from idp.account.blueprint import bp, fresh_sign_in
from idp.account.errors import ExportedTooOften, NoPdf
from idp.errors import N_
from idp.services import services
from idp.store import accounts, throttles
from idp.store.engines import db
from idp.store.throttles import Counter
from idp.web import people
from idp.web.i18n import translate
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me

_DAY = timedelta(days=1)
_NONE = N_("还没有记录。")
_MOST = 1000
"""Rows of one kind on the page to print; the file has all of them."""


@bp.get("/export")
def offer_export() -> flask.Response:
    fresh_sign_in()
    return _page()


@bp.post("/export")
def take_along() -> flask.Response:
    """Counted, recorded, told by message, and then given; kept by nobody on the way."""
    fresh_sign_in()
    chosen = people.text("format")
    if chosen not in _GIVEN:
        chosen = "json"
    if chosen == "pdf" and not _writes_pdf():
        return _page(people.failed(NoPdf()))
    counter = Counter.of(me().id, "export", services.settings.rights.exports_day, _DAY)
    if throttles.take([counter]).refused_by is not None:
        return _page(people.failed(ExportedTooOften()))
    export.note(me(), chosen)
    notices.tell(me(), "information_exported")
    db.session.commit()
    return _GIVEN[chosen]()


def _file() -> flask.Response:
    pieces: Iterator[bytes] = flask.stream_with_context(_pieces(me().id))
    return _attached(pieces, "application/json", "my-information.json")


def _pieces(account_id: str) -> Iterator[bytes]:
    """Read when the request is over, and what it had loaded is of no session any more."""
    account = accounts.by_id(account_id)
    if account is not None:
        yield from export.as_json(account)


def _printed() -> flask.Response:
    return people.page("account/exported.html", None, **_told())


def _pdf() -> flask.Response:
    told, rights = _told(), services.settings.rights
    of_identity = [*_lines(told["identity"]), *_rows(told["evidence"])]
    sections = [
        pdf.Section(translate(N_("账号")), _lines(told["account"])),
        pdf.Section(translate(N_("实名信息")), of_identity or [translate(_NONE)]),
        *(
            pdf.Section(each.title, _rows(each.rows) or [translate(_NONE)])
            for each in told["sections"]
        ),
    ]
    lead = f"{services.settings.issuer} · {printing.moment(told['made_at'])}"
    made = pdf.made(
        translate(N_("我的信息")), lead, sections, pdf.Font(rights.pdf_font, rights.pdf_face)
    )
    return _attached(made, "application/pdf", "my-information.pdf")


_GIVEN = {"json": _file, "page": _printed, "pdf": _pdf}


def _attached(body: bytes | Iterator[bytes], mimetype: str, name: str) -> flask.Response:
    response = flask.Response(body, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _writes_pdf() -> bool:
    """Whether the node has the font for it."""
    return services.settings.rights.pdf_font.is_file()


def _lines(pairs: list[tuple[str, str]]) -> list[str]:
    return [f"{label}  {value}" for label, value in pairs]


def _rows(rows: list[SimpleNamespace]) -> list[str]:
    return [
        " · ".join([*([printing.moment(row.at)] if row.at else []), *_lines(row.pairs)])
        for row in rows
    ]


def _told() -> dict[str, Any]:
    told = export.singles(me())
    identity = told["identity"]
    return {
        "made_at": told["made_at"],
        "account": printing.pairs(told["account"]) + _chosen(told["account"]["profile"]),
        "identity": printing.pairs(identity) if identity else [],
        "evidence": printing.listed(identity["evidence"]) if identity else [],
        "sections": [_section(name, rows) for name, rows in export.lists(me())],
        "most": _MOST,
    }


def _section(name: str, rows: Iterable[export.Row]) -> SimpleNamespace:
    found = list(islice(rows, _MOST + 1))
    return SimpleNamespace(
        title=translate(printing.TITLES[name]),
        rows=printing.listed(found[:_MOST]),
        cut=len(found) > _MOST,
    )


def _chosen(claims: export.Row) -> list[tuple[str, str]]:
    """What the person chose to say of themselves."""
    known = {name: value for name, value in claims.items() if name in profile.LABELS and value}
    return [(translate(profile.LABELS[name]), str(value)) for name, value in known.items()]


def _page(failed: Failed = FIRST) -> flask.Response:
    form = people.fields(failed, submit_url="/account/export")
    limit = services.settings.rights.exports_day
    return people.page(
        "account/export.html", None, failed, form=form, limit=limit, pdf=_writes_pdf()
    )
