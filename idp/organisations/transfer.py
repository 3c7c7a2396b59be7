"""Binding an organisation by a small amount paid to its account, which may take days to arrive."""

import re
import secrets
from datetime import timedelta
from decimal import Decimal

import flask

from idp import mandates
from idp.errors import IdpError
from idp.interactions import Interaction
from idp.organisations import binding, views
from idp.organisations.base import Answer, Paid, Payee, Payment
from idp.organisations.errors import (
    AmountMalformed,
    BankAccountMalformed,
    BankCodeMalformed,
    CheckedTooOften,
    TransferExpired,
    TransferFailed,
    TransferReturned,
    TransferUnderWay,
    VerifierAway,
    WrongAmount,
)
from idp.organisations.service import REGISTER, TRANSFER, Said
from idp.organisations.views import bp
from idp.outcomes import Outcome
from idp.services import services
from idp.store import throttles
from idp.store import transfers as store
from idp.store.engines import db
from idp.store.throttles import Counter
from idp.store.transfers import Transfer
from idp.store.types import now
from idp.web import people
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me

_ACCOUNT = re.compile(r"[0-9]{6,32}")
_BANK = re.compile(r"[0-9]{12}")
_AMOUNT = re.compile(r"0?\.[0-9]{1,2}")
_FEN = 100
LASTS = timedelta(days=7)
"""How long what the register said when the amount was paid may be relied on."""
LOOKS_HOUR = 60
"""How often an account may have the payer asked in an hour how its payments stand."""
OVER: dict[Payment, type[IdpError]] = {
    Payment.FAILED: TransferFailed,
    Payment.BANK_REJECTED: TransferReturned,
    Payment.EXPIRED: TransferExpired,
}
"""Why nothing more can come of a payment."""


@bp.get("/bind/transfer")
def transfer_form() -> flask.Response:
    return binding.form(_entered(), TRANSFER)


@bp.post("/bind/transfer")
def transfer() -> flask.Response:
    """Have the amount paid, once the register has named the person: a bank compares a name with
    an account, and only the register the name with the code.
    """
    interaction = _entered()
    try:
        identity, code, name = binding.stated()
        payee = Payee(name, _digits("bank_account", _ACCOUNT), _digits("bank_code", _BANK))
        binding.judge(REGISTER, binding.ask_register(identity, code, name))
        said = services.organisations.pay(payee, secrets.token_hex(16))
        if isinstance(said.answer, Answer) and said.answer.outcome is Outcome.UNAVAILABLE:
            binding.uncount(code)
        paid = _paid(said)
        made = Transfer(
            account_id=me().id,
            code=code.code,
            name=name,
            kind=code.kind,
            verifier=said.verifier,
            paid=paid.id,
            identity_id=identity.id,
        )
    except IdpError as error:
        return binding.form(interaction, TRANSFER, people.failed(error, *binding.KEPT))
    return people.go(f"/organisations/transfers/{store.put(made).id}")


@bp.get("/transfers/<transfer_id>")
def amount_form(transfer_id: str) -> flask.Response:
    """With a word on the payment while it has not arrived, where the payer can say so."""
    transfer = _mine(transfer_id)
    payer = services.organisations.payer(transfer.verifier)
    seen = payer.look(transfer.paid) if payer and _may_look() else None
    under_way = isinstance(seen, Paid) and seen.payment is Payment.CREATED
    return _page(transfer, under_way=under_way)


@bp.post("/transfers/<transfer_id>")
def amount(transfer_id: str) -> flask.Response:
    """Whether what was read off the account is what was paid; the payer counts the tries."""
    transfer = _mine(transfer_id)
    try:
        _confirm(transfer, _fen(people.text("amount")))
    except IdpError as error:
        answer = _page(transfer, people.failed(error, "amount"))
        if isinstance(error, tuple(OVER.values())):
            _use_up(transfer_id)
        return answer
    found = mandates.Found(transfer.code, transfer.name, transfer.kind, TRANSFER, transfer.paid)
    _use_up(transfer_id)  # good once, whatever comes of it
    try:
        mandates.represent(me(), found)
    except IdpError as error:
        return views.home_after(people.failed(error))
    return people.go(binding.HOME)


@bp.get("/transfers/<transfer_id>/forget")
def address_of_giving_up(transfer_id: str) -> flask.Response:
    return people.back_to(f"/organisations/transfers/{transfer_id}")


@bp.post("/transfers/<transfer_id>/forget")
def forget(transfer_id: str) -> flask.Response:
    """The person starts anew, or not at all."""
    store.drop(_mine(transfer_id).id)
    db.session.commit()
    return people.go("/organisations/")


def _entered() -> Interaction:
    return binding.with_method(binding.entered(), TRANSFER)


def _mine(transfer_id: str) -> Transfer:
    """Raises NotYours, whoever else's it is."""
    found = store.find(transfer_id)
    if found is None or found.account_id != me().id:
        raise mandates.NotYours
    return found


def _use_up(transfer_id: str) -> None:
    store.drop(transfer_id)
    db.session.commit()


def _digits(name: str, form: re.Pattern[str]) -> str:
    written = "".join(people.text(name).split())
    if not form.fullmatch(written):
        raise BankAccountMalformed if form is _ACCOUNT else BankCodeMalformed
    return written


def _fen(written: str) -> int:
    """Fen, of an amount in yuan. Raises AmountMalformed."""
    text = written.strip()
    fen = int(Decimal(text) * _FEN) if _AMOUNT.fullmatch(text) else 0
    if not fen:
        raise AmountMalformed
    return fen


def _confirm(transfer: Transfer, fen: int) -> None:
    """What was confirmed before we could write it down stays confirmed, for as long as what the
    register said of the person may be relied on. Raises what is wrong.
    """
    identity = binding.named()
    if transfer.identity_id != identity.id or transfer.asked_at < now() - LASTS:
        raise TransferExpired
    payer = services.organisations.payer(transfer.verifier)
    if payer is None:
        raise VerifierAway
    if not _may_look():
        raise CheckedTooOften
    paid = _paid(Said(payer.look(transfer.paid), transfer.verifier))
    if paid.payment is Payment.TRANSFERRED:
        paid = _paid(Said(payer.confirm(transfer.paid, fen), transfer.verifier))
        if paid.payment is Payment.TRANSFERRED:
            raise WrongAmount(left=paid.tries_left)
    if paid.payment is Payment.CREATED:
        raise TransferUnderWay


def _may_look() -> bool:
    looks = Counter.of(me().id, "transfer-looks", LOOKS_HOUR, timedelta(hours=1))
    return throttles.take([looks]).refused_by is None


def _paid(said: Said[Paid]) -> Paid:
    """Raises for an answer that is no payment, and for a payment nothing can come of."""
    if isinstance(said.answer, Answer):
        binding.refused(TRANSFER, said.answer, said.verifier)
        raise binding.REFUSALS[said.answer.outcome]
    if said.answer.payment in OVER:
        binding.refused(TRANSFER, Answer(Outcome.MISMATCH, said.answer.id), said.verifier)
        raise OVER[said.answer.payment]
    return said.answer


def _page(transfer: Transfer, failed: Failed = FIRST, *, under_way: bool = False) -> flask.Response:
    url = f"/organisations/transfers/{transfer.id}"
    return people.page(
        "organisations/amount.html",
        None,
        failed,
        name=transfer.name,
        code=transfer.code,
        asked_at=transfer.asked_at,
        under_way=under_way,
        form=people.fields(failed, submit_url=url),
        over=isinstance(failed.error, tuple(OVER.values())),
    )
