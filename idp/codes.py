"""Asking for a code by text message or phone call on the way through sign-in, and checking it.

The challenge stands in the interaction, one for each purpose, so that reloading the page or
coming back to it finds the code still asked for.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from idp import interactions
from idp.errors import N_, IdpError
from idp.interactions import Interaction
from idp.risk import around
from idp.services import services
from idp.settings import current as settings
from idp.sms.base import CALL, CODE
from idp.sms.errors import BadNumber, CodeExpired, TooManyTries, WrongCode
from idp.sms.numbers import normalise
from idp.store import sign_ins, throttles
from idp.store.throttles import Counter
from idp.web import captcha, people
from idp.web.addresses import address_range
from idp.web.i18n import translate
from idp.web.people import Failed, Here

BY = "by"
"""The form field that says how a code is to come; only a button that asks for a call has it."""
_SEALED = "code-asked"
_PER_BROWSER = 3
"""Codes a browser asks for and does not enter before a CAPTCHA is asked."""


class NoCodeEntered(IdpError):
    """The form came without a code."""

    code = "HT-5051"
    message = N_("请输入短信验证码。")
    next_step = N_("请填写短信中的 6 位数字。")
    oauth_error = "invalid_request"
    field = "sms_code"


class CodeNotAsked(IdpError):
    """A code was entered before one was asked for, or after it was used."""

    code = "HT-5052"
    message = N_("请先获取验证码。")
    next_step = N_("请返回填写手机号码，重新获取验证码。")
    status = HTTPStatus.CONFLICT
    field = "phone"


def ask(interaction: Interaction, number: str | None, purpose: str, here: Here) -> Interaction:
    """Send a code to ``number``, known to us or not, or read it out by a call where the button
    pressed says so. Raises what stands in the way.

    None stands for the number asked before: the form that asks again does not hold it.
    """
    call = people.text(BY) == CALL
    number = _number_before(interaction, purpose) if number is None else normalise(number)
    throttles.count(_requests(here))
    known = sign_ins.knows_browser_by_phone(number, here.browser)
    sent = services.sms.request_code(
        number, purpose, here.browser, here.address, known, interaction.id, call=call
    )
    asked = {
        "by": CALL if call else CODE,
        "challenge": sent.challenge_id,
        "masked": sent.masked,
        "resend_at": sent.resend_at.timestamp(),
        "number": str(services.sealer.seal(_SEALED, number, interaction.id)),
    }
    return interactions.note(interaction, **{_key(purpose): asked})


def asked(interaction: Interaction, purpose: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = interaction.result.get(_key(purpose))
    return found


def check(interaction: Interaction, purpose: str, entered: str, here: Here) -> str:
    """The number that the code entered proves, once."""
    challenge = asked(interaction, purpose)
    if challenge is None:
        raise CodeNotAsked
    entered = entered.replace(" ", "")
    if not entered:
        raise NoCodeEntered
    try:
        number = services.sms.check_code(challenge["challenge"], entered, purpose, here.browser)
    except (WrongCode, TooManyTries):
        throttles.count([_guesses(here)])
        raise
    throttles.clear(_requests(here)[0])
    return number


def forget(interaction: Interaction, purpose: str) -> Interaction:
    return interactions.note(interaction, **{_key(purpose): None})


def number_form(
    interaction: Interaction, place: str, failed: Failed, **more: Any
) -> dict[str, Any]:
    """What the template of a page that asks for a number takes as ``form``."""
    wait_url = f"{interaction.url('/login/wait')}&m={place}"
    calls = services.sms.calls
    offered = captcha.offer(bool(risky(people.here())), wait_url)
    values = dict(failed.values) or _hinted(interaction)
    return people.fields(failed, **offered, calls=calls, **{"values": values, **more})


def _hinted(interaction: Interaction) -> dict[str, str]:
    """The number whoever sent the person thinks is theirs (OIDC Core §3.1.2.1 ``login_hint``)."""
    hint = "" if interaction.account_id else interaction.hints.get("login_hint", "")[:20]
    try:
        return {"phone": hint} if hint and normalise(hint) else {}
    except BadNumber:
        return {}


def code_form(
    interaction: Interaction, purpose: str, failed: Failed, **more: Any
) -> dict[str, Any]:
    """What the template of a page that asks for the code takes as ``form``."""
    challenge = asked(interaction, purpose) or {}
    shown = {name: challenge.get(name, "") for name in ("masked", "resend_at")}
    status_url = f"{interaction.url('/login/code')}&p={purpose}"
    shown |= {"status_url": status_url, "refusal": fares(interaction, purpose)["refusal"]}
    return people.fields(failed, sent=True, **by(challenge), **shown, **more)


def by(challenge: Mapping[str, Any] | None) -> dict[str, Any]:
    """For a form: whether a code can come by a call, and whether this one does."""
    called = (challenge or {}).get("by") == CALL
    return {"calls": services.sms.calls, "called": called}


def fares(interaction: Interaction, purpose: str) -> dict[str, str]:
    """How the message fares: its state, and why it was refused in words when it was."""
    challenge = asked(interaction, purpose)
    if challenge is None:
        return {"state": "none", "refusal": ""}
    try:
        status = services.sms.status(challenge["challenge"], people.here().browser)
    except CodeExpired:
        return {"state": "expired", "refusal": ""}
    error = status.error
    words = (translate(error.message) + translate(error.next_step)) if error else ""
    return {"state": status.state, "refusal": words}


def guard(form: Any, here: Here) -> None:
    """Raise CaptchaNeeded when risk asks for one and the form brings none."""
    if risky(here) and not captcha.passed(form):
        raise captcha.CaptchaNeeded


def risky(here: Here) -> tuple[str, ...]:
    """Why a CAPTCHA is due: many codes asked for and none entered, or guessed at, by this browser
    or around it; or a rule of risk.
    """
    counters, group = (*_requests(here), _guesses(here)), around.of(here.browser, here.address)
    used = throttles.used((*counters, *group.groups))
    full = any(n >= each.limit for n, each in zip(used, counters, strict=False))
    rules = around.reasons(group, used[len(counters) :])
    return ("codes", *rules) if full else rules


def _number_before(interaction: Interaction, purpose: str) -> str:
    before = asked(interaction, purpose)
    if before is None:
        raise CodeNotAsked
    return services.sealer.open(_SEALED, before["number"], interaction.id)


def _key(purpose: str) -> str:
    return f"code:{purpose}"


def _requests(here: Here) -> tuple[Counter, Counter]:
    window = settings.login.throttle
    place = address_range(here.address)
    return (
        Counter.of(here.browser, "codes", _PER_BROWSER, window),
        Counter.of(place, "codes", settings.login.code_requests, window),
    )


def _guesses(here: Here) -> Counter:
    """Wrong codes around an address, whoever's: many numbers are guessed at a little each."""
    place = address_range(here.address)
    limits = settings.login
    return Counter.of(place, "wrong-codes", limits.code_failures, limits.throttle)
