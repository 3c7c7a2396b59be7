"""Whatever a stranger sends in whatever order, nobody is signed in and nothing breaks."""

import random
from collections.abc import Callable

import flask
import pytest
from sqlalchemy import func, select

from idp.store.accounts import Account
from idp.store.engines import db
from tests.actors import Citizen

GOOD = "琴台 Lantern 7392"
POSTS = [
    "/login/sms/begin",
    "/login/sms/finish",
    "/login/password/begin",
    "/login/password/finish",
    "/login/totp/begin",
    "/login/totp/finish",
    "/login/recovery_code/finish",
    "/login/proven",
    "/login/decline",
    "/login/switch",
    "/login/agreement",
    "/login/agreement/decline",
    "/login/number/new",
    "/login/number/lost",
    "/login/wait",
    "/signup/send",
    "/signup/code",
    "/signup/agreement",
    "/signup/not-mine",
    "/recover/send",
    "/recover/code",
    "/recover/password",
    "/account/password",
    "/account/username",
    "/account/totp/new",
    "/account/totp/1",
    "/account/totp/1/remove",
    "/account/recovery-codes",
    "/account/recovery-codes/kept",
    "/account/phone",
    "/account/phone/send",
    "/account/sessions/end",
    "/account/sessions/end-others",
    "/account/portals/shebao/withdraw",
]
GETS = ["/login/", "/login/number", "/login/agreement", "/signup/agreement", "/recover/password"]
FIELDS = [
    "phone",
    "sms_code",
    "username",
    "password",
    "new_password",
    "totp",
    "recovery_code",
    "setup",
    "name",
    "agree",
    "altcha",
    "ticket",
    "session",
    "i",
    "proven",
    "account_id",
]
VALUES = [
    "",
    " ",
    "13800000001",
    "+8613822220000",
    "123456",
    "wang_xm",
    "yes",
    "\0",
    "\u202e\u200b",
    "１２３４５６",
    "'\"><script>",
    "%s%n{}",
    "-1",
    "x" * 3000,
    "null",
    "[]",
    "e30=",
    "../../",
]


@pytest.mark.parametrize("seed", range(6))
def test_a_stranger_who_tries_everything_gets_nowhere(
    app: flask.Flask, citizens: Callable[..., Citizen], seed: int
) -> None:
    citizens().signs_up(username="wang_xm", password=GOOD)
    chance = random.Random(seed)
    stranger = citizens("13822220000").visits("/login/")
    query = stranger.page.request.query_string.decode()
    for _ in range(60):
        stranger.visits(f"{chance.choice(GETS)}?{query}")
        assert stranger.status < 500, stranger.at
        if "csrf_token" not in stranger.text:
            stranger.visits(f"/login/?{query}&m=sms&switch=1")
        names = chance.sample(FIELDS, chance.randint(0, 4))
        path = chance.choice(POSTS)

        stranger.posts(f"{path}?{query}", **{name: chance.choice(VALUES) for name in names})

        assert stranger.status < 500, path
    assert stranger.visits("/account/").at == "/login/"
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Account)) == 1


@pytest.mark.parametrize(
    "cookie",
    ["", "x", "aa", "zz" + "x" * 22 + ".y", "aa" + "x" * 22, "aa" + "x" * 22 + ".", "\u4e2d" * 9],
)
def test_a_bad_session_cookie_is_no_session(citizens: Callable[..., Citizen], cookie: str) -> None:
    stranger = citizens()
    stranger.browser.set_cookie("hutong_sso", cookie)

    assert stranger.visits("/account/").at == "/login/"


@pytest.mark.parametrize("forwarded", ["127.0.0.1", "x", "", "1.2.3.4, 5.6.7.8", "::1"])
def test_a_made_up_address_changes_nothing(
    app: flask.Flask, citizens: Callable[..., Citizen], forwarded: str
) -> None:
    """authentik's CVE-2024-47070: a bad X-Forwarded-For skipped the password."""
    citizens().signs_up(username="wang_xm", password=GOOD)
    stranger = citizens("13822220000").visits("/login/")
    stranger.visits(stranger.at_url("m=password"))
    url = stranger.page.request.full_path.replace("/login/", "/login/password/finish", 1)
    stranger.browser.environ_base["HTTP_X_FORWARDED_FOR"] = forwarded

    stranger.posts(url, username="wang_xm", password="wrong password")

    assert stranger.status == 400
    assert stranger.visits("/account/").at == "/login/"


@pytest.mark.parametrize("letter", ["%00", "%0A", "%E2%80%AE", "%FF"])
def test_odd_letters_in_an_address_name_nothing(
    citizens: Callable[..., Citizen], letter: str
) -> None:
    citizen = citizens().signs_up(username="wang_xm", password=GOOD)

    assert citizen.visits(f"/account/portals/{letter}/withdraw").status == 404
    assert citizen.visits(f"/signup/agreements/{letter}").status == 404
    assert citizen.visits(f"/login/?i={letter}&c={letter}").status in {400, 410}
