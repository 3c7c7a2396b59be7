"""Who read what is held about the person, and which portal was told what, when."""

from types import SimpleNamespace

import flask
import orjson

from idp import profile
from idp.account import words
from idp.account.blueprint import bp
from idp.errors import N_
from idp.store import clients, reads
from idp.store.audit import AuditEvent
from idp.store.paging import PageEnd
from idp.store.reads import DataRead
from idp.web import i18n, people
from idp.web.signed_in import me

_LIMIT = 50
_READS = {
    reads.CASE: N_("工作人员查看了您的受理材料"),
    reads.LOOKED_UP: N_("工作人员按手机号码查找了您的账号"),
    reads.IDENTITY: N_("工作人员查看了您的实名信息（部分隐藏）和核验记录"),
}
_TOLD = {
    "consent.given": N_("您同意向应用提供信息"),
    "disclosure.statutory": N_("依法向应用提供信息"),
    "consent.withdrawn": N_("您取消了对应用的授权"),
    "token.issued": N_("应用取得了查询授权范围内信息的凭证"),
}


@bp.get("/reads")
def read_by() -> flask.Response:
    before = PageEnd.parse(flask.request.args.get("before", ""))
    found: list[DataRead | AuditEvent] = [
        *reads.of(me().id, _LIMIT + 1, before),
        *reads.events_of(me().id, tuple(_TOLD), _LIMIT + 1, before),
    ]
    found.sort(key=lambda row: (row.at, row.id), reverse=True)
    shown, more = found[:_LIMIT], len(found) > _LIMIT
    last = PageEnd(shown[-1].at, shown[-1].id) if more else ""
    older = flask.url_for("account.read_by", before=str(last)) if more else ""
    rows = [_read(row) if isinstance(row, DataRead) else _told(row) for row in shown]
    return people.page("account/reads.html", None, rows=rows, older_url=older)


def _read(row: DataRead) -> SimpleNamespace:
    return SimpleNamespace(
        at=row.at,
        text=_READS[row.what],
        who=words.ROLES.get(row.reader, row.reader),
        reference=row.reference,
        labels=[],
    )


def _told(row: AuditEvent) -> SimpleNamespace:
    client = clients.look_up(row.client_id) if row.client_id else None
    claims = orjson.loads(row.details).get("claims", [])
    return SimpleNamespace(
        at=row.at,
        text=_TOLD[row.action],
        who=i18n.named(client).name if client else row.client_id,
        reference="",
        labels=[profile.LABELS[claim] for claim in claims if claim in profile.LABELS],
    )
