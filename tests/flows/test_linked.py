"""Signing in by WeChat or Alipay: bound first, by a person who is known; never an account alone."""

import html
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import flask
import pytest
import time_machine
from sqlalchemy import select

from idp import linking, sessions, settings
from idp.services import services
from idp.store import accounts, linked
from idp.store.audit import AuditEvent
from idp.store.engines import db
from idp.store.linked import LinkedAccount
from idp.store.types import now
from idp.upstream.base import Person
from tests import secrets_in_logs
from tests.actors import Citizen
from tests.registers import registers, tap
from tests.upstream.actors import IN_WECHAT, Holder, path
from tests.upstream.conftest import UNBOUND, tables

__all__ = ["registers", "tap"]

GOOD = "琴台 Lantern 7392"
Citizens = Callable[..., Citizen]


@pytest.fixture
def apps() -> dict[str, Any]:
    """Override to have others than the sandbox's platform account's."""
    return {}


@pytest.fixture
def configured(
    configured: settings.Settings, registers: flask.Flask, apps: dict[str, Any]
) -> settings.Settings:
    upstream = settings.Upstream.model_validate(tables(registers, **apps))
    return configured.model_copy(update={"upstream": upstream})


@dataclass
class Walker:
    """Somebody with a browser here and WeChat and Alipay on their phone."""

    citizen: Citizen
    holder: Holder
    came: str = field(default="")
    """The address they came back with last."""

    def leaves(self, name: str = "wechat") -> str:
        """To the provider; the address of its page."""
        if self.citizen.page is None or self.citizen.at != "/login/":
            self.citizen.visits("/login/")
        return self.presses(f"upstream-{name}")

    def presses(self, button: str) -> str:
        self.citizen.submits(button)
        found = re.search(r'content="0;url=([^"]+)"', self.citizen.text)
        assert found, self.citizen.text
        return html.unescape(found[1])

    def allows(self, url: str, outcome: str = "allowed") -> "Walker":
        shown = self.holder.sees(url)
        self.holder.decides(shown, outcome)
        answer = self.holder.browser.get(f"/wechat/connect/picture/{shown}")
        return self.comes(answer.headers["Location"])

    def allows_alipay(self, url: str) -> "Walker":
        data = {"number": self.holder.number, "outcome": "allow"}
        answer = self.holder.browser.post(path(url), data=data)
        return self.comes(answer.headers["Location"])

    def comes(self, address: str) -> "Walker":
        for value in re.findall(r"(?:code|state)=(\w+)", address):
            secrets_in_logs.remember(value)
        parts = urlsplit(address)
        self.came = f"{parts.path}?{parts.query}"
        self.citizen.visits(self.came)
        return self

    def signs_in(self) -> Citizen:
        return self.allows(self.leaves()).citizen


@pytest.fixture
def walkers(citizens: Citizens, registers: flask.Flask) -> Callable[..., Walker]:
    """``walkers()`` is somebody new; ``walkers(number)`` a fresh browser of the same person."""

    def made(number: str = "") -> Walker:
        citizen = citizens(number)
        return Walker(citizen, Holder(registers, citizen.number))

    return made


Walkers = Callable[..., Walker]


@pytest.fixture
def wang(walkers: Walkers) -> Walker:
    """Has an account with a number alone, and WeChat bound to it."""
    walker = walkers()
    walker.citizen.signs_up()
    return _binds(walker)


def _binds(walker: Walker, name: str = "wechat") -> Walker:
    walker.citizen.visits(f"/account/linked/{name}/bind")
    url = walker.presses("bind-go")
    return walker.allows(url) if name == "wechat" else walker.allows_alipay(url)


def rows(app: flask.Flask) -> list[LinkedAccount]:
    with app.app_context():
        return list(db.session.scalars(select(LinkedAccount)))


def recorded(app: flask.Flask, action: str) -> int:
    with app.app_context():
        return len(db.session.scalars(select(AuditEvent).filter_by(action=action)).all())


