"""Production sends codes to nobody who listens on the way, and to no sandbox."""

from typing import Any

import pytest

from idp import settings


def production(endpoint: str, **more: Any) -> settings.Settings:
    return settings.load(
        environment="production",
        issuer="https://id.example",
        store={"database_url": "postgresql+psycopg://x/y", "redis_url": "redis://x"},
        sms={"providers": ("gateway",), "gateway": {"endpoint": endpoint, "token": "t"}},
        **more,
    )


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:8003/gateway/send", "http://sms.example/send"]
)
def test_messages_go_out_over_tls_only(endpoint: str) -> None:
    with pytest.raises(settings.SettingsError, match="https"):
        production(endpoint)


def test_a_gateway_behind_tls_is_good() -> None:
    assert production("https://sms.example/send").sms.providers == ("gateway",)


PLAIN, SAFE = "http://register.example/", "https://register.example/"
_PLATFORM = {"app_id": "a", "key": "k"}
_ALIPAY = {"app_id": "a", "private_key": "k", "alipay_public_key": "k"}
_CLOUD = {"access_key_id": "a", "access_key_secret": "s"}


@pytest.mark.parametrize(
    ("section", "table", "given"),
    [
        ("realname", "aliyun", {"endpoint": PLAIN, **_CLOUD}),
        ("realname", "ncid", {"endpoint": SAFE, "app_url": PLAIN, "org_id": "o", **_PLATFORM}),
        ("realname", "ncid", {"endpoint": PLAIN, "app_url": SAFE, "org_id": "o", **_PLATFORM}),
        ("upstream", "wechat", {"api": PLAIN}),
        ("upstream", "wechat", {"pages": PLAIN}),
        ("upstream", "alipay", {"endpoint": PLAIN, **_ALIPAY}),
        ("upstream", "alipay", {"page": PLAIN, **_ALIPAY}),
        ("organisations", "aliyun", {"endpoint": PLAIN, **_CLOUD}),
        ("organisations", "licence", {"endpoint": PLAIN, **_PLATFORM}),
        ("organisations", "transfer", {"endpoint": PLAIN, **_PLATFORM}),
    ],
)
def test_names_and_numbers_go_out_over_tls_only(
    section: str, table: str, given: dict[str, str]
) -> None:
    with pytest.raises(settings.SettingsError, match=f"{section}: every endpoint must be https"):
        production("https://sms.example/send", **{section: {table: given}})
    safe = {name: value.replace("http://", "https://") for name, value in given.items()}
    production("https://sms.example/send", **{section: {table: safe}})
