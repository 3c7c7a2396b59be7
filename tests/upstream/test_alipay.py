"""Alipay, over HTTP: whom a code names, and only where Alipay signed it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import flask
import pytest

from idp.settings import SettingsError
from idp.upstream.base import Person, Surface, Upstream, new_state
from idp.upstream.errors import (
    CodeUnusable,
    Declined,
    UpstreamBusy,
    UpstreamMisconfigured,
)
from sandbox import alipay_login
from sandbox.registry import alipay as platform
from tests.registers import GARBAGE, TROUBLES, Tap
from tests.upstream.actors import BACK, CHROME, IN_ALIPAY, IN_WECHAT, PHONE, Holder, path, words
from tests.upstream.conftest import Made

APP = "2021000000000000"
OTHER_KEYS = platform.new_keys()
FAILURES = {
    "isp.unknow-error": UpstreamBusy,
    "isv.app-call-limited": UpstreamBusy,
    "isv.insufficient-isv-permissions": UpstreamMisconfigured,
    "isv.code-invalid": CodeUnusable,
}
Holders = Callable[..., Holder]


@pytest.fixture
def alipay(upstreams: Made) -> Upstream:
    return upstreams().offered["alipay"]


@pytest.fixture
def contract(registers: flask.Flask) -> Any:
    """``contract(people)``: how the app knows people."""
    options = registers.extensions["options"]

    def made(people: str) -> None:
        registers.extensions["options"] = replace(options, alipay_people=people)

    yield made
    registers.extensions["options"] = options


def asked(alipay: Upstream, callback: dict[str, str]) -> Person:
    return alipay.person(Surface.WEBSITE, alipay.code_from(callback), callback["state"])


def allows(holder: Holder, alipay: Upstream, outcome: str = "allow") -> dict[str, str]:
    return holder.opens_in_alipay(alipay.authorize_url(Surface.WEBSITE, BACK, new_state()), outcome)


class TestWhoItIs:
    @pytest.mark.parametrize(
        ("people", "expected"),
        [
            ("open_id", (alipay_login.open_id(APP, PHONE), "")),
            ("user_id", (alipay_login.user_id(PHONE), alipay_login.user_id(PHONE))),
            ("both", (alipay_login.open_id(APP, PHONE), alipay_login.user_id(PHONE))),
        ],
    )
    def test_a_code_names_who_allowed_it(
        self,
        alipay: Upstream,
        holder: Holders,
        contract: Callable[[str], None],
        people: str,
        expected: tuple[str, str],
    ) -> None:
        """By whichever names the app's contract gives it; ``user_id`` is the same in all apps."""
        contract(people)
        assert asked(alipay, allows(holder(), alipay)) == Person(APP, *expected)

    def test_a_user_id_has_sixteen_digits(self) -> None:
        assert alipay_login.user_id(PHONE).startswith("2088")
        assert len(alipay_login.user_id(PHONE)) == 16

    @pytest.mark.parametrize(
        ("agent", "surface"),
        [(CHROME, Surface.WEBSITE), (IN_ALIPAY, Surface.INSIDE), (IN_WECHAT, None)],
    )
    def test_the_browser_decides(
        self, alipay: Upstream, agent: str, surface: Surface | None
    ) -> None:
        assert alipay.surface(agent) is surface

    def test_the_address_asks_for_nothing_but_who_it_is(self, alipay: Upstream) -> None:
        url = alipay.authorize_url(Surface.INSIDE, BACK, "a1B2")
        assert urlsplit(url).path == "/alipay/oauth2/publicAppAuthorize.htm"
        assert dict(parse_qsl(urlsplit(url).query)) == {
            "app_id": APP,
            "scope": "auth_base",
            "redirect_uri": BACK,
            "state": "a1B2",
        }

    def test_the_callback_brings_auth_code_and_more(
        self, alipay: Upstream, holder: Holders
    ) -> None:
        callback = allows(holder(), alipay)
        assert set(callback) == {"app_id", "source", "scope", "state", "auth_code"}
        assert alipay.code_from(callback) == callback["auth_code"]

    def test_a_callback_without_a_code_is_a_no(self, alipay: Upstream, holder: Holders) -> None:
        callback = allows(holder(), alipay, "deny")
        assert callback["state"]
        with pytest.raises(Declined):
            alipay.code_from(callback)


