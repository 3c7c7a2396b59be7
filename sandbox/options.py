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
    alipay_app: str = "2021000000000000"
    alipay_keys: str = ""
    """A JSON file of Alipay's key pair and the app's, as PEM; empty: made when first needed."""
    alipay_people: str = "open_id"
    """How the app knows people, by its contract: open_id, user_id or both."""
    callback_domain: str = "localhost:8000"
    """Where WeChat and Alipay send people back to: the host of the node, with its port (which the
    real ones do not allow)."""
    per_minute: int = 1
    per_hour: int = 5
    per_day: int = 10
    any_sender_day: int = 40
    calls_day: int = 20
    tencent_gap: int = 30
    tencent_day: int = 10
    ncid_org: str = "ORG0000000001"
    ncid_app: str = "APP0000000001"
    ncid_key: str = "sandbox-ncid-key"
    licence_app: str = "LIC0000000001"
    licence_key: str = "sandbox-licence-key"
    licence_life: float = 300.0
    """Seconds a picture may be scanned."""
    transfer_app: str = "PAY0000000001"
    transfer_key: str = "sandbox-transfer-key"
    companies: str = ""
    """A JSON file of which organisations the registers know, by credit code; empty: two."""
    people: str = ""
    """A JSON file of whom the registers know: what is known, by document number."""
    federation: str = ""
    """A JSON file of the nodes of a federation (``demo.federation``), which a page draws."""
    url: str = ""
    """What browsers call the sandbox, for pages people are sent to; empty: as it was called."""
    slow: float = 10.0
    """Seconds a slow number takes."""
    receipt_delay: float = 1.0
    receipt_retries: tuple[float, ...] = (60.0, 300.0, 600.0)
    aliyun_receipts: str = ""
    tencent_receipts: str = ""
    gateway_receipts: str = ""
    aliyun_voice_receipts: str = ""
    tencent_voice_receipts: str = ""
