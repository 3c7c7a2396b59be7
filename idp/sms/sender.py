"""Codes by text message or phone call, and notices: who may have one, and whether it is right."""

import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, cast

from idp.crypto import masking
from idp.crypto.sealing import Index, Sealer
from idp.errors import IdpError
from idp.outbound import Outbound
from idp.settings import Settings, SettingsError
from idp.sms import trail
from idp.sms.base import CALL, CODE, SmsProvider
from idp.sms.callers import CALLERS
from idp.sms.deliveries import Deliveries, Job
from idp.sms.errors import (
    OUTCOMES,
    QUOTAS,
    CallQuotaReached,
    CodeExpired,
    SmsFailed,
    SmsNotConfigured,
    TooManyTries,
    WrongCode,
)
from idp.sms.numbers import normalise
from idp.sms.places import is_network, place_of
from idp.sms.providers import PROVIDERS
from idp.sms.texts import TEXTS
from idp.store import quotas
from idp.store import sms as store
from idp.store.engines import new_id
from idp.store.ephemeral import digest

PURPOSE = "sms-code"
PHONE = "phone"
BEIJING = timedelta(hours=8)
LONGEST_SENDING = timedelta(seconds=25)
"""Less than the silence after which another worker takes a job over."""
NEVER_MS = 10**9
NOTICE_LIFETIME = timedelta(minutes=30)

State = Literal["queued", "sent", "delivered", "refused"]


@dataclass(frozen=True)
class Sent:
    """A code is on its way, or so everybody is told."""

    challenge_id: str
    masked: str
    resend_at: datetime


@dataclass(frozen=True)
class Status:
    """How far a message is; ``error`` says what went wrong and what to do next."""

    state: State
    error: IdpError | None = None


