"""WeChat in browsers, over HTTP: whom a code names, and every way it names nobody."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import flask
import pytest

from idp import settings
from idp.outbound import Answer
from idp.upstream import UPSTREAMS
from idp.upstream.base import Person, Surface, Upstream, new_state
from idp.upstream.errors import (
    CodeUnusable,
    Declined,
    SnapshotPerson,
    UpstreamBusy,
    UpstreamMisconfigured,
)
from idp.upstream.wechat import EXCHANGE
from idp.upstream.wechat_api import Refused, WechatApi
from sandbox.wechat import apps, people
from sandbox.wechat.errcodes import ERRCODES as SAID
from tests.registers import GARBAGE, TROUBLES, Tap
from tests.upstream.actors import BACK, CHROME, IN_ALIPAY, IN_WECHAT, IN_WECOM, PHONE, Holder
from tests.upstream.conftest import APPS, SECRET, UNBOUND, Made
from tests.upstream.facts import ALARM, ERRCODES, MEANT, RETRY

SURFACES = (Surface.WEBSITE, Surface.INSIDE)
APP = {Surface.WEBSITE: APPS["website"], Surface.INSIDE: APPS["official_account"]}


def allows(holder: Holder, wechat: Upstream, surface: Surface, outcome: str = "") -> dict[str, str]:
    url = wechat.authorize_url(surface, BACK, new_state())
    if surface is Surface.WEBSITE:
        return holder.scans(url, outcome or "allowed")
    return holder.opens_in_wechat(url, outcome or "allow")


def asked(wechat: Upstream, surface: Surface, callback: dict[str, str]) -> Person:
    return wechat.person(surface, wechat.code_from(callback), callback["state"])


@pytest.fixture
def wechat(upstreams: Made) -> Upstream:
    return upstreams().offered["wechat"]


class TestWhoItIs:
    @pytest.mark.parametrize("surface", SURFACES)
    def test_a_code_names_who_allowed_it(
        self, wechat: Upstream, holder: Callable[..., Holder], surface: Surface
    ) -> None:
        app = apps.APPS[APP[surface]]

        person = asked(wechat, surface, allows(holder(), wechat, surface))

        assert person == Person(app.app_id, apps.openid(app, PHONE), apps.unionid(app, PHONE))
        assert (len(person.openid), len(person.unionid)) == (28, 29)

    def test_one_person_has_one_unionid_and_an_openid_for_each_app(
        self, wechat: Upstream, holder: Callable[..., Holder]
    ) -> None:
        found = [asked(wechat, each, allows(holder(), wechat, each)) for each in SURFACES]
        assert len({person.unionid for person in found}) == 1
        assert len({person.openid for person in found}) == 2

    @pytest.mark.parametrize("surface", SURFACES)
    def test_an_app_of_no_platform_account_knows_no_unionid(
        self, upstreams: Made, holder: Callable[..., Holder], surface: Surface
    ) -> None:
        wechat = upstreams(UNBOUND).offered["wechat"]
        person = asked(wechat, surface, allows(holder(), wechat, surface))
        assert (person.unionid, len(person.openid)) == ("", 28)


class TestWhereItIsAsked:
    @pytest.mark.parametrize(
        ("agent", "surface"),
        [
            (CHROME, Surface.WEBSITE),
            (IN_WECHAT, Surface.INSIDE),
            (IN_WECOM, Surface.WEBSITE),
            (IN_ALIPAY, Surface.WEBSITE),
            ("", Surface.WEBSITE),
        ],
    )
    def test_the_browser_decides(self, wechat: Upstream, agent: str, surface: Surface) -> None:
        assert wechat.surface(agent) is surface

    @pytest.mark.parametrize("kind", ["website", "official_account"])
    def test_a_surface_without_an_app_is_none(self, upstreams: Made, kind: str) -> None:
        wechat = upstreams({kind: APPS[kind]}).offered["wechat"]
        assert (wechat.surface(CHROME) is None) == (kind != "website")
        assert (wechat.surface(IN_WECHAT) is None) == (kind != "official_account")

    def test_the_website_s_address_is_wechat_s_to_the_letter(self, wechat: Upstream) -> None:
        url = wechat.authorize_url(Surface.WEBSITE, BACK, "a1B2")
        assert urlsplit(url).path == "/wechat/connect/qrconnect"
        assert urlsplit(url).fragment == "wechat_redirect"
        assert urlsplit(url).query == (
            "appid=wx0000000000000001&redirect_uri=http%3A%2F%2Flocalhost%3A8000%2Flogin%2Fcallback"
            "&response_type=code&scope=snsapi_login&state=a1B2"
        )

    def test_the_official_account_s_address_asks_for_what_brings_a_unionid(
        self, wechat: Upstream
    ) -> None:
        url = wechat.authorize_url(Surface.INSIDE, BACK, "a1B2")
        assert urlsplit(url).path == "/wechat/connect/oauth2/authorize"
        assert urlsplit(url).fragment == "wechat_redirect"
        assert [name for name, _ in parse_qsl(urlsplit(url).query)] == [
            "appid",
            "redirect_uri",
            "response_type",
            "scope",
            "state",
        ]
        assert "&scope=snsapi_userinfo&" in url

    def test_the_real_addresses_are_the_defaults(self) -> None:
        assert settings.Wechat().api == "https://api.weixin.qq.com"
        assert settings.Wechat().pages == "https://open.weixin.qq.com"
        page = settings.AlipayLogin.model_fields["page"].default
        assert page == "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm"


class TestWhoSaysNo:
    @pytest.mark.parametrize(
        ("surface", "outcome"), [(Surface.WEBSITE, "denied"), (Surface.INSIDE, "deny")]
    )
    def test_a_callback_without_a_code_is_a_no(
        self, wechat: Upstream, holder: Callable[..., Holder], surface: Surface, outcome: str
    ) -> None:
        callback = allows(holder(), wechat, surface, outcome)
        assert set(callback) == {"state"}
        with pytest.raises(Declined):
            wechat.code_from(callback)

    @pytest.mark.parametrize(
        ("surface", "outcome"), [(Surface.WEBSITE, "left"), (Surface.INSIDE, "leave")]
    )
    def test_there_may_be_no_callback_at_all(
        self, wechat: Upstream, holder: Callable[..., Holder], surface: Surface, outcome: str
    ) -> None:
        assert allows(holder(), wechat, surface, outcome) == {}

    @pytest.mark.parametrize("code", ["", "x" * 513])
    def test_what_is_no_code_is_none(self, wechat: Upstream, code: str) -> None:
        with pytest.raises(Declined):
            wechat.code_from({"code": code})


class TestEveryErrcode:
    def test_the_table_is_whole(self) -> None:
        assert set(SAID) == set(ERRCODES)
        for errcode, (stem, _) in ERRCODES.items():
            assert SAID[errcode].startswith(stem)

    @pytest.mark.parametrize("surface", SURFACES)
    @pytest.mark.parametrize("errcode", ERRCODES)
    def test_each_has_its_meaning_and_only_busy_is_asked_again(
        self,
        wechat: Upstream,
        holder: Callable[..., Holder],
        tap: Tap,
        surface: Surface,
        errcode: int,
    ) -> None:
        callback, times = allows(holder(people.number_for(errcode)), wechat, surface), []
        tap.trouble = times.append
        with pytest.raises(MEANT[ERRCODES[errcode][1]]):
            asked(wechat, surface, callback)
        assert len(times) == (3 if ERRCODES[errcode][1] == RETRY else 1)

    @pytest.mark.parametrize("errcode", ERRCODES)
    def test_what_is_ours_to_mend_alarms_the_operator(
        self, upstreams: Made, capfd: pytest.CaptureFixture[str], errcode: int
    ) -> None:
        """By the app: its person did nothing wrong."""
        wechat = upstreams({"website": apps.failing(errcode)}).offered["wechat"]
        capfd.readouterr()
        with pytest.raises(MEANT[ERRCODES[errcode][1]]):
            wechat.person(Surface.WEBSITE, "code", new_state())
        (told,) = [
            json.loads(line) for line in capfd.readouterr().err.splitlines() if "upstream" in line
        ]
        alarm = ERRCODES[errcode][1] == ALARM or errcode == 45009
        assert told["event"] == ("upstream_refuses_us" if alarm else "upstream_refuses")
        assert (told["level"] == "error") == alarm
        assert told["errcode"] == errcode
        assert told["rid"]

    @pytest.mark.parametrize("surface", SURFACES)
    def test_an_errcode_nobody_heard_of_is_an_alarm(
        self, wechat: Upstream, tap: Tap, surface: Surface
    ) -> None:
        tap.change = lambda _heard: b'{"errcode":99999,"errmsg":"?"}'
        with pytest.raises(UpstreamMisconfigured):
            wechat.person(surface, "code", new_state())

    def test_an_errcode_may_be_text(self, wechat: Upstream, holder: Callable[..., Holder]) -> None:
        callback = allows(holder(people.TEXT), wechat, Surface.WEBSITE)
        with pytest.raises(CodeUnusable):
            asked(wechat, Surface.WEBSITE, callback)

    def test_an_errcode_of_nothing_is_no_error(
        self, wechat: Upstream, holder: Callable[..., Holder], tap: Tap
    ) -> None:
        tap.change = lambda heard: heard.replace(b"{", b'{"errcode":0,"errmsg":"ok",', 1)
        callback = allows(holder(), wechat, Surface.WEBSITE)
        assert asked(wechat, Surface.WEBSITE, callback).openid

    def test_an_app_wechat_does_not_know_is_an_alarm(self, upstreams: Made) -> None:
        wechat = upstreams({"website": "wx-unknown"}).offered["wechat"]
        with pytest.raises(UpstreamMisconfigured):
            wechat.person(Surface.WEBSITE, "code", new_state())


class TestBusy:
    def test_busy_twice_is_asked_a_third_time(
        self, wechat: Upstream, holder: Callable[..., Holder]
    ) -> None:
        callback = allows(holder(people.FLAKY), wechat, Surface.WEBSITE)
        assert asked(wechat, Surface.WEBSITE, callback).openid

    @pytest.mark.parametrize("errcode", [45009, 45011])
    def test_a_full_quota_is_left_alone_for_a_minute(
        self, wechat: Upstream, holder: Callable[..., Holder], tap: Tap, errcode: int
    ) -> None:
        full = allows(holder(people.number_for(errcode)), wechat, Surface.WEBSITE)
        with pytest.raises(UpstreamBusy):
            asked(wechat, Surface.WEBSITE, full)
        good = allows(holder(), wechat, Surface.WEBSITE)
        tap.heard = b""
        with pytest.raises(UpstreamBusy):
            asked(wechat, Surface.WEBSITE, good)
        assert tap.heard == b""

    def test_the_other_app_is_not_left_alone_with_it(
        self, wechat: Upstream, holder: Callable[..., Holder]
    ) -> None:
        full = allows(holder(people.number_for(45009)), wechat, Surface.WEBSITE)
        with pytest.raises(UpstreamBusy):
            asked(wechat, Surface.WEBSITE, full)
        assert asked(wechat, Surface.INSIDE, allows(holder(), wechat, Surface.INSIDE)).openid

    @pytest.mark.parametrize("number", [people.DOWN, people.SLOW, people.BROKEN])
    def test_a_wechat_that_is_away_is_busy(
        self, wechat: Upstream, holder: Callable[..., Holder], number: str
    ) -> None:
        callback = allows(holder(number), wechat, Surface.WEBSITE)
        with pytest.raises(UpstreamBusy):
            asked(wechat, Surface.WEBSITE, callback)

    @pytest.mark.parametrize("trouble", TROUBLES)
    def test_trouble_on_the_way_is_busy(
        self, wechat: Upstream, tap: Tap, trouble: Callable[[Any], None]
    ) -> None:
        tap.trouble = trouble
        with pytest.raises(UpstreamBusy):
            wechat.person(Surface.WEBSITE, "code", new_state())

    @pytest.mark.parametrize(
        "body",
        [
            *GARBAGE,
            b'{"openid":1}',
            b'{"openid":""}',
            b'{"openid":null}',
            b'{"errcode":"x"}',
            b'{"errcode":[]}',
            b'{"openid":"o","unionid":7}',
            b'{"openid":"' + b"o" * 129 + b'"}',
        ],
    )
    def test_what_names_nobody_signs_nobody_in(
        self, wechat: Upstream, tap: Tap, body: bytes
    ) -> None:
        tap.change = lambda _heard: body
        with pytest.raises(UpstreamBusy):
            wechat.person(Surface.WEBSITE, "code", new_state())


class TestOnTheWire:
    def test_the_code_is_exchanged_by_a_query_alone(
        self, wechat: Upstream, holder: Callable[..., Holder], tap: Tap
    ) -> None:
        seen: list[Any] = []
        callback = allows(holder(), wechat, Surface.WEBSITE)
        tap.trouble = lambda environ: seen.append(dict(environ))
        asked(wechat, Surface.WEBSITE, callback)
        (environ,) = seen
        assert (environ["REQUEST_METHOD"], environ["PATH_INFO"]) == ("GET", f"/wechat{EXCHANGE}")
        assert dict(parse_qsl(environ["QUERY_STRING"])) == {
            "appid": APPS["website"],
            "secret": SECRET,
            "code": callback["code"],
            "grant_type": "authorization_code",
        }

    @pytest.mark.usefixtures("inside")
    def test_a_body_in_utf_8_without_a_charset_is_read_as_such(self) -> None:
        told = {"openid": "o", "nickname": "胡同里的猫🐱"}

        class Http:
            def get(self, _url: str) -> Answer:
                body = json.dumps(told, ensure_ascii=False).encode()
                return Answer(200, {"content-type": "text/plain"}, body)

        api = WechatApi("http://wechat", "wx", Http())  # type: ignore[arg-type]
        assert api.get(EXCHANGE, {}) == told

    @pytest.mark.usefixtures("inside")
    def test_the_status_says_nothing(self) -> None:
        """An error that came with 412, and a person who came with 404, are what the body says."""

        class Http:
            answer = Answer(412, {}, b'{"errcode":40029,"errmsg":"invalid code, rid: a-b-c"}')

            def get(self, _url: str) -> Answer:
                return self.answer

        api = WechatApi("http://wechat", "wx", Http())  # type: ignore[arg-type]
        with pytest.raises(Refused) as refused:
            api.get(EXCHANGE, {})
        assert (refused.value.errcode, refused.value.rid) == (40029, "a-b-c")
        Http.answer = Answer(404, {}, b'{"openid":"o"}')
        assert api.get(EXCHANGE, {}) == {"openid": "o"}


class TestTwice:
    @pytest.mark.parametrize("surface", SURFACES)
    def test_a_callback_asked_twice_is_answered_alike(
        self, wechat: Upstream, holder: Callable[..., Holder], surface: Surface
    ) -> None:
        callback = allows(holder(), wechat, surface)
        assert asked(wechat, surface, callback) == asked(wechat, surface, callback)

    def test_two_copies_at_once_are_answered_alike(
        self, app: flask.Flask, wechat: Upstream, holder: Callable[..., Holder], tap: Tap
    ) -> None:
        callback = allows(holder(), wechat, Surface.WEBSITE)
        found: list[Person] = []
        arrived = threading.Semaphore(0)

        def once() -> None:
            with app.app_context():
                found.append(asked(wechat, Surface.WEBSITE, callback))

        def hold_the_good_one(heard: bytes) -> bytes:
            """What the first is told is on its way while the second is refused."""
            if b"openid" in heard:
                arrived.acquire(timeout=0.3)
            else:
                assert b"40163" in heard
                arrived.release()
            return heard

        tap.change = hold_the_good_one
        threads = [threading.Thread(target=once) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 2
        assert len(set(found)) == 1

    def test_the_later_of_two_copies_may_be_served_first(
        self, app: flask.Flask, wechat: Upstream, holder: Callable[..., Holder], tap: Tap
    ) -> None:
        """The first dawdles on its way to WeChat, and finds its code used by the second."""
        callback = allows(holder(), wechat, Surface.WEBSITE)
        found: list[Person] = []
        asking, served = threading.Event(), threading.Event()

        def once() -> None:
            with app.app_context():
                found.append(asked(wechat, Surface.WEBSITE, callback))

        def hold_the_first(_environ: object) -> None:
            if not asking.is_set():
                asking.set()
                served.wait(0.5)

        def tell(heard: bytes) -> bytes:
            served.set()
            return heard

        tap.trouble, tap.change = hold_the_first, tell
        first, second = (threading.Thread(target=once) for _ in range(2))
        first.start()
        assert asking.wait(1)
        second.start()
        for thread in (first, second):
            thread.join()
        assert len(found) == 2
        assert len(set(found)) == 1

    def test_the_code_in_another_browser_is_a_used_one(
        self, wechat: Upstream, holder: Callable[..., Holder]
    ) -> None:
        """From a log or a shared address: its state is not this browser's."""
        callback = allows(holder(), wechat, Surface.WEBSITE)
        asked(wechat, Surface.WEBSITE, callback)
        with pytest.raises(CodeUnusable):
            wechat.person(Surface.WEBSITE, callback["code"], new_state())

    def test_a_used_code_nobody_remembers_is_refused_at_once(
        self, wechat: Upstream, holder: Callable[..., Holder]
    ) -> None:
        callback = allows(holder(people.number_for(40163)), wechat, Surface.WEBSITE)
        began = time.monotonic()
        with pytest.raises(CodeUnusable):
            asked(wechat, Surface.WEBSITE, callback)
        assert time.monotonic() - began < 0.5

    def test_what_is_remembered_can_be_read_by_nobody(
        self, app: flask.Flask, wechat: Upstream, holder: Callable[..., Holder]
    ) -> None:
        callback = allows(holder(), wechat, Surface.WEBSITE)
        person = asked(wechat, Surface.WEBSITE, callback)
        held = _everything_in(app)
        for secret in (person.openid, person.unionid, callback["code"], callback["state"]):
            assert secret not in held


