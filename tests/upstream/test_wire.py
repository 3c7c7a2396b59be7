"""The sandbox's WeChat is WeChat: every row of its interfaces, asked by HTTP as it is."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import flask
import pytest

from sandbox.wechat import apps, people
from sandbox.wechat.cgi import NUMBER
from sandbox.wechat.sns import LAUNCH
from tests.upstream.actors import BACK, CHROME, IN_WECHAT, IN_WECOM, PHONE, Holder, brought, words
from tests.upstream.conftest import APPS, SECRET, UNBOUND
from tests.upstream.facts import ERRCODES, INSIDE_PAGES

WEBSITE, OFFICIAL, MINI = APPS.values()
QR = {
    "appid": WEBSITE,
    "redirect_uri": BACK,
    "response_type": "code",
    "scope": "snsapi_login",
    "state": "a1B2",
}
INSIDE = QR | {"appid": OFFICIAL, "scope": "snsapi_userinfo"}
Ask = Callable[..., Any]


@pytest.fixture
def ask(registers: flask.Flask) -> Ask:
    """``ask(path, query, body=None, method=…)``: status, type and JSON of what is said."""

    def asked(path: str, query: dict[str, str], body: bytes | None = None, **more: str) -> Any:
        url = f"http://127.0.0.1:{registers.extensions['url'].rpartition(':')[2]}/wechat{path}"
        request = urllib.request.Request(f"{url}?{urlencode(query)}", body, **more)
        with urllib.request.urlopen(request, timeout=5) as answer:
            found = json.loads(answer.read().decode("utf-8"))
            return answer.status, answer.headers["Content-Type"], found

    return asked


@pytest.fixture
def clocks(registers: flask.Flask) -> Any:
    """``clocks(seconds)``: WeChat's clocks, so much later."""
    names = ("wechat-codes", "wechat-pictures", "wechat-user-tokens", "wechat-app-tokens")
    held = [registers.extensions[name] for name in names]

    def later(seconds: float) -> None:
        for each in held:
            each.clock = lambda: time.time() + seconds

    yield later
    for each in held:
        each.clock = time.time


def website_code(holder: Holder) -> str:
    return holder.scans(f"/wechat/connect/qrconnect?{urlencode(QR)}")["code"]


def inside_code(holder: Holder, scope: str = "snsapi_userinfo", app_id: str = OFFICIAL) -> str:
    query = urlencode(INSIDE | {"scope": scope, "appid": app_id})
    return holder.opens_in_wechat(f"/wechat/connect/oauth2/authorize?{query}")["code"]


def exchange(code: str, app_id: str = WEBSITE, **changes: str) -> tuple[str, dict[str, str]]:
    query = {"appid": app_id, "secret": SECRET, "code": code, "grant_type": "authorization_code"}
    return "/sns/oauth2/access_token", {k: v for k, v in (query | changes).items() if v}


