"""The agreements say what the product does: every kind of thing it knows, everybody it tells."""

import pytest
from flask.testing import FlaskClient

from idp.organisations.verifiers import VERIFIERS as OF_ORGANISATIONS
from idp.realname.verifiers import VERIFIERS as OF_PEOPLE
from idp.realname.words import WAYS

VENDORS = {
    "tencent": ("腾讯云", "Tencent Cloud"),
    "aliyun": ("阿里云", "Alibaba Cloud"),
    "alipay": ("支付宝", "Alipay"),
    "ncid": (
        "国家网络身份认证公共服务",
        "National Network Identity Authentication Service",
    ),
    "business": ("电子营业执照系统", "electronic business licence system"),
    "micro": ("付款服务方", "commissioned payer"),
}
"""By how the names of verifiers begin."""
SENT = {
    "register": ("姓名和证件号码", "name and document number"),
    "register_phone": ("姓名、证件号码和手机号码", "name, document number and phone number"),
    "register_bank_card": ("银行卡号", "bank card number"),
    "face": ("人脸", "face"),
    "network_credential": ("网证", "credential"),
    "hall": ("到大厅办理、申诉", "Service halls and appeals"),
    "appeal": ("到大厅办理、申诉", "Service halls and appeals"),
}
"""What each way of proving a name sends, as the privacy policy says it ..."""
USED = {
    "register": ("姓名和证件号码", "name and number"),
    "register_phone": ("加手机号码的", "with a phone number"),
    "register_bank_card": ("银行卡号", "bank card’s number"),
    "face": ("面部影像", "face"),
    "network_credential": ("网证", "network credential"),
    "hall": ("查验证件原件", "original document"),
    "appeal": ("申诉", "appeal"),
}
"""... and the agreement of real names."""
KEPT = [
    ("核验记录", "Records of verification"),
    ("受理材料", "Cases"),
    ("代表单位办事", "Acting for an organisation"),
    ("统一社会信用代码", "credit code"),
    ("监护人的同意", "guardian’s consent"),
    ("工作人员查看", "staff who looked"),
]
RIGHTS = [
    ("谁查看过我的信息", "Who read my information"),
    ("下载我的信息", "Download my information"),
    ("冷静期", "cooling-off"),
    ("我监护的孩子", "Children in my care"),
    ("申诉", "appeal"),
]
CHINESE, ENGLISH = "", "?ui_locales=en"


def read(client: FlaskClient, name: str, language: str) -> str:
    answer = client.get(f"/signup/agreements/{name}{language}")
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize(("language", "place"), [(CHINESE, 0), (ENGLISH, 1)])
def test_every_service_that_hears_of_a_person_is_named(
    client: FlaskClient, language: str, place: int
) -> None:
    text = read(client, "privacy", language)

    for name in [*OF_PEOPLE, *OF_ORGANISATIONS]:
        assert VENDORS[name.partition("_")[0]][place] in text, name


@pytest.mark.parametrize(("agreement", "told"), [("privacy", SENT), ("realname", USED)])
@pytest.mark.parametrize(("language", "place"), [(CHINESE, 0), (ENGLISH, 1)])
def test_what_each_way_of_proving_a_name_uses_is_named(
    client: FlaskClient,
    agreement: str,
    told: dict[str, tuple[str, str]],
    language: str,
    place: int,
) -> None:
    text = read(client, agreement, language)

    for way in WAYS:
        assert told[way][place] in text, way


@pytest.mark.parametrize(("language", "place"), [(CHINESE, 0), (ENGLISH, 1)])
def test_what_is_kept_and_what_one_may_do_is_named(
    client: FlaskClient, language: str, place: int
) -> None:
    text = read(client, "privacy", language)

    for words in [*KEPT, *RIGHTS]:
        assert words[place].lower() in text.lower(), words


@pytest.mark.parametrize("agreement", ["privacy", "terms", "realname"])
def test_the_number_is_asked_for_each_time_and_the_rest_once(
    client: FlaskClient, agreement: str
) -> None:
    text = read(client, agreement, CHINESE)

    assert "每次都重新征求" in text
    assert "逐次" not in text


def test_no_text_denies_what_the_product_does(client: FlaskClient) -> None:
    for language, denials in (
        (CHINESE, ("不收集人脸", "将来开通实名认证", "请到政务服务中心窗口申请")),
        (ENGLISH, ("collects no faces", "Should real-name verification")),
    ):
        for name in ("privacy", "terms"):
            text = read(client, name, language)
            assert not [denial for denial in denials if denial in text], name