class TestBindingWhoIsSignedIn:
    def test_is_told_and_signs_in_from_then_on(
        self, app: flask.Flask, wang: Walker, walkers: Walkers
    ) -> None:
        assert wang.citizen.at == "/account/linked"
        assert "已绑定" in wang.citizen.text
        assert any("绑定了微信" in each for each in wang.citizen.phone.texts())
        assert recorded(app, "linked.added") == 1

        guest = walkers(wang.citizen.number).signs_in()

        assert (guest.at, guest.status) == ("/account/", 200)
        assert "微信" in guest.visits("/account/sessions").text

    def test_is_one_factor(self, app: flask.Flask, wang: Walker, walkers: Walkers) -> None:
        walkers(wang.citizen.number).signs_in()

        with app.app_context():
            account = accounts.by_phone(f"+86{wang.citizen.number}")
            assert account is not None
            found = [s for s in sessions.list_of(account.id) if s.amr == ("fed",)]
        assert [each.level.aal for each in found] == [1]

    def test_alipay_stands_beside_it(self, wang: Walker, walkers: Walkers) -> None:
        _binds(wang, "alipay")
        guest = walkers(wang.citizen.number)
        guest.allows_alipay(guest.leaves("alipay"))

        assert (guest.citizen.at, guest.citizen.status) == ("/account/", 200)

    def test_an_account_elsewhere_has_one_account_here(
        self, app: flask.Flask, wang: Walker, walkers: Walkers
    ) -> None:
        other = walkers()
        other.citizen.signs_up()
        other.holder.number = wang.holder.number

        _binds(other)

        assert "已经绑定了其他账号" in other.citizen.text
        assert wang.citizen.number[-4:] not in other.citizen.text
        assert len(rows(app)) == 1

    def test_an_account_here_has_one_of_a_kind(
        self, app: flask.Flask, wang: Walker, walkers: Walkers
    ) -> None:
        wang.holder.number = "13900000009"
        _binds(wang)

        assert "已经绑定了另一个微信" in wang.citizen.text
        assert len(rows(app)) == 1

    def test_who_says_no_there_is_told_so_here(self, app: flask.Flask, walkers: Walkers) -> None:
        walker = walkers()
        walker.citizen.signs_up().visits("/account/linked/wechat/bind")
        walker.allows(walker.presses("bind-go"), "denied")

        assert walker.citizen.at == "/account/linked"
        assert "没有同意授权" in walker.citizen.text
        assert rows(app) == []

    def test_needs_both_proofs_of_whoever_has_two(self, walkers: Walkers) -> None:
        walker = walkers()
        walker.citizen.signs_up(username="wang_xm", password=GOOD)

        assert walker.citizen.visits("/account/linked/wechat/bind").at == "/login/"

    def test_of_two_browsers_that_bind_at_once_one_is_first(
        self, app: flask.Flask, walkers: Walkers
    ) -> None:
        people = [walkers(), walkers()]
        ids = []
        for each in people:
            each.citizen.signs_up()
            with app.app_context():
                found = accounts.by_phone(f"+86{each.citizen.number}")
                assert found is not None
                ids.append(found.id)
        person = Person("wx0000000000000001", "openid-of-one", "unionid-of-one")

        def bind(account_id: str) -> str:
            with app.app_context():
                account = accounts.by_id(account_id)
                assert account is not None
                try:
                    linking.bind(account, services.upstream.offered["wechat"], person)
                except linking.LinkedElsewhere:
                    return "elsewhere"
                return "bound"

        with ThreadPoolExecutor(2) as pool:
            said = sorted(pool.map(bind, ids))

        assert said == ["bound", "elsewhere"]
        assert len(rows(app)) == 1


