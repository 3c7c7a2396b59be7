"""What providers later say of the messages they took; framework-free."""

from typing import Any

from idp.sms import metrics
from idp.sms.base import Receipt
from idp.sms.callers import CALLERS
from idp.sms.errors import NotAnswered, NotDelivered, ReceiptMalformed, ReceiptUnwelcome
from idp.sms.providers import PROVIDERS
from idp.store import sms as store

MOST = 1000
_SOURCES = {**PROVIDERS, **CALLERS}


def accept(provider: str, payload: Any) -> dict[str, Any]:
    """Record a pushed batch and answer as the provider expects; repeats change nothing."""
    source = _SOURCES.get(provider)
    if source is None:
        raise ReceiptUnwelcome
    receipts = source.receipts(payload)
    if len(receipts) > MOST:
        raise ReceiptMalformed
    for receipt in receipts:
        _accept(provider, receipt)
    return source.receipts_answer()


def _accept(provider: str, receipt: Receipt) -> None:
    challenge = store.take_receipt(provider, receipt.message_id)
    if challenge is None:
        metrics.RECEIPTS.labels(provider, "unknown").inc()
        return
    metrics.RECEIPTS.labels(provider, "delivered" if receipt.delivered else "failed").inc()
    if receipt.delivered:
        store.move(challenge, "delivered")
    else:
        failure = NotAnswered if provider in CALLERS else NotDelivered
        store.move(challenge, "refused", failure.code)
