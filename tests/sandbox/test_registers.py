"""The sandbox's registers refuse what the real services would, and their pages say what is what."""

import json
import time
from base64 import b64encode
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sandbox import create_app, sm3
from sandbox.inbox import BEIJING
from sandbox.options import Options
from sandbox.registry import alipay, companies, people

KEYS = alipay.new_keys()
NUMBER = "11000019900307001X"


@pytest.fixture
def client(tmp_path):
    known = tmp_path / "people.json"
    known.write_text(json.dumps({NUMBER: {"name": "张三"}}), "utf-8")
    keys = tmp_path / "alipay.json"
    keys.write_text(json.dumps(KEYS), "utf-8")
    return create_app(Options(people=str(known), alipay_keys=str(keys))).test_client()


class TestPages:
    def test_every_magic_name_is_on_the_page_in_words(self, client):
        page = client.get("/magic").text
        for name, (_, words) in (people.MAGIC | companies.MAGIC).items():
            assert name in page
            assert words in page

    def test_the_register_shows_whom_it_knows(self, client):
        page = client.get("/register").text
        assert NUMBER in page
        assert "张三" in page
        for code, entry in companies.KNOWN.items():
            assert code in page
            assert entry.name in page

    @pytest.mark.parametrize("path", ["/magic", "/register", "/bank", "/ncid/app"])
    def test_a_page_needs_no_script_and_no_other_page_of_the_internet(self, client, path):
        page = client.get(path)
        assert page.status_code == 200
        assert "<script" not in page.text
        assert "://" not in page.text

    @pytest.mark.parametrize("path", ["/licence/scan/x", "/face/x"])
    def test_a_page_nobody_was_sent_to_is_none(self, client, path):
        assert client.get(path).status_code == 404

    def test_companies_come_from_a_file_where_there_is_one(self, tmp_path):
        file = tmp_path / "companies.json"
        file.write_text(json.dumps({"91330000MA00000010": {"name": "别处公司"}}), "utf-8")
        page = create_app(Options(companies=str(file))).test_client().get("/register").text
        assert "别处公司" in page
        assert "胡同商贸" not in page


def alipay_asks(client, **changes):
    fields = {
        "app_id": "2021000000000000",
        "method": "alipay.user.certify.open.query",
        "format": "JSON",
        "charset": "utf-8",
        "sign_type": "RSA2",
        "timestamp": datetime.now(BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
        "version": "1.0",
        "biz_content": '{"certify_id":"x"}',
    } | {name: value for name, value in changes.items() if name != "key"}
    text = "&".join(f"{name}={value}" for name, value in sorted(fields.items()))
    key = load_pem_private_key(KEYS[changes.get("key", "app_private_key")].encode(), None)
    fields["sign"] = b64encode(key.sign(text.encode(), PKCS1v15(), SHA256())).decode()
    return client.post("/alipay/gateway.do", data=fields).get_json(force=True)


class TestAlipay:
    def test_who_signs_well_is_answered(self, client):
        found = alipay_asks(client)["alipay_user_certify_open_query_response"]
        assert (found["code"], found["sub_code"]) == ("40004", "CERTIFY_ID_NOT_EXIST")

    @pytest.mark.parametrize(
        ("changes", "sub_code"),
        [
            ({"key": "private_key"}, "isv.invalid-signature"),
            ({"timestamp": "soon"}, "isv.invalid-timestamp"),
            (
                {"timestamp": str(datetime.now(BEIJING) - timedelta(hours=1))[:19]},
                "isv.invalid-timestamp",
            ),
        ],
    )
    def test_who_does_not_is_told_why_and_that_is_signed(self, client, changes, sub_code):
        answer = alipay_asks(client, **changes)
        assert answer["alipay_user_certify_open_query_response"]["sub_code"] == sub_code
        assert answer["sign"]

    def test_nothing_can_be_signed_for_an_app_nobody_knows(self, client):
        answer = alipay_asks(client, app_id="x")
        assert answer["error_response"]["sub_code"] == "isv.invalid-app-id"
        assert "sign" not in answer

    def test_a_browser_without_a_signature_is_not_let_in(self, client):
        assert client.get("/alipay/gateway.do?method=x").status_code == 400


class TestSignedJson:
    def asks(self, client, key="sandbox-ncid-key", **changes):
        said = {"orgId": "ORG0000000001", "appId": "APP0000000001", "bizSeq": "b"}
        said |= {"timestamp": str(int(time.time())), **changes}
        signed = {**said, "sign": sm3.signature(key, said)}
        return client.post("/ncid/auth", data=json.dumps(signed))

    def test_who_signs_well_is_answered_and_the_answer_is_signed(self, client):
        found = self.asks(client).json
        given = found.pop("sign")
        assert found == {"bizSeq": "b", "authResult": "2"}
        assert given == sm3.signature("sandbox-ncid-key", found)

    @pytest.mark.parametrize(
        "changes",
        [{"key": "x"}, {"timestamp": "1"}, {"timestamp": "x"}, {"orgId": "x"}, {"appId": "x"}],
    )
    def test_who_does_not_is_not(self, client, changes):
        assert self.asks(client, **changes).status_code == 401

    @pytest.mark.parametrize("sent", [b"", b"[]", b'{"bizSeq":1}'])
    def test_nor_is_what_is_no_question(self, client, sent):
        assert client.post("/ncid/auth", data=sent).status_code == 401

    def test_a_field_cannot_be_moved_into_another(self):
        one, other = {"a": "1&b=2"}, {"a": "1", "b": "2"}
        assert sm3.signature("k", one) != sm3.signature("k", other)