class TestAStranger:
    def test_is_no_account(self, app: flask.Flask, walkers: Walkers) -> None:
        walker = walkers()
        guest = walker.signs_in()

        assert guest.at == "/login/unknown"
        assert "还没有绑定账号" in guest.text
        assert guest.visits("/account/").at == "/login/"
        assert rows(app) == []

    def test_binds_after_a_sign_in_and_a_yes(self, app: flask.Flask, walkers: Walkers) -> None:
        walker = walkers()
        walkers(walker.citizen.number).citizen.signs_up()
        walker.signs_in()
        walker.citizen.visits(_href(walker.citizen, "stranger-login"))
        assert "upstream-wechat" not in walker.citizen.text
        walker.citizen.signs_in_by_code()

        assert walker.citizen.at == "/login/linking"
        assert walker.citizen.number not in walker.citizen.text
        assert rows(app) == []
        walker.citizen.submits("link-yes")

        assert walker.citizen.at == "/account/"
        assert walkers(walker.citizen.number).signs_in().at == "/account/"

    def test_binds_to_nobody_who_was_shown_a_picture(self, walkers: Walkers) -> None:
        """They would have scanned for a sign-in, and given a way in for good."""
        guest = walkers().signs_in()
        guest.visits(_href(guest, "stranger-login"))

        assert "m=password" in guest.text
        assert "m=scan" not in guest.text

    def test_binds_after_a_sign_up(self, walkers: Walkers) -> None:
        walker = walkers()
        walker.signs_in()
        walker.citizen.visits(_href(walker.citizen, "stranger-signup"))
        walker.citizen.submits("send-code", phone=walker.citizen.number)
        walker.citizen.submits("code-submit", sms_code=walker.citizen.phone.code())
        walker.citizen.submits("signup-submit", agree="yes")

        assert walker.citizen.at == "/login/linking"
        walker.citizen.submits("link-yes")
        assert walkers(walker.citizen.number).signs_in().at == "/account/"

    def test_may_go_on_unbound(self, app: flask.Flask, walkers: Walkers) -> None:
        walker = walkers()
        walkers(walker.citizen.number).citizen.signs_up()
        walker.signs_in()
        walker.citizen.visits(_href(walker.citizen, "stranger-login")).signs_in_by_code()

        walker.citizen.submits("link-no")

        assert walker.citizen.at == "/account/"
        assert rows(app) == []
        assert walker.citizen.visits(walker.citizen.trail[0]).status == 409

    def test_adds_no_third_factor_to_one_of_two(self, app: flask.Flask, walkers: Walkers) -> None:
        walker = walkers()
        walkers(walker.citizen.number).citizen.signs_up(username="wang_xm", password=GOOD)
        walker.signs_in()
        walker.citizen.visits(_href(walker.citizen, "stranger-login"))
        walker.citizen.signs_in_by_code().submits("link-yes")

        assert walker.citizen.at == "/login/"
        assert rows(app) == []
        walker.citizen.submits("login-submit", username="wang_xm", password=GOOD)
        assert walker.citizen.at == "/login/linking"
        walker.citizen.submits("link-yes")
        assert len(rows(app)) == 1

    def test_is_forgotten_when_somebody_signs_out(self, app: flask.Flask, walkers: Walkers) -> None:
        walker = walkers()
        walkers(walker.citizen.number).citizen.signs_up()
        walker.signs_in()
        walker.citizen.visits(_href(walker.citizen, "stranger-login")).signs_in_by_code()
        asked = walker.citizen.page
        walker.citizen.visits("/oauth/logout").submits("logout-yes")
        walker.citizen.page = asked

        walker.citizen.submits("link-yes")

        assert walker.citizen.status == 409
        assert rows(app) == []