class TestExchange:
    def test_an_answer_is_text_plain_without_a_charset_and_without_an_errcode(
        self, ask: Ask, holder: Callable[..., Holder]
    ) -> None:
        status, kind, said = ask(*exchange(website_code(holder())))
        assert (status, kind) == (200, "text/plain")
        assert list(said) == [
            "access_token",
            "expires_in",
            "refresh_token",
            "openid",
            "scope",
            "unionid",
        ]
        assert (said["expires_in"], said["scope"]) == (7200, "snsapi_login")

    def test_silent_authorization_brings_no_unionid(
        self, ask: Ask, holder: Callable[..., Holder]
    ) -> None:
        _, _, said = ask(*exchange(inside_code(holder(), "snsapi_base"), OFFICIAL))
        assert "unionid" not in said
        _, _, said = ask(*exchange(inside_code(holder()), OFFICIAL))
        assert "unionid" in said
        assert "is_snapshotuser" not in said

    def test_an_app_of_no_platform_account_brings_none_either(
        self, ask: Ask, holder: Callable[..., Holder]
    ) -> None:
        app_id = UNBOUND["official_account"]
        _, _, said = ask(*exchange(inside_code(holder(), app_id=app_id), app_id))
        assert "unionid" not in said

    def test_a_snapshot_s_person_is_another_one_each_time(
        self, ask: Ask, holder: Callable[..., Holder]
    ) -> None:
        said = [ask(*exchange(inside_code(holder(people.SNAPSHOT)), OFFICIAL))[2] for _ in range(2)]
        assert [each["is_snapshotuser"] for each in said] == [1, 1]
        assert len({each["openid"] for each in said}) == len({e["unionid"] for e in said}) == 2

    @pytest.mark.parametrize(
        ("changes", "errcode"),
        [
            ({"app_id": ""}, 41002),
            ({"app_id": "wx-unknown"}, 40013),
            ({"app_id": WEBSITE.upper()}, 40013),
            ({"secret": ""}, 41004),
            ({"secret": "x"}, 40125),
            ({"grant_type": "x"}, 40002),
            ({"code": ""}, 41008),
            ({"code": "x"}, 40029),
            ({"app_id": UNBOUND["website"]}, 40029),
        ],
    )
    def test_what_is_wrong_has_its_errcode_and_status_200(
        self, ask: Ask, holder: Callable[..., Holder], changes: dict[str, str], errcode: int
    ) -> None:
        told = {"code": website_code(holder()), **changes}
        status, kind, said = ask(*exchange(told.pop("code"), told.pop("app_id", WEBSITE), **told))
        assert (status, kind, said["errcode"]) == (200, "text/plain", errcode)
        assert said["errmsg"].startswith(ERRCODES[errcode][0])
        assert ", rid: " in said["errmsg"] or ", hints: [ req_id: " in said["errmsg"]

    def test_a_form_is_not_read(self, ask: Ask, holder: Callable[..., Holder]) -> None:
        path, query = exchange(website_code(holder()))
        assert ask(path, {}, urlencode(query).encode())[2]["errcode"] == 41002

    @pytest.mark.parametrize(("seconds", "errcode"), [(0, 40163), (299, 40163), (301, 40029)])
    def test_a_used_code_is_called_used_for_minutes_and_then_invalid(
        self,
        ask: Ask,
        holder: Callable[..., Holder],
        clocks: Callable[[float], None],
        seconds: float,
        errcode: int,
    ) -> None:
        code = website_code(holder())
        assert "openid" in ask(*exchange(code))[2]
        clocks(seconds)
        assert ask(*exchange(code))[2]["errcode"] == errcode

    @pytest.mark.parametrize(("seconds", "good"), [(590, True), (601, False)])
    def test_a_website_s_code_lives_ten_minutes(
        self,
        ask: Ask,
        holder: Callable[..., Holder],
        clocks: Callable[[float], None],
        seconds: float,
        good: bool,
    ) -> None:
        code = website_code(holder())
        clocks(seconds)
        said = ask(*exchange(code))[2]
        assert said.get("errcode") == (None if good else 42003)

    @pytest.mark.parametrize(("seconds", "good"), [(290, True), (301, False)])
    def test_an_official_account_s_code_lives_five(
        self,
        ask: Ask,
        holder: Callable[..., Holder],
        clocks: Callable[[float], None],
        seconds: float,
        good: bool,
    ) -> None:
        code = inside_code(holder())
        clocks(seconds)
        said = ask(*exchange(code, OFFICIAL))[2]
        assert said.get("errcode") == (None if good else 42003)

    @pytest.mark.parametrize("errcode", ERRCODES)
    def test_every_errcode_can_be_had_by_person_and_by_app(
        self, ask: Ask, holder: Callable[..., Holder], errcode: int
    ) -> None:
        by_person = ask(*exchange(website_code(holder(people.number_for(errcode)))))
        by_app = ask(*exchange("code", apps.failing(errcode)))
        for status, _, said in (by_person, by_app):
            assert (status, said["errcode"]) == (200, errcode)


