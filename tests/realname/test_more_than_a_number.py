"""Name and number with the phone, or with a bank card: every outcome, on the pages."""

from collections.abc import Callable

import flask
import pytest

from idp.realname.words import AGREED
from idp.realname.words import WAYS as WORDS
from tests import forms
from tests.oidc.actors import Person
from tests.realname.test_proving import NUMBER, level, states
from tests.realname.vendors import CARD

DECIDED_BY_STAFF = {"hall", "appeal"}
WAYS: dict[str, dict[str, str]] = {"register_phone": {}, "register_bank_card": {"bank_card": CARD}}


@pytest.fixture
def offered() -> tuple[str, ...]:
    return ("tencent_register", "tencent_phone", "tencent_bank_card")


@pytest.fixture
def signed_in(wang: Person) -> Person:
    return wang.opens("/account/").signs_in()


@pytest.mark.parametrize("way", WAYS)
class TestOutcomes:
    def test_a_match_raises_the_level(self, app: flask.Flask, signed_in: Person, way: str) -> None:
        states(signed_in.opens("/realname/").follows(f"way-{way}"), **WAYS[way])
        assert signed_in.page.request.path == "/account/"
        assert level(app, signed_in) == 2

    @pytest.mark.parametrize(
        ("name", "code"),
        [
            ("姓名不符", "HT-4121"),
            ("查无此人", "HT-4122"),
            ("非法姓名", "HT-4123"),
            ("次数超限", "HT-4124"),
            ("库在维护", "HT-4125"),
        ],
    )
    def test_nothing_else_does_and_nothing_typed_is_lost(
        self, app: flask.Flask, signed_in: Person, way: str, name: str, code: str
    ) -> None:
        states(signed_in.opens("/realname/").follows(f"way-{way}"), name=name, **WAYS[way])
        assert code in signed_in.page.text
        for typed in (name, NUMBER, *WAYS[way].values()):
            assert f'value="{typed}"' in signed_in.page.text
        assert "/realname/hall" in signed_in.page.text
        assert level(app, signed_in) == 1


class TestWithoutANumber:
    """Of who signs in by user name only there is no number to compare."""

    @pytest.fixture
    def qian(self, people: Callable[..., Person]) -> Person:
        return people("qianduo").opens("/account/").signs_in()

    def test_the_ways_that_compare_one_are_not_offered_but_a_number_is(self, qian: Person) -> None:
        qian.opens("/realname/")
        assert qian.page.request.path == "/realname/form", "one way is left, and gone at once"
        at = qian.page.request.full_path
        for way in WAYS:
            qian.opens(at.replace("m=register", f"m={way}"))
            assert qian.page.request.full_path.endswith("&m=register")
        assert forms.link(qian.page.text, "bind-phone") == "/account/phone"


class TestWhatIsAgreedTo:
    def test_every_way_says_what_it_sends(self) -> None:
        assert set(AGREED) == set(WORDS) - DECIDED_BY_STAFF

    @pytest.mark.parametrize(
        ("way", "sent"),
        [
            ("register", ["姓名", "证件号码"]),
            ("register_phone", ["姓名", "证件号码", "手机号码", "运营商"]),
            ("register_bank_card", ["姓名", "证件号码", "手机号码", "银行卡号", "金融账户"]),
        ],
    )
    def test_the_tick_names_each_of_it(self, signed_in: Person, way: str, sent: list[str]) -> None:
        signed_in.opens("/realname/").follows(f"way-{way}")
        said = signed_in.page.text.split('for="agree"')[1].split("</label>")[0]
        assert [word for word in sent if word not in said] == []