class TestTheWayBack:
    def test_belongs_to_the_browser_it_began_in(self, wang: Walker, walkers: Walkers) -> None:
        """Nobody is signed in by an address somebody else sends them."""
        thief, victim = walkers(wang.citizen.number), walkers()
        thief.signs_in()

        victim.citizen.visits(thief.came)

        assert victim.citizen.status == 410
        assert victim.citizen.visits("/account/").at == "/login/"

    def test_asked_twice_it_answers_alike(self, wang: Walker, walkers: Walkers) -> None:
        guest = walkers(wang.citizen.number)
        guest.signs_in()

        guest.citizen.visits(guest.came)

        assert guest.citizen.status == 200
        assert guest.citizen.visits("/account/").at == "/account/"

    def test_is_over_once_somebody_has_signed_out(self, wang: Walker, walkers: Walkers) -> None:
        """Who comes to a shared computer next goes back a page."""
        guest = walkers(wang.citizen.number)
        guest.signs_in()
        guest.citizen.visits("/oauth/logout").submits("logout-yes")

        guest.citizen.visits(guest.came)

        assert guest.citizen.status == 410
        assert guest.citizen.visits("/account/").at == "/login/"

    def test_binds_nothing_again_that_was_taken_off(self, app: flask.Flask, wang: Walker) -> None:
        _unbinds(wang.citizen, app)

        wang.citizen.visits(wang.came)

        assert rows(app) == []

    def test_no_other_code_counts_with_the_same_state(self, wang: Walker, walkers: Walkers) -> None:
        guest = walkers(wang.citizen.number)
        guest.signs_in()

        guest.citizen.visits(re.sub(r"code=\w+", "code=another", guest.came))

        assert guest.citizen.status == 410

    @pytest.mark.parametrize(
        "query", ["", "?state=", "?state=abc&code=x", "?code=x", "?state=" + "a" * 300]
    )
    def test_an_unknown_state_is_told_so(self, citizens: Citizens, query: str) -> None:
        guest = citizens().visits(f"/login/upstream/wechat{query}")

        assert (guest.status, "已经结束" in guest.text) == (410, True)

    def test_who_denies_is_back_at_the_sign_in_page(self, wang: Walker, walkers: Walkers) -> None:
        guest = walkers(wang.citizen.number)
        guest.allows(guest.leaves(), "denied")

        assert "没有同意授权" in guest.citizen.text
        assert "upstream-wechat" in guest.citizen.text

    def test_a_provider_nobody_has_is_not_found(self, citizens: Citizens) -> None:
        guest = citizens().visits("/login/")
        guest.posts(guest.at_url("").replace("/login/", "/login/upstream/weibo"))

        assert guest.status == 404


class TestWhoIsMeant:
    def test_another_persons_is_no_answer(self, wang: Walker, walkers: Walkers) -> None:
        other = walkers()
        other.citizen.signs_up()
        _binds(other)
        with_wangs = walkers(other.citizen.number)
        with_wangs.citizen.signs_in_by_code()
        with_wangs.holder.number = wang.holder.number

        with time_machine.travel(datetime.now(UTC) + timedelta(minutes=20), tick=True):
            with_wangs.citizen.visits("/account/username")
            with_wangs.signs_in()

        assert "不是当前登录的账号" in with_wangs.citizen.text

    def test_a_stopped_account_stays_closed(
        self, app: flask.Flask, wang: Walker, walkers: Walkers
    ) -> None:
        with app.app_context():
            found = accounts.by_phone(f"+86{wang.citizen.number}")
            assert found is not None
            found.status = accounts.CLOSED
            db.session.commit()

        assert walkers(wang.citizen.number).signs_in().status == 403

    def test_names_that_disagree_open_nothing(
        self, app: flask.Flask, wang: Walker, walkers: Walkers
    ) -> None:
        other = walkers()
        other.citizen.signs_up()
        with app.app_context():
            account = accounts.by_phone(f"+86{other.citizen.number}")
            mine = db.session.scalars(select(LinkedAccount)).one()
            assert account is not None and mine.unionid
            union = mine.unionid.partition(":")[2]
            theirs = linked.add(account.id, "wechat")
            mine.unionid = mine.unionid_index = None
            db.session.commit()
            linked.learn(theirs, "wx-other", "openid-other", union)
            db.session.commit()

        guest = walkers(wang.citizen.number).signs_in()

        assert "暂时不能用这个微信登录" in guest.text
        assert guest.visits("/account/").at == "/login/"
        assert recorded(app, "linked.refused") == 1