class TestTokens:
    @pytest.fixture
    def token(self, ask: Ask, holder: Callable[..., Holder]) -> dict[str, Any]:
        return ask(*exchange(website_code(holder())))[2]

    def test_a_profile_has_its_names_and_no_place(self, ask: Ask, token: dict[str, Any]) -> None:
        query = {"access_token": token["access_token"], "openid": token["openid"]}
        _, kind, said = ask("/sns/userinfo", query | {"lang": "zh_CN"})
        assert kind == "text/plain"
        assert said["nickname"] == apps.nickname(PHONE)
        assert (said["sex"], said["city"], said["province"], said["country"]) == (0, "", "", "")
        assert said["unionid"] == token["unionid"]
        assert "errcode" not in said

    def test_silent_authorization_opens_no_profile(
        self, ask: Ask, holder: Callable[..., Holder]
    ) -> None:
        token = ask(*exchange(inside_code(holder(), "snsapi_base"), OFFICIAL))[2]
        query = {"access_token": token["access_token"], "openid": token["openid"]}
        assert ask("/sns/userinfo", query)[2]["errcode"] == 48001

    @pytest.mark.parametrize("path", ["/sns/userinfo", "/sns/auth"])
    @pytest.mark.parametrize(
        ("changes", "errcode"),
        [
            ({"access_token": ""}, 41001),
            ({"openid": ""}, 41009),
            ({"access_token": "x"}, 40014),
            ({"openid": "x"}, 40003),
        ],
    )
    def test_what_opens_nothing_has_its_errcode(
        self, ask: Ask, token: dict[str, Any], path: str, changes: dict[str, str], errcode: int
    ) -> None:
        query = {"access_token": token["access_token"], "openid": token["openid"]} | changes
        assert ask(path, query)[2]["errcode"] == errcode

    def test_a_good_token_is_said_to_be_ok(self, ask: Ask, token: dict[str, Any]) -> None:
        query = {"access_token": token["access_token"], "openid": token["openid"]}
        assert ask("/sns/auth", query)[2] == {"errcode": 0, "errmsg": "ok"}

    def test_it_lives_two_hours(
        self, ask: Ask, token: dict[str, Any], clocks: Callable[[float], None]
    ) -> None:
        query = {"access_token": token["access_token"], "openid": token["openid"]}
        clocks(7201)
        assert ask("/sns/auth", query)[2]["errcode"] == 42001

    def refresh(self, ask: Ask, token: dict[str, Any], **changes: str) -> Any:
        query = {
            "appid": WEBSITE,
            "grant_type": "refresh_token",
            "refresh_token": token["refresh_token"],
        }
        return ask("/sns/oauth2/refresh_token", query | changes)[2]

    def test_one_still_good_is_prolonged_and_one_over_is_replaced(
        self, ask: Ask, token: dict[str, Any], clocks: Callable[[float], None]
    ) -> None:
        """No secret is asked for, and no unionid told."""
        clocks(7000)
        again = self.refresh(ask, token)
        assert again["access_token"] == token["access_token"]
        assert "unionid" not in again
        clocks(7000 + 7000)
        query = {"access_token": token["access_token"], "openid": token["openid"]}
        assert ask("/sns/auth", query)[2]["errcode"] == 0
        clocks(7000 + 7201)
        assert self.refresh(ask, token)["access_token"] != token["access_token"]

    def test_a_refresh_token_lives_thirty_days_and_is_not_prolonged(
        self, ask: Ask, token: dict[str, Any], clocks: Callable[[float], None]
    ) -> None:
        clocks(29 * 86400)
        assert "access_token" in self.refresh(ask, token)
        clocks(30 * 86400 + 1)
        assert self.refresh(ask, token)["errcode"] == 42002

    @pytest.mark.parametrize(
        ("changes", "errcode"),
        [
            ({"refresh_token": ""}, 41003),
            ({"refresh_token": "x"}, 40030),
            ({"grant_type": "x"}, 40002),
            ({"appid": ""}, 41002),
            ({"appid": OFFICIAL}, 40030),
        ],
    )
    def test_what_refreshes_nothing_has_its_errcode(
        self, ask: Ask, token: dict[str, Any], changes: dict[str, str], errcode: int
    ) -> None:
        assert self.refresh(ask, token, **changes)["errcode"] == errcode


