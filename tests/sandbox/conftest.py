"""The sandbox as a test client sees it, with requests signed here, by hand."""

import hmac
import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from sandbox import create_app
from sandbox.options import Options


@pytest.fixture
def client() -> Any:
    return create_app().test_client()


@pytest.fixture
def open_client() -> Callable[..., Any]:
    return lambda **options: create_app(Options(**options)).test_client()


def form(number: str = "13800138000", **changes: str) -> dict[str, str]:
    defaults = {
        "PhoneNumbers": number,
        "SignName": "互通",
        "TemplateCode": "SMS_1001",
        "TemplateParam": '{"code":"012345"}',
    }
    return {k: v for k, v in {**defaults, **changes}.items() if v is not None}


def aliyun(client: Any, fields: dict[str, str], **changes: Any) -> Any:
    """Send ``fields`` signed; ``changes`` spoil headers (None leaves one out) or the secret."""
    in_query = changes.pop("in_query", False)
    secret = changes.pop("secret", "sandbox-secret")
    tamper = changes.pop("tamper", b"")
    body = b"" if in_query else urlencode(fields).encode()
    headers = {
        "host": "localhost",
        "x-acs-action": "SendSms",
        "x-acs-version": "2017-05-25",
        "x-acs-date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": uuid.uuid4().hex,
        "x-acs-content-sha256": sha256(body).hexdigest(),
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    if not in_query:
        headers["content-type"] = "application/x-www-form-urlencoded"
    signed = {n: v for n, v in sorted(headers.items()) if v is not None}
    query = fields if in_query else {}
    pairs = "&".join(
        f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(query.items())
    )
    lines = "".join(f"{n}:{v}\n" for n, v in signed.items())
    names = ";".join(signed)
    canonical = f"POST\n/\n{pairs}\n{lines}\n{names}\n{headers['x-acs-content-sha256']}"
    text = "ACS3-HMAC-SHA256\n" + sha256(canonical.encode()).hexdigest()
    signature = hmac.new(secret.encode(), text.encode(), sha256).hexdigest()
    sent = {n: v for n, v in signed.items() if n != "host"}
    sent["Authorization"] = (
        f"ACS3-HMAC-SHA256 Credential=sandbox-ak,SignedHeaders={names},Signature={signature}"
    )
    return client.post(
        "/aliyun/",
        data=body + tamper,
        query_string=query,
        headers=sent,
        base_url="http://localhost",
    )


def tencent(client: Any, body: dict[str, Any] | bytes, **changes: Any) -> Any:
    stamp = int(time.time()) + changes.pop("late", 0)
    key = changes.pop("key", "sandbox-key")
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    date = datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%d")
    kind = "application/json; charset=utf-8"
    canonical = (
        f"POST\n/\n\ncontent-type:{kind}\nhost:localhost\n\ncontent-type;host\n"
        + sha256(data).hexdigest()
    )
    scope = f"{date}/sms/tc3_request"
    text = f"TC3-HMAC-SHA256\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    secret = f"TC3{key}".encode()
    for part in (date, "sms", "tc3_request", text):
        secret = hmac.new(secret, part.encode(), sha256).digest()
    headers = {
        "Content-Type": kind,
        "X-TC-Action": "SendSms",
        "X-TC-Version": "2021-01-11",
        "X-TC-Region": "ap-guangzhou",
        "X-TC-Timestamp": str(stamp),
        "Authorization": (
            f"TC3-HMAC-SHA256 Credential=sandbox-id/{scope}, "
            f"SignedHeaders=content-type;host, Signature={secret.hex()}"
        ),
        **changes.pop("headers", {}),
    }
    sent = {name: value for name, value in headers.items() if value is not None}
    return client.post("/tencent/", data=data, headers=sent, base_url="http://localhost")


def body(*numbers: str, **changes: Any) -> dict[str, Any]:
    return {
        "PhoneNumberSet": list(numbers or ("+8613800138000",)),
        "SmsSdkAppId": "1400000000",
        "SignName": "互通",
        "TemplateId": "1001",
        "TemplateParamSet": ["012345"],
        "SessionContext": "ours",
        **changes,
    }
