"""What the command line of the sandbox decides."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """Limits of 0 are no limits; the defaults are those of the real services."""

    aliyun_key: str = "sandbox-ak"
    aliyun_secret: str = "sandbox-secret"
    tencent_id: str = "sandbox-id"
    tencent_key: str = "sandbox-key"
    tencent_app: str = "1400000000"
    gateway_token: str = "sandbox-token"
    per_minute: int = 1
    per_hour: int = 5
    per_day: int = 10
    any_sender_day: int = 40
    tencent_gap: int = 30
    tencent_day: int = 10
    slow: float = 10.0
    """Seconds a slow number takes."""
    receipt_delay: float = 1.0
    receipt_retries: tuple[float, ...] = (60.0, 300.0, 600.0)
    aliyun_receipts: str = ""
    tencent_receipts: str = ""
    gateway_receipts: str = ""