class TestTheCode:
    def test_a_callback_asked_twice_is_answered_alike(
        self, alipay: Upstream, holder: Holders
    ) -> None:
        callback = allows(holder(), alipay)
        assert asked(alipay, callback) == asked(alipay, callback)

    def test_in_another_browser_it_is_a_used_one(self, alipay: Upstream, holder: Holders) -> None:
        callback = allows(holder(), alipay)
        asked(alipay, callback)
        with pytest.raises(CodeUnusable):
            alipay.person(Surface.WEBSITE, callback["auth_code"], new_state())

    def test_a_made_up_one_names_nobody(self, alipay: Upstream) -> None:
        with pytest.raises(CodeUnusable):
            alipay.person(Surface.WEBSITE, "made-up", new_state())

    @pytest.mark.parametrize(("number", "failure"), alipay_login.FAILURES.items())
    def test_every_failure_has_its_meaning(
        self, alipay: Upstream, holder: Holders, number: str, failure: tuple[str, ...]
    ) -> None:
        with pytest.raises(FAILURES[failure[2]]):
            asked(alipay, allows(holder(number), alipay))

    def test_what_is_ours_to_mend_alarms_the_operator(
        self, alipay: Upstream, holder: Holders, capfd: pytest.CaptureFixture[str]
    ) -> None:
        callback = allows(holder(f"{alipay_login.PREFIX}0003"), alipay)
        capfd.readouterr()
        with pytest.raises(UpstreamMisconfigured):
            asked(alipay, callback)
        (told,) = [
            json.loads(line) for line in capfd.readouterr().err.splitlines() if "upstream" in line
        ]
        assert (told["level"], told["event"]) == ("error", "upstream_refuses_us")
        assert told["errcode"] == "isv.insufficient-isv-permissions"


class TestGenuine:
    @pytest.mark.parametrize("number", [alipay_login.FORGED, alipay_login.UNSIGNED])
    def test_what_alipay_did_not_sign_names_nobody(
        self, alipay: Upstream, holder: Holders, number: str
    ) -> None:
        with pytest.raises(UpstreamBusy):
            asked(alipay, allows(holder(number), alipay))

    @pytest.mark.parametrize(
        ("theirs", "ours"), [(b"open_id", b"open_ie"), (b'"sign":"', b'"sign":"A')]
    )
    def test_one_letter_changed_on_the_way_is_noticed(
        self, alipay: Upstream, holder: Holders, tap: Tap, theirs: bytes, ours: bytes
    ) -> None:
        tap.change = lambda heard: heard.replace(theirs, ours, 1)
        with pytest.raises(UpstreamBusy):
            asked(alipay, allows(holder(), alipay))

    def test_a_signature_of_another_key_is_none(self, upstreams: Made, holder: Holders) -> None:
        alipay = upstreams(alipay_public_key=OTHER_KEYS["public_key"]).offered["alipay"]
        with pytest.raises(UpstreamBusy):
            asked(alipay, allows(holder(), alipay))

    def test_alipay_refuses_what_we_did_not_sign(self, upstreams: Made, holder: Holders) -> None:
        alipay = upstreams(private_key=OTHER_KEYS["app_private_key"]).offered["alipay"]
        with pytest.raises(UpstreamMisconfigured):
            asked(alipay, allows(holder(), alipay))

    @pytest.mark.parametrize("wrong", [{"private_key": "x"}, {"alipay_public_key": "x"}])
    def test_a_key_that_is_none_stops_the_start(
        self, upstreams: Made, wrong: dict[str, str]
    ) -> None:
        with pytest.raises(SettingsError, match="PEM"):
            upstreams(**wrong)


class TestAway:
    @pytest.mark.parametrize("number", [alipay_login.DOWN, alipay_login.SLOW])
    def test_an_alipay_that_is_away_is_busy(
        self, alipay: Upstream, holder: Holders, number: str
    ) -> None:
        with pytest.raises(UpstreamBusy):
            asked(alipay, allows(holder(number), alipay))

    @pytest.mark.parametrize("trouble", TROUBLES)
    def test_trouble_on_the_way_is_busy(
        self, alipay: Upstream, tap: Tap, trouble: Callable[[Any], None]
    ) -> None:
        tap.trouble = trouble
        with pytest.raises(UpstreamBusy):
            alipay.person(Surface.WEBSITE, "code", new_state())

    @pytest.mark.parametrize("body", GARBAGE)
    def test_what_is_no_answer_names_nobody(self, alipay: Upstream, tap: Tap, body: bytes) -> None:
        tap.change = lambda _heard: body
        with pytest.raises(UpstreamBusy):
            alipay.person(Surface.WEBSITE, "code", new_state())


class TestItsPage:
    @pytest.mark.parametrize(
        ("theirs", "ours", "said"),
        [
            (APP, "2021", "app_id"),
            ("auth_base", "auth_all", "scope"),
            ("localhost", "evil.test", "redirect_uri"),
        ],
    )
    def test_a_wrong_link_asks_nobody(
        self, alipay: Upstream, holder: Holders, theirs: str, ours: str, said: str
    ) -> None:
        url = alipay.authorize_url(Surface.WEBSITE, BACK, "a1").replace("sandbox.localhost", "")
        page = holder().browser.get(path(url).replace(theirs, ours)).text
        assert said in words(page)

    def test_the_question_names_who_asks(self, alipay: Upstream, holder: Holders) -> None:
        url = alipay.authorize_url(Surface.WEBSITE, BACK, "a1")
        assert "统一身份认证平台" in holder().browser.get(path(url)).text