class Sms:
    """The node's text messages. Quotas fail closed: without Redis nothing is sent."""

    def __init__(self, settings: Settings, sealer: Sealer, outbound: Outbound):
        _check(settings)
        self._settings = settings.sms
        self._login = settings.login
        self._sealer = sealer
        self._providers = tuple(
            _one_of("providers", name, PROVIDERS).from_settings(settings, outbound)
            for name in settings.sms.providers
        )
        self._callers = tuple(
            _one_of("callers", name, CALLERS).from_settings(settings, outbound)
            for name in settings.sms.callers
        )
        waits = settings.store.redis_timeout / 2
        self._deliveries = Deliveries(self._providers, self._callers, sealer, longest_wait=waits)

    def request_code(  # noqa: PLR0913, PLR0917 - one call says everything a code depends on
        self,
        number: str,
        purpose: str,
        browser: str,
        address: str,
        proven_browser: bool = False,
        interaction: str = "",
        *,
        call: bool = False,
        deliver: bool = True,
    ) -> Sent:
        """Queue a code for ``number``, as a text or read out by a call. Raises BadNumber, or what
        reached its limit: a call is a code to every limit, and has one of its own.

        ``deliver=False`` does everything but send: whoever asks about a number nobody may
        write to sees the same answer, after the same work.
        """
        if not (self._callers if call else self._providers):
            raise SmsNotConfigured
        number = normalise(number, self._settings.refused_prefixes)
        phone = self._sealer.index(PHONE, number)
        asking = self._count(phone, purpose, browser, address, proven=proven_browser)
        if call:
            self._count_call(asking, purpose)
        challenge_id, code = secrets.token_urlsafe(24), f"{secrets.randbelow(10**6):06}"
        job = Job(
            id=asking.ticket,
            number=number,
            phone=phone,
            kind=CALL if call else CODE,
            purpose=purpose,
            params={"code": code},
            challenge=digest(challenge_id),
            deliver=deliver,
            until=datetime.now(UTC) + self._login.code_lifetime,
            asking=asking,
        )
        challenge = store.Challenge(
            id=challenge_id,
            purpose=purpose,
            browser=digest(browser),
            interaction=interaction,
            number=self._sealer.seal(PURPOSE, number, bound_to=digest(challenge_id)),
            code=self._hashed(challenge_id, code),
            pretend="" if deliver else self._pretence(),
        )
        store.open_challenge(challenge, job.sealed(self._sealer), self._login.code_lifetime)
        resend_at = datetime.now(UTC) + self._login.code_resend
        return Sent(challenge_id, masking.phone(number), resend_at)

    def check_code(self, challenge_id: str, code: str, purpose: str, browser: str) -> str:
        """The number a right code proves, once. Raises WrongCode, TooManyTries, CodeExpired."""
        guess = store.guess(challenge_id, purpose, digest(browser))
        if guess is None:
            raise CodeExpired
        left = self._login.code_tries - guess.tries
        if left < 0:
            raise TooManyTries
        kid = guess.code.partition(":")[0]
        entered = self._hashed(challenge_id, code.strip(), kid)
        number = self._sealer.open(PURPOSE, guess.number, bound_to=digest(challenge_id))
        if not hmac.compare_digest(entered, guess.code):
            error = WrongCode(left=left) if left else TooManyTries()
            trail.not_accepted(self._sealer.index(PHONE, number), purpose, error.code)
            raise error
        if not store.take_challenge(challenge_id):
            raise CodeExpired
        return number

    def status(self, challenge_id: str, browser: str) -> Status:
        """How far the message of this browser's challenge is. Raises CodeExpired."""
        found = store.state(challenge_id, digest(browser))
        if found is None:
            raise CodeExpired
        state, error = found
        failure = OUTCOMES.get(error, SmsFailed)() if state == "refused" else None
        return Status(cast(State, state), failure)

    def send_notice(
        self, number: str, template: str, params: Mapping[str, str] | None = None
    ) -> bool:
        """Queue a notice; False when the number has had enough or nobody could send it."""
        if template not in TEXTS:
            raise ValueError(f"no notice is called {template}")
        phone = self._sealer.index(PHONE, number)
        if not self._providers:
            return False
        if not quotas.take_notice(phone, _today(), self._settings.notice_day):
            trail.over_quota(phone, template, "notice")
            return False
        job = Job(
            id=new_id(),
            number=number,
            phone=phone,
            kind=template,
            purpose=template,
            params=dict(params or {}),
            challenge="",
            deliver=True,
            until=datetime.now(UTC) + NOTICE_LIFETIME,
            asking=None,
        )
        store.enqueue(job.sealed(self._sealer))
        return True

    @property
    def calls(self) -> bool:
        """Whether a code can be read out by a phone call."""
        return bool(self._callers)

    def work_once(self, block_ms: int) -> int:
        """Send what is queued, waiting for a job at most ``block_ms``; how many were handled."""
        return self._deliveries.work_once(block_ms)

    def _count(
        self, phone: Index, purpose: str, browser: str, address: str, *, proven: bool
    ) -> quotas.Asking:
        """Count a code against every limit. Raises the one that is reached."""
        sms = self._settings
        place, hall = place_of(address, sms.halls)
        asking = quotas.Asking(
            ticket=new_id(),
            number=phone,
            browser=digest(browser),
            place=place,
            day=_today(),
            proven=proven,
        )
        limits = quotas.Limits(
            minute=sms.number_minute,
            hour=sms.number_hour,
            day=sms.number_day,
            browser_day=sms.device_day,
            place_hour=sms.hall_hour if hall else sms.address_hour,
            budget=sms.day_budget,
        )
        answer = quotas.take(asking, limits)
        if answer.reason:
            trail.over_quota(phone, purpose, answer.reason)
            seconds = max(1, round(answer.retry_after.total_seconds()))
            raise QUOTAS[answer.reason](seconds=seconds, minutes=max(1, -(-seconds // 60)))
        trail.spent(answer.used_today, sms.day_budget)
        return asking

    def _count_call(self, asking: quotas.Asking, purpose: str) -> None:
        """A phone that rings disturbs more than a text, and more so by a stranger's doing."""
        if not quotas.take_call(asking, self._settings.number_calls):
            quotas.give_back(asking)
            trail.over_quota(Index(asking.number), purpose, "calls")
            raise CallQuotaReached

    def _pretence(self) -> str:
        """When a message nobody gets will seem sent and delivered: as long as real ones take."""
        sent = time.time_ns() // 1_000_000 + 150 + secrets.randbelow(600)
        receipts = self._settings.receipt_path.get_secret_value()
        wait = 1500 + secrets.randbelow(4000) if receipts else NEVER_MS
        return f"{sent}:{sent + wait}"

    def _hashed(self, challenge_id: str, code: str, kid: str | None = None) -> str:
        """Six digits are few: only a key keeps their digest from being turned back."""
        kid = kid or self._sealer.ring.current
        text = f"{challenge_id}:{code}".encode()
        return f"{kid}:{self._sealer.mac(PURPOSE, text, kid).hex()}"


def _check(settings: Settings) -> None:
    """Say at the start what would otherwise fail on the first message."""
    sms = settings.sms
    for name, networks in (("halls", sms.halls), ("receipt_networks", sms.receipt_networks)):
        if wrong := [network for network in networks if not is_network(network)]:
            raise SettingsError(f"sms.{name}: {', '.join(wrong)} is not a network")
    if max(len(sms.providers), len(sms.callers)) * settings.outbound.timeout >= LONGEST_SENDING:
        raise SettingsError("outbound.timeout: all SMS providers together may take 25 s at most")


def _one_of(
    setting: str, name: str, registry: Mapping[str, type[SmsProvider]]
) -> type[SmsProvider]:
    if name not in registry:
        raise SettingsError(f"sms.{setting}: {name!r} is none of {', '.join(registry)}")
    return registry[name]


def _today() -> str:
    """The budget's day ends at midnight in Beijing, as bills do."""
    return (datetime.now(UTC) + BEIJING).strftime("%Y%m%d")