class TestMiniPrograms:
    def session(self, code: str, **changes: str) -> tuple[str, dict[str, str]]:
        query = {"appid": MINI, "secret": SECRET, "js_code": code}
        return "/sns/jscode2session", query | {"grant_type": "authorization_code"} | changes

    def test_a_code_opens_a_session_for_five_minutes_once(
        self, ask: Ask, holder: Callable[..., Holder], clocks: Callable[[float], None]
    ) -> None:
        code, late = (holder().taps(MINI, LAUNCH) for _ in range(2))
        _, kind, said = ask(*self.session(code))
        assert (kind, set(said)) == ("text/plain", {"openid", "session_key", "unionid"})
        assert ask(*self.session(code))[2]["errcode"] == 40163
        clocks(301)
        assert ask(*self.session(late))[2]["errcode"] == 42003

    def test_one_person_may_ask_a_hundred_times_a_minute(
        self, ask: Ask, holder: Callable[..., Holder]
    ) -> None:
        many = holder("13800000099")
        codes = [many.taps(MINI, LAUNCH) for _ in range(101)]
        errcodes = [ask(*self.session(code))[2].get("errcode") for code in codes]
        assert errcodes == [None] * 100 + [45011]
        assert "openid" in ask(*self.session(holder().taps(MINI, LAUNCH)))[2]

    def test_a_plain_token_voids_the_one_before(
        self, ask: Ask, holder: Callable[..., Holder]
    ) -> None:
        query = {"grant_type": "client_credential", "appid": MINI, "secret": SECRET}
        (_, kind, first), (_, _, second) = (
            ask("/cgi-bin/token", query),
            ask("/cgi-bin/token", query),
        )
        assert (kind, first["expires_in"]) == ("application/json", 7200)
        errcodes = [self.number(ask, holder(), each) for each in (first, second)]
        assert errcodes == [40001, 0]

    def test_a_stable_token_stays_until_it_is_forced_twenty_times_a_day(
        self, ask: Ask, holder: Callable[..., Holder], registers: flask.Flask
    ) -> None:
        registers.extensions["wechat-app-tokens"].void(UNBOUND["mini_program"])
        body = {"grant_type": "client_credential", "appid": UNBOUND["mini_program"]}
        body["secret"] = SECRET

        def stable(**more: Any) -> Any:
            return ask("/cgi-bin/stable_token", {}, json.dumps(body | more).encode())[2]

        first = stable()["access_token"]
        assert stable(force_refresh=False)["access_token"] == first
        forced = [stable(force_refresh=True) for _ in range(21)]
        assert len({each.get("access_token") for each in forced} | {first}) == 22
        assert forced[-1]["errcode"] == 45009

    @pytest.mark.parametrize(
        ("query", "body", "method", "errcode"),
        [
            ({}, b"{}", "POST", 41001),
            ({"access_token": "x"}, b"{}", "POST", 40001),
            ({"access_token": "x"}, None, "GET", 43002),
            ({"access_token": "x"}, b"code=1", "POST", 47001),
        ],
    )
    def test_a_number_is_asked_for_in_one_way_alone(
        self, ask: Ask, query: dict[str, str], body: bytes | None, method: str, errcode: int
    ) -> None:
        said = ask("/wxa/business/getuserphonenumber", query, body, method=method)
        assert (said[0], said[1], said[2]["errcode"]) == (200, "application/json", errcode)

    def test_a_number_says_for_which_program_it_is(
        self, ask: Ask, holder: Callable[..., Holder]
    ) -> None:
        query = {"grant_type": "client_credential", "appid": MINI, "secret": SECRET}
        token = ask("/cgi-bin/token", query)[2]["access_token"]
        body = json.dumps({"code": holder().taps(MINI, NUMBER)}).encode()
        _, _, said = ask("/wxa/business/getuserphonenumber", {"access_token": token}, body)
        assert (said["errcode"], said["errmsg"]) == (0, "ok")
        info = said["phone_info"]
        assert info["phoneNumber"] == info["purePhoneNumber"] == PHONE
        assert info["countryCode"] == "86"
        assert info["watermark"]["appid"] == MINI

    def number(self, ask: Ask, holder: Holder, token: dict[str, Any]) -> int:
        body = json.dumps({"code": holder.taps(MINI, NUMBER)}).encode()
        query = {"access_token": token["access_token"]}
        return int(ask("/wxa/business/getuserphonenumber", query, body)[2]["errcode"])


