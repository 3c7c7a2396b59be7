"""Binding an organisation to its legal representative: the ways, and the register's form."""

import secrets
from datetime import timedelta
from types import SimpleNamespace

import flask

from idp import interactions, levels, mandates
from idp.audit import events
from idp.audit import log as audit
from idp.errors import N_, IdpError
from idp.interactions import Interaction
from idp.mandates import REAL_PERSON
from idp.organisations import uscc, views
from idp.organisations.base import Answer, Statement
from idp.organisations.errors import (
    CheckedTooOften,
    CompanyNameMalformed,
    ConsentNeeded,
    CreditCodeUnusual,
    Impossible,
    Mismatch,
    NameUnknown,
    NoRecord,
    VerifierAway,
)
from idp.organisations.service import LICENCE, REGISTER, TRANSFER, Said
from idp.organisations.uscc import CreditCode
from idp.organisations.views import bp
from idp.outcomes import Outcome
from idp.services import services
from idp.store import identities as people_store
from idp.store import throttles
from idp.store.engines import db
from idp.store.identities import Identity
from idp.store.throttles import Counter
from idp.web import people
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me

REASON = "organisation"
HOME = "/organisations/?done=bound"
DAY = timedelta(days=1)
LONGEST_NAME = 128
WAYS = {
    REGISTER: (N_("核对登记信息"), N_("填写单位名称和代码，与登记的法定代表人比对，几秒钟完成。")),
    LICENCE: (N_("电子营业执照"), N_("用手机上的电子营业执照扫码出示，不用填写。")),
    TRANSFER: (N_("对公账户打款"), N_("向单位的对公账户打入不到一元，到账后填写金额。")),
}
"""By method: what it is called, and what there is to know before choosing it."""
REFUSALS: dict[Outcome, type[IdpError]] = {
    Outcome.MISMATCH: Mismatch,
    Outcome.NO_RECORD: NoRecord,
    Outcome.INVALID: Impossible,
    Outcome.RATE_LIMITED: CheckedTooOften,
    Outcome.UNAVAILABLE: VerifierAway,
}
KEPT = ("uscc", "organisation", "bank_account", "bank_code")


@bp.get("/bind")
def bind() -> flask.Response:
    """The ways; whoever has not shown a living face does that first."""
    if "i" not in flask.request.args:
        opened = interactions.open_(HOME, reason=REASON, account_id=me().id)
        return people.go(opened.url("/organisations/bind"))
    interaction = entered()
    if levels.of(me()) < REAL_PERSON:
        return views.to_realname(REAL_PERSON, interaction.url("/organisations/bind"))
    return page(
        "organisations/bind.html",
        interaction,
        ways=[
            SimpleNamespace(
                method=method,
                label=WAYS[method][0],
                more=WAYS[method][1],
                url=interaction.url(f"/organisations/bind/{method}"),
            )
            for method in services.organisations.methods
        ],
    )


@bp.get("/bind/register")
def register_form() -> flask.Response:
    return form(_entered(), REGISTER)


@bp.post("/bind/register")
def register() -> flask.Response:
    """Ask the register, and bind at once."""
    interaction = _entered()
    try:
        identity, code, name = stated()
        said = ask_register(identity, code, name)
        judge(REGISTER, said)
        reference = said.answer.reference
        mandates.represent(me(), mandates.Found(code.code, name, code.kind, REGISTER, reference))
    except IdpError as error:
        return form(interaction, REGISTER, people.failed(error, *KEPT))
    return bound(interaction)


def entered() -> Interaction:
    """The person's own; one on the way to a portal, or one of these pages."""
    interaction = people.entered()
    if interaction.account_id != me().id or interaction.result.get("done"):
        flask.abort(people.go("/organisations/"))
    return interaction


def _entered() -> Interaction:
    return with_method(entered(), REGISTER)


def with_method(interaction: Interaction, method: str) -> Interaction:
    """Only where the operator offers it, to who may bind at all."""
    if method not in services.organisations.methods or levels.of(me()) < REAL_PERSON:
        flask.abort(people.go(interaction.url("/organisations/bind")))
    return interaction


def bound(interaction: Interaction) -> flask.Response:
    """On to where the person was going, and there to acting for it."""
    if interaction.request:
        return people.go(interaction.url("/organisations/choose"))
    interactions.note(interaction, done=True)
    return people.go(HOME)


def stated() -> tuple[Identity, CreditCode, str]:
    """Who asks, and for which organisation, as the form says. Raises what is wrong with it."""
    code = uscc.read(people.text("uscc"))
    name = "".join(people.text("organisation").split())
    if not name or len(name) > LONGEST_NAME:
        raise CompanyNameMalformed
    if not people.text("agree"):
        raise ConsentNeeded
    if not code.checks and people.text("sure") != code.code:
        raise CreditCodeUnusual
    return named(), code, name


def named() -> Identity:
    """Who the account's person is. Raises NameUnknown."""
    identity = people_store.of(me().id)
    if identity is None or not identity.real_name:
        raise NameUnknown
    return identity


def ask_register(identity: Identity, code: CreditCode, name: str) -> Said[Answer]:
    """Counted before it is asked: registers charge for each question."""
    count(code)
    statement = Statement(name, code, identity.real_name, identity.number)
    said = services.organisations.check(statement, secrets.token_hex(16))
    if said.answer.outcome is Outcome.UNAVAILABLE:
        uncount(code)
    return said


def count(code: CreditCode) -> None:
    """Raises CheckedTooOften."""
    for counter in _counters(code):
        if throttles.take([counter]).refused_by is not None:
            raise CheckedTooOften


def uncount(code: CreditCode) -> None:
    """Nobody could say: that was no try."""
    for counter in _counters(code):
        throttles.give_back([counter])


def _counters(code: CreditCode) -> list[Counter]:
    limits = services.settings.organisations
    return [
        Counter.of(me().id, REASON, limits.account_day, DAY),
        Counter.of(f"uscc:{code.code}", REASON, limits.organisation_day, DAY),
    ]


def judge(method: str, said: Said[Answer]) -> None:
    """Raises for whatever is no match; each is recorded."""
    if said.answer.outcome is Outcome.MATCH:
        return
    refused(method, said.answer, said.verifier)
    raise REFUSALS[said.answer.outcome]


def refused(method: str, answer: Answer, verifier: str) -> None:
    audit.record(
        events.OrganisationRefused(
            account=me().id,
            method=method,
            verifier=verifier,
            reference=answer.reference,
            code=answer.code,
            reason=answer.outcome.value,
        )
    )
    db.session.commit()


def form(interaction: Interaction, method: str, failed: Failed = FIRST) -> flask.Response:
    """The organisation's name and code; for a transfer its account too."""
    sure = ""
    if isinstance(failed.error, CreditCodeUnusual):
        sure = uscc.read(failed.values["uscc"]).code
    submit_url = interaction.url(f"/organisations/bind/{method}")
    return page(
        "organisations/form.html",
        interaction,
        failed,
        form=people.fields(failed, submit_url=submit_url, hidden={"sure": sure} if sure else {}),
        method=method,
        label=WAYS[method][0],
    )


def page(
    template: str, interaction: Interaction, failed: Failed = FIRST, **context: object
) -> flask.Response:
    return people.page(
        template,
        interaction,
        failed,
        ways_url=interaction.url("/organisations/bind"),
        leave_url=interaction.url("/organisations/choose")
        if interaction.request
        else "/organisations/",
        **context,
    )
