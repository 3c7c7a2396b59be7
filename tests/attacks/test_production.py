"""Production sends codes to nobody who listens on the way, and to no sandbox."""

import pytest

from idp import settings


def production(endpoint: str) -> settings.Settings:
    return settings.load(
        environment="production",
        issuer="https://id.example",
        store={"database_url": "postgresql+psycopg://x/y", "redis_url": "redis://x"},
        sms={"providers": ("gateway",), "gateway": {"endpoint": endpoint, "token": "t"}},
    )


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:8003/gateway/send", "http://sms.example/send"]
)
def test_messages_go_out_over_tls_only(endpoint: str) -> None:
    with pytest.raises(settings.SettingsError, match="https"):
        production(endpoint)


def test_a_gateway_behind_tls_is_good() -> None:
    assert production("https://sms.example/send").sms.providers == ("gateway",)