class TestTheWebsitesPage:
    def page(self, holder: Holder, **changes: str) -> Any:
        query = urlencode({**QR, **changes})
        return holder.browser.get(f"/wechat/connect/qrconnect?{query}", follow_redirects=True)

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"appid": "wx-unknown"}, "AppID 参数错误"),
            ({"appid": OFFICIAL}, "AppID 参数错误"),
            ({"redirect_uri": "http://evil.test/"}, "redirect_uri 参数错误"),
            ({"redirect_uri": "http://localhost:8000.evil.test/"}, "redirect_uri 参数错误"),
            ({"scope": "snsapi_userinfo"}, "Scope 参数错误"),
            ({"response_type": "token"}, "response_type"),
        ],
    )
    def test_a_wrong_link_shows_no_picture(
        self, holder: Callable[..., Holder], changes: dict[str, str], said: str
    ) -> None:
        page = self.page(holder(), **changes)
        assert page.status_code == 200
        assert said in words(page.text)

    def test_the_page_follows_the_phone(self, holder: Callable[..., Holder]) -> None:
        wang = holder()
        shown = wang.sees(f"/wechat/connect/qrconnect?{urlencode(QR)}")
        address = f"/wechat/connect/picture/{shown}"
        waiting = wang.browser.get(address)
        assert "请使用微信扫描二维码" in waiting.text
        assert waiting.headers["Refresh"] == f"2; url={address}"
        assert b"<svg" in wang.browser.get(f"{address}.svg").data
        assert "统一身份认证平台" in wang.phone.get(f"/phone/{PHONE}/wechat").text
        wang.phone.post(f"/phone/{PHONE}/wechat/scan/{shown}")
        assert "扫描成功" in wang.browser.get(address).text
        look = wang.phone.get(f"/phone/{PHONE}/wechat/scan/{shown}").text
        assert "统一身份认证平台" in look
        wang.phone.post(f"/phone/{PHONE}/wechat/decide/{shown}", data={"outcome": "allowed"})
        back = brought(wang.browser.get(address))
        assert set(back) == {"code", "state"}
        assert back["state"] == QR["state"]

    def test_who_cancels_stays_where_the_newest_documents_say(
        self, holder: Callable[..., Holder]
    ) -> None:
        wang = holder()
        shown = wang.sees(f"/wechat/connect/qrconnect?{urlencode(QR)}")
        wang.decides(shown, "left")
        page = wang.browser.get(f"/wechat/connect/picture/{shown}")
        assert "您已取消此次登录" in page.text
        assert "Refresh" not in page.headers

    def test_a_picture_lives_five_minutes(
        self, holder: Callable[..., Holder], clocks: Callable[[float], None]
    ) -> None:
        wang = holder()
        shown = wang.sees(f"/wechat/connect/qrconnect?{urlencode(QR)}")
        clocks(301)
        assert "二维码已失效" in wang.browser.get(f"/wechat/connect/picture/{shown}").text
        wang.decides(shown, "allowed")
        assert "二维码已失效" in wang.browser.get(f"/wechat/connect/picture/{shown}").text

    def test_one_phone_scans_a_picture(self, holder: Callable[..., Holder]) -> None:
        wang, li = holder(), holder("13800000002")
        shown = wang.sees(f"/wechat/connect/qrconnect?{urlencode(QR)}")
        wang.phone.post(f"/phone/{PHONE}/wechat/scan/{shown}")
        said = li.phone.post(f"/phone/{li.number}/wechat/scan/{shown}").text
        assert "已被其他手机扫描" in said
        for path in ("scan", "decide"):
            address = f"/phone/{li.number}/wechat/{path}/{shown}"
            asked = li.phone.get if path == "scan" else li.phone.post
            assert asked(address).status_code == 404

    @pytest.mark.parametrize("outcome", ["allowed", "denied"])
    def test_a_phone_decides_once(self, holder: Callable[..., Holder], outcome: str) -> None:
        wang = holder()
        shown = wang.sees(f"/wechat/connect/qrconnect?{urlencode(QR)}")
        wang.decides(shown, outcome)
        again = wang.decides(shown, "denied" if outcome == "allowed" else "allowed")
        assert "二维码已失效" in again.text
        back = brought(wang.browser.get(f"/wechat/connect/picture/{shown}"))
        assert ("code" in back) == (outcome == "allowed")

    @pytest.mark.parametrize(
        "path", ["/wechat/connect/picture/x", "/wechat/connect/picture/x.svg", "/phone/1/wechat"]
    )
    def test_a_page_of_nobody_is_none(self, holder: Callable[..., Holder], path: str) -> None:
        assert holder().browser.get(path).status_code == 404


