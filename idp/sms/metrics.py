"""What operators watch of text messages."""

from prometheus_client import Counter, Gauge, Histogram

SENT = Counter("sms_sent", "Messages by provider and outcome", ["provider", "outcome"])
REFUSED = Counter("sms_quota_refused", "Codes not sent because of a limit", ["reason"])
ALARMS = Counter("sms_alarms", "Answers that mean our own set-up is wrong", ["provider", "code"])
RECEIPTS = Counter("sms_receipts", "Receipts by provider and outcome", ["provider", "outcome"])
BUDGET = Gauge(
    "sms_budget_used_ratio",
    "Share of today's message budget that is spent",
    multiprocess_mode="mostrecent",
)
SECONDS = Histogram(
    "sms_send_seconds",
    "How long a provider takes to answer",
    ["provider"],
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60),
)