class TestANumberInDoubt:
    def test_is_no_more_its_holders_for_an_account_elsewhere(
        self, app: flask.Flask, wang: Walker, citizens: Citizens
    ) -> None:
        """Whoever has the number may have got the account elsewhere by it."""
        with app.app_context():
            account = accounts.by_phone(f"+86{wang.citizen.number}")
            assert account is not None
            account.phone_proven_at = now() - timedelta(days=91)
            db.session.commit()

        stranger = citizens(wang.citizen.number).signs_in_by_code()
        assert stranger.at == "/login/number"
        stranger.visits(stranger.page.request.full_path.replace("/number", "/") + "&m=password")

        assert "upstream-wechat" not in stranger.text
        doubt = stranger.at_url("")
        stranger.posts(doubt.replace("/login/", "/login/upstream/wechat"))
        assert (stranger.status, "不能使用这种登录方式" in stranger.text) == (404, True)
        assert stranger.visits("/account/").at == "/login/"


class TestNames:
    @pytest.fixture
    def apps(self) -> dict[str, Any]:
        return {"apps": UNBOUND}

    def test_without_a_unionid_the_openid_is_found_and_the_unionid_learnt_later(
        self, app: flask.Flask, wang: Walker, walkers: Walkers
    ) -> None:
        assert [each.unionid for each in rows(app)] == [None]
        assert walkers(wang.citizen.number).signs_in().at == "/account/"

        with app.app_context():
            row = db.session.scalars(select(LinkedAccount)).one()
            openid = row.openids[0].openid.split(":")[2]
            upstream = services.upstream.offered["wechat"]
            person = Person(UNBOUND["website"], openid, "unionid-now-known")
            found = linking.whose(upstream, person)
            db.session.commit()
            assert found is not None and found.id == row.id
            across = Person("another-app", "another-openid", "unionid-now-known")
            assert linking.whose(upstream, across) is not None
            db.session.commit()
        with app.app_context():
            again = Person("another-app", "another-openid", "")
            assert linking.whose(upstream, again) is not None


class TestUnbinding:
    def test_ends_other_sessions_and_is_told(
        self, app: flask.Flask, wang: Walker, walkers: Walkers
    ) -> None:
        guest = walkers(wang.citizen.number).signs_in()
        _unbinds(wang.citizen, app)

        assert rows(app) == []
        assert guest.visits("/account/").at == "/login/"
        assert any("解除了微信" in each for each in wang.citizen.phone.texts())
        assert walkers(wang.citizen.number).signs_in().at == "/login/unknown"

    def test_never_takes_the_last_way_in(
        self, app: flask.Flask, wang: Walker, walkers: Walkers
    ) -> None:
        with app.app_context():
            found = accounts.by_phone(f"+86{wang.citizen.number}")
            assert found is not None
            found.phone = found.phone_index = None
            db.session.commit()
        guest = walkers(wang.citizen.number).signs_in()

        guest.visits(f"/account/linked/{rows(app)[0].id}/remove")
        assert "linked-remove" not in guest.text
        guest.posts(f"/account/linked/{rows(app)[0].id}/remove")
        assert len(rows(app)) == 1

    def test_another_persons_is_not_found(
        self, app: flask.Flask, wang: Walker, citizens: Citizens
    ) -> None:
        thief = citizens().signs_up()
        theirs = f"/account/linked/{rows(app)[0].id}/remove"

        assert thief.visits(theirs).status == 404
        thief.visits("/account/").posts(theirs)
        assert len(rows(app)) == 1


class TestInsideWechat:
    def test_the_page_asks_there(self, walkers: Walkers, app: flask.Flask) -> None:
        walker = walkers()
        walker.citizen.agent = IN_WECHAT
        url = walker.leaves()
        assert "/connect/oauth2/authorize?" in url

        answer = walker.holder.browser.post(
            path(url),
            data={"number": walker.holder.number, "outcome": "allow"},
            headers={"User-Agent": IN_WECHAT},
        )
        walker.comes(answer.headers["Location"])
        assert walker.citizen.at == "/login/unknown"


def _unbinds(citizen: Citizen, app: flask.Flask) -> None:
    citizen.visits(f"/account/linked/{rows(app)[0].id}/remove").submits("linked-remove")


def _href(citizen: Citizen, id_: str) -> str:
    found = re.search(rf'href="([^"]+)"\s+id="{id_}"', citizen.text)
    assert found, citizen.text
    return html.unescape(found[1])