class TestInsideWechat:
    def page(self, holder: Holder, query: str, agent: str = IN_WECHAT) -> Any:
        address = f"/wechat/connect/oauth2/authorize?{query}"
        return holder.browser.get(address, headers={"User-Agent": agent})

    @pytest.mark.parametrize("agent", [CHROME, IN_WECOM])
    def test_outside_it_opens_for_nobody(self, holder: Callable[..., Holder], agent: str) -> None:
        assert "请在微信客户端打开链接" in self.page(holder(), urlencode(INSIDE), agent).text

    @pytest.mark.parametrize(
        "order",
        [
            ("redirect_uri", "appid", "response_type", "scope", "state"),
            ("appid", "redirect_uri", "response_type", "state", "scope"),
            ("appid", "response_type", "redirect_uri", "scope", "state"),
        ],
    )
    def test_another_order_is_another_link(
        self, holder: Callable[..., Holder], order: tuple[str, ...]
    ) -> None:
        query = urlencode({name: INSIDE[name] for name in order})
        assert words(self.page(holder(), query).text) == "Scope 参数错误或没有 Scope 权限"

    @pytest.mark.parametrize("state", ["a-b", "a_b", "a.b", "a" * 129])
    def test_a_state_is_letters_and_digits(self, holder: Callable[..., Holder], state: str) -> None:
        assert "state" in words(self.page(holder(), urlencode(INSIDE | {"state": state})).text)

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"redirect_uri": "http://evil.test/"}, "10003"),
            ({"redirect_uri": "http://localhost:8001/"}, "10003"),
            ({"appid": "wx2000000000010004"}, "10004"),
            ({"appid": "wx2000000000010005"}, "10005"),
            ({"scope": "snsapi_login"}, "10005"),
            ({"appid": "wx2000000000010006"}, "10006"),
            ({"scope": ""}, "10010"),
            ({"redirect_uri": ""}, "10011"),
            ({"appid": ""}, "10012"),
            ({"state": ""}, "10013"),
            ({"appid": "wx2000000000010015"}, "10015"),
            ({"appid": WEBSITE}, "10016"),
        ],
    )
    def test_what_is_wrong_has_its_page(
        self, holder: Callable[..., Holder], changes: dict[str, str], code: str
    ) -> None:
        page = self.page(holder(), urlencode(INSIDE | changes)).text
        assert words(page).startswith(INSIDE_PAGES[code])
        assert code in page

    def test_who_comes_too_often_has_a_page_too(self, holder: Callable[..., Holder]) -> None:
        hasty = holder(people.HASTY)
        hasty.browser.get(f"/phone/{people.HASTY}/wechat")
        page = self.page(hasty, urlencode(INSIDE)).text
        assert words(page).startswith(INSIDE_PAGES["10009"])

    def test_silent_authorization_asks_nothing_of_whose_wechat_it_is(
        self, holder: Callable[..., Holder]
    ) -> None:
        wang = holder()
        wang.browser.get(f"/phone/{PHONE}/wechat")
        query = urlencode(INSIDE | {"scope": "snsapi_base"}) + "&connect_redirect=1"
        back = brought(self.page(wang, query))
        assert back["state"] == INSIDE["state"]
        assert back["code"]

    def test_the_other_way_asks_and_says_who(self, holder: Callable[..., Holder]) -> None:
        wang = holder()
        wang.browser.get(f"/phone/{PHONE}/wechat")
        page = self.page(wang, urlencode(INSIDE)).text
        assert "统一身份认证服务号" in page
        assert f'value="{PHONE}"' in page


def test_every_number_and_app_that_fails_is_on_the_page(registers: flask.Flask) -> None:
    page = registers.test_client().get("/magic").text
    for number in (*people.SAID, *people.FAILURES):
        assert number in page
    for errcode in ERRCODES:
        assert apps.failing(errcode) in page
