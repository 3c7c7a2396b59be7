"""Taking queued messages to a provider, and to the next one when the first does not take them."""

import os
import socket
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson
import structlog

from idp.crypto.errors import CryptoError
from idp.crypto.sealing import Index, Sealer
from idp.errors import IdpError
from idp.sms import metrics, trail
from idp.sms.base import (
    CALL,
    CODE,
    NO_TEMPLATE,
    Accepted,
    Message,
    SmsProvider,
    SmsRefused,
    SmsUnavailable,
    Verdict,
)
from idp.sms.errors import OUTCOMES, SmsFailed, SmsUnconfirmed
from idp.store import quotas
from idp.store import sms as store

log = structlog.get_logger("idp.sms")

AT_ONCE = 8
SEAL = "sms-job"
ACCEPTED, NEXT = "accepted", "next"


@dataclass(frozen=True)
class Job:
    """One message on its way; in the queue it lies sealed."""

    id: str
    number: str
    phone: str
    kind: str
    purpose: str
    params: Mapping[str, str]
    challenge: str
    deliver: bool
    until: datetime
    asking: quotas.Asking | None

    def sealed(self, sealer: Sealer) -> dict[str, str]:
        text = orjson.dumps(self).decode()
        return {"job": self.id, "sealed": sealer.seal(SEAL, text, bound_to=self.id)}

    @classmethod
    def opened(cls, sealer: Sealer, fields: Mapping[str, str]) -> "Job":
        found = orjson.loads(sealer.open(SEAL, fields["sealed"], bound_to=fields["job"]))
        asking = quotas.Asking(**found["asking"]) if found["asking"] else None
        until = datetime.fromisoformat(found["until"])
        return cls(**{**found, "asking": asking, "until": until})


@dataclass(frozen=True)
class Final:
    """A refusal no other provider is asked to get round."""

    outcome: type[IdpError]


Outcome = Accepted | type[IdpError]
Step = Accepted | Final | type[IdpError]


class Deliveries:
    """One worker's share of the queue."""

    def __init__(
        self,
        providers: Sequence[SmsProvider],
        callers: Sequence[SmsProvider],
        sealer: Sealer,
        *,
        longest_wait: timedelta,
    ):
        self._providers = providers
        self._callers = callers
        self._sealer = sealer
        self._longest_wait_ms = int(longest_wait.total_seconds() * 1000)
        self._tidied = False
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sms")

    def work_once(self, block_ms: int) -> int:
        """Handle what a dead worker left, else what is new. Returns how many jobs were handled.

        A batch is finished well within the time after which others take its jobs over.
        """
        if not self._tidied:
            store.forget_dead_workers()
            self._tidied = True
        consumer = f"{socket.gethostname()}-{os.getpid()}"
        left_behind = store.take_over(consumer, AT_ONCE)
        entries = [entry for entry in left_behind if self._worth_taking_over(entry)]
        if not entries:
            block_ms = min(block_ms, self._longest_wait_ms)
            entries = store.read(consumer, AT_ONCE, block_ms)
        # Each thread sees the app through a copy of this context.
        tasks = [self._threads.submit(copy_context().run, self._handle, e) for e in entries]
        wait(tasks)
        for task in tasks:
            task.result()
        return len(entries)

    def _worth_taking_over(self, entry: store.Entry) -> bool:
        """Once: a job that took two workers down would take down every other."""
        if not store.taken_over_before(entry.fields["job"]):
            return True
        _give_up(entry, "two workers died over it")
        return False

    def _handle(self, entry: store.Entry) -> None:
        try:
            job = Job.opened(self._sealer, entry.fields)
        except CryptoError:  # damaged, or under a key that was dropped meanwhile
            _give_up(entry, "not sealed by this node")
            return
        if datetime.now(UTC) >= job.until:
            metrics.SENT.labels("none", "too-late").inc()
        elif job.deliver:
            self._deliver(job)
        store.done(entry)

    def _deliver(self, job: Job) -> None:
        message = Message(job.number, job.kind, job.params, job.id)
        outcome = self._try_each(message)
        if isinstance(outcome, Accepted):
            if outcome.message_id:
                store.expect_receipt(outcome.provider, outcome.message_id, job.challenge)
            store.move(job.challenge, "sent")
            trail.sent(Index(job.phone), job.purpose, outcome.provider)
            return
        store.move(job.challenge, "refused", outcome.code)
        # Given back only where nobody guessed: else an outage is a licence to guess on.
        if job.asking and issubclass(outcome, SmsFailed) and store.withdraw(job.challenge):
            quotas.give_back(job.asking)
        trail.not_sent(Index(job.phone), job.purpose, outcome.code)

    def _try_each(self, message: Message) -> Outcome:
        """The first provider's acceptance, or what to tell the person when there is none."""
        outcome: type[IdpError] = SmsFailed
        for provider in self._callers if message.kind == CALL else self._providers:
            before = store.begin_attempt(message.reference, provider.name)
            step = self._resume(before, provider) if before else self._ask(message, provider)
            match step:
                case Accepted():
                    return step
                case Final():
                    return step.outcome
                case _:
                    outcome = _worse(outcome, step)
        return outcome

    def _resume(self, before: str, provider: SmsProvider) -> Step:
        """What the worker that died had reached: never ask the same provider again."""
        if before == ACCEPTED:
            return Accepted(provider.name, "")
        if before in OUTCOMES:
            return Final(OUTCOMES[before])
        return SmsUnconfirmed if before == store.BEGUN else SmsFailed

    def _ask(self, message: Message, provider: SmsProvider) -> Step:
        job, name = message.reference, provider.name
        try:
            with metrics.SECONDS.labels(name).time():
                accepted = provider.send(message)
        except SmsRefused as refusal:
            return self._refused(message, name, refusal)
        except SmsUnavailable as failure:
            store.end_attempt(job, name, NEXT)
            trail.answered(name, "unavailable", failure.reason)
            return SmsUnconfirmed if failure.maybe_sent else SmsFailed
        store.end_attempt(job, name, ACCEPTED)
        return accepted

    def _refused(self, message: Message, provider: str, refusal: SmsRefused) -> Step:
        final = refusal.verdict in {Verdict.NUMBER, Verdict.LIMITED}
        store.end_attempt(message.reference, provider, refusal.error.code if final else NEXT)
        trail.answered(provider, refusal.verdict.value, refusal.code)
        # A notice an operator has no template for is a choice, not a fault.
        unwanted = message.kind not in {CODE, CALL} and refusal.code == NO_TEMPLATE
        if refusal.verdict is Verdict.MISCONFIGURED and not unwanted:
            trail.misconfigured(provider, refusal.code)
        return Final(refusal.error) if final else refusal.error


def _give_up(entry: store.Entry, reason: str) -> None:
    log.error("sms_job_given_up", job=entry.fields["job"], reason=reason)
    store.done(entry)


def _worse(first: type[IdpError], second: type[IdpError]) -> type[IdpError]:
    """What to tell the person of two failures: that a message may still come goes first."""
    if first is SmsUnconfirmed or second is SmsFailed:
        return first
    return second
