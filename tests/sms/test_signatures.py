"""The published signature vectors of Aliyun (v3) and Tencent Cloud (TC3)."""

from hashlib import sha256

from idp.clouds import acs3, tc3

ALIYUN = acs3.Signable(
    method="POST",
    headers={
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": sha256(b"").hexdigest(),
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    },
    query={
        "RegionId": "cn-shanghai",
        "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
    },
)
TENCENT = tc3.Signable(
    service="cvm",
    host="cvm.tencentcloudapi.com",
    content_type="application/json; charset=utf-8",
    timestamp=1551113065,
    body=rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}',
)
TENCENT_ID = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******"
TENCENT_KEY = "Gu5t9xGARNpq86cd98joQYCN3*******"


def test_aliyun_s_published_request_is_signed_as_published():
    canonical = sha256(acs3.canonical_request(ALIYUN).encode()).hexdigest()

    assert canonical == "7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259"
    assert acs3.authorization("YourAccessKeyId", "YourAccessKeySecret", ALIYUN) == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,"
        "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;"
        "x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_aliyun_s_query_is_percent_encoded_by_its_own_rules():
    request = acs3.Signable("GET", {"host": "h"}, {"b": "a b*~/", "a": "验"})

    assert acs3.canonical_request(request).split("\n")[2] == "a=%E9%AA%8C&b=a%20b%2A~%2F"


def test_tencent_s_published_request_is_signed_as_published():
    payload = sha256(TENCENT.body).hexdigest()
    canonical = sha256(tc3.canonical_request(TENCENT).encode()).hexdigest()

    assert payload == "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064"
    assert canonical == "5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031"
    assert tc3.authorization(TENCENT_ID, TENCENT_KEY, TENCENT) == (
        f"TC3-HMAC-SHA256 Credential={TENCENT_ID}/2019-02-25/cvm/tc3_request, "
        "SignedHeaders=content-type;host, "
        "Signature=2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c"
    )