class TestSnapshots:
    def test_a_made_up_person_is_told_how_to_be_a_real_one(
        self, wechat: Upstream, holder: Callable[..., Holder]
    ) -> None:
        callback = allows(holder(), wechat, Surface.INSIDE, "snapshot")
        for _ in range(2):
            with pytest.raises(SnapshotPerson) as refused:
                asked(wechat, Surface.INSIDE, callback)
            assert "使用完整服务" in refused.value.next_step

    def test_so_is_one_whose_wechat_always_opens_snapshots(
        self, wechat: Upstream, holder: Callable[..., Holder]
    ) -> None:
        callback = allows(holder(people.SNAPSHOT), wechat, Surface.INSIDE)
        with pytest.raises(SnapshotPerson):
            asked(wechat, Surface.INSIDE, callback)

    @pytest.mark.parametrize("said", [b'"1"', b"1"])
    def test_the_mark_may_be_a_number_or_text(
        self, wechat: Upstream, tap: Tap, said: bytes
    ) -> None:
        tap.change = lambda _heard: b'{"openid":"o","is_snapshotuser":' + said + b"}"
        with pytest.raises(SnapshotPerson):
            wechat.person(Surface.INSIDE, "code", new_state())


def test_a_provider_is_registered_under_its_own_name() -> None:
    for name, kind in UPSTREAMS.items():
        assert kind.name == name
        assert kind.label
        assert kind.code_field


def test_the_app_offers_what_is_configured(app: flask.Flask) -> None:
    upstream = app.extensions["idp"].upstream
    assert list(upstream.offered) == ["wechat", "alipay"]
    assert upstream.mini_program is not None


def _everything_in(app: flask.Flask) -> str:
    redis = app.extensions["redis"]
    return repr([(key, redis.get(key)) for key in redis.scan_iter("e:*")])
