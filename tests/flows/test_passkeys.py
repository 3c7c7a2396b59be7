"""Passkeys: added on a device, signing in without a name, and each way that must not open."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import pytest
from sqlalchemy import select

from idp import passkeys, sessions, settings
from idp.crypto import base64url
from idp.services import services
from idp.store import accounts
from idp.store.audit import AuditEvent
from idp.store.engines import db
from idp.store.passkeys import Passkey
from tests import forms
from tests.actors import Citizen
from tests.authenticator import Authenticator, Maker
from tests.flows.test_sign_in import age_number, signed_in
from tests.oidc.actors import registered

GOOD = "琴台 Lantern 7392"
Citizens = Callable[..., Citizen]


@dataclass
class Holder:
    """Somebody with a device that makes passkeys."""

    citizen: Citizen
    device: Authenticator = field(default_factory=Authenticator)

    def adds(self, maker: Maker | None = None) -> "Holder":
        self.citizen.visits("/account/passkeys/new")
        return self.sends(self.device.make(self.asked_for_new(), maker))

    def asked_for_new(self) -> dict[str, Any]:
        token = forms.with_button(self.citizen.text, "passkey-add").fields["csrf_token"]
        answer = self.citizen.browser.post("/account/passkeys/options", data={"csrf_token": token})
        found: dict[str, Any] = answer.get_json()
        return found

    def sends(self, answer: str) -> "Holder":
        self.citizen.submits("passkey-add", credential=answer)
        return self

    def opens(self) -> "Holder":
        """The page that offers passkeys; on it already where a second proof is asked for."""
        if self.citizen.page is None or self.citizen.at != "/login/":
            self.citizen.visits("/login/")
        self.citizen.visits(self.citizen.at_url("m=passkey"))
        return self

    def asked(self) -> dict[str, Any]:
        found = re.search(r'data-options-url="([^"]+)"', self.citizen.text)
        assert found, "no passkey is asked for"
        answer = self.citizen.browser.get(found[1].replace("&amp;", "&"))
        told: dict[str, Any] = answer.get_json()
        return told

    def signs_in(self) -> Citizen:
        self.opens()
        return self.shows(self.device.sign(self.asked()))

    def shows(self, answer: str) -> Citizen:
        return self.citizen.submits("login-submit", credential=answer)


@pytest.fixture
def wang(citizens: Citizens) -> Holder:
    return Holder(citizens().signs_up(username="wang_xm", password=GOOD))


def elsewhere(keeper: Holder, citizens: Citizens) -> Holder:
    """The same device before a browser nobody is signed in at."""
    return Holder(citizens(keeper.citizen.number), keeper.device)


def stored(app: flask.Flask) -> Passkey:
    with app.app_context():
        return db.session.scalars(select(Passkey)).one()


def last_session(app: flask.Flask) -> sessions.Session:
    with app.app_context():
        account = accounts.by_username("wang_xm")
        assert account is not None
        return next(each for each in sessions.list_of(account.id) if "mfa" in each.amr)


def recorded(app: flask.Flask, action: str) -> int:
    with app.app_context():
        return len(db.session.scalars(select(AuditEvent).filter_by(action=action)).all())


class TestAdding:
    def test_needs_both_proofs_of_whoever_has_two(self, wang: Holder) -> None:
        wang.citizen.visits("/account/passkeys/new")

        assert wang.citizen.at == "/login/"
        wang.citizen.visits(wang.citizen.at_url("m=password"))
        wang.citizen.submits("login-submit", username="wang_xm", password=GOOD)
        assert wang.citizen.at == "/account/passkeys/new"

    def test_is_told_to_the_phone_and_recorded(self, app: flask.Flask, citizens: Citizens) -> None:
        holder = Holder(citizens().signs_up()).adds()

        holder.citizen.visits("/account/passkeys")
        assert "只在一台设备上" not in holder.citizen.text
        assert "在您的设备间同步" in holder.citizen.text
        assert any("通行密钥" in each for each in holder.citizen.phone.texts())
        assert recorded(app, "passkey.added") == 1

    def test_asks_for_a_verified_user_and_a_key_that_needs_no_name(
        self, citizens: Citizens
    ) -> None:
        holder = Holder(citizens().signs_up())
        holder.citizen.visits("/account/passkeys/new")
        asked = holder.asked_for_new()

        chosen = asked["authenticatorSelection"]
        assert (chosen["residentKey"], chosen["userVerification"]) == ("required", "required")
        assert asked["attestation"] == "none"
        assert len(base64url.decode(asked["challenge"])) >= 32
        assert holder.citizen.number not in str(asked)
        assert asked["rp"]["id"] == "localhost"

    def test_makes_no_second_key_on_the_same_device(self, citizens: Citizens) -> None:
        holder = Holder(citizens().signs_up()).adds()
        holder.citizen.visits("/account/passkeys/new")
        holder.signs_in()  # who has two factors shows both
        asked = holder.asked_for_new()

        assert len(asked["excludeCredentials"]) == 1
        assert asked["user"]["id"] == base64url.encode(holder.device.keys[0].handle)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"origin": "https://evil.example"},
            {"verifies": False},
            {"within": True},
        ],
    )
    def test_refuses_what_was_made_elsewhere_or_without_its_user(
        self, app: flask.Flask, citizens: Citizens, wrong: dict[str, Any]
    ) -> None:
        holder = Holder(citizens().signs_up(), Authenticator(**wrong)).adds()

        assert (holder.citizen.status, "没有通过验证" in holder.citizen.text) == (403, True)
        assert recorded(app, "passkey.added") == 0

    @pytest.mark.parametrize("rubbish", ["", "{", "[]", "{}", "x" * 20_000, '{"id": 1}'])
    def test_rubbish_is_refused_in_words(self, citizens: Citizens, rubbish: str) -> None:
        holder = Holder(citizens().signs_up())
        holder.citizen.visits("/account/passkeys/new")

        assert holder.sends(rubbish).citizen.status == 403

    def test_an_answer_counts_once_and_in_its_own_session(
        self, app: flask.Flask, citizens: Citizens
    ) -> None:
        holder, other = Holder(citizens().signs_up()), Holder(citizens().signs_up())
        holder.citizen.visits("/account/passkeys/new")
        answer = holder.device.make(holder.asked_for_new())
        other.citizen.visits("/account/passkeys/new")

        assert other.sends(answer).citizen.status == 410
        page = holder.citizen.page
        holder.sends(answer)
        assert holder.citizen.status == 410, "somebody else has used the question up"
        holder.citizen.page = page
        holder.sends(holder.device.make(holder.asked_for_new()))
        assert recorded(app, "passkey.added") == 1

    def test_the_same_key_is_not_added_twice(self, app: flask.Flask, citizens: Citizens) -> None:
        one, other = Holder(citizens().signs_up()), Holder(citizens().signs_up())
        one.adds()
        with app.app_context():
            row = db.session.scalars(select(Passkey)).one()
            row.credential_id = base64url.encode(b"x" * 32)
            db.session.commit()
        other.citizen.visits("/account/passkeys/new")
        asked = other.asked_for_new()
        device = other.device
        made = device.make(asked)
        with app.app_context():
            row = db.session.scalars(select(Passkey)).one()
            row.credential_id = base64url.encode(device.keys[-1].id)
            db.session.commit()

        other.sends(made)

        assert (other.citizen.status, "已经添加过" in other.citizen.text) == (409, True)

    @pytest.mark.parametrize(
        ("model", "name"),
        [("fbfc3007154e4ecc8c0b6e020557d7bd", "iCloud 钥匙串"), ("00" * 16, "Chrome · Android")],
    )
    def test_it_is_called_after_what_keeps_it_where_that_is_known(
        self, app: flask.Flask, citizens: Citizens, model: str, name: str
    ) -> None:
        device = Authenticator(model=bytes.fromhex(model))
        Holder(citizens().signs_up(), device).adds()

        assert stored(app).name == name


class TestSigningIn:
    def test_takes_no_name_and_is_two_factors(self, app: flask.Flask, citizens: Citizens) -> None:
        holder = _with_passkey(citizens)
        guest = elsewhere(holder, citizens).signs_in()

        assert (guest.at, guest.status) == ("/account/", 200)
        session = last_session(app)
        assert set(session.amr) == {"swk", "mfa"}
        assert session.level.aal == 2
        assert guest.visits("/account/sessions").status == 200
        assert "通行密钥" in guest.text

    def test_names_no_key_to_somebody_unknown(self, citizens: Citizens) -> None:
        holder = _with_passkey(citizens)

        assert not elsewhere(holder, citizens).opens().asked().get("allowCredentials")

    @pytest.mark.parametrize(
        "change",
        [
            {"origin": "https://evil.example"},
            {"origin": "http://localhost:8001"},
            {"verifies": False},
            {"synchronised": False},
            {"within": True},
            {"tells_whose": False},
        ],
    )
    def test_refuses_a_proof_for_another_site_or_of_another_kind(
        self, citizens: Citizens, change: dict[str, Any]
    ) -> None:
        guest = elsewhere(_with_passkey(citizens), citizens)
        for name, value in change.items():
            setattr(guest.device, name, value)

        guest.signs_in()

        assert guest.citizen.status == 403
        assert guest.citizen.visits("/account/").at == "/login/"

    def test_refuses_a_key_of_another_part_of_the_web(self, citizens: Citizens) -> None:
        guest = elsewhere(_with_passkey(citizens), citizens)
        guest.device.keys[0].rp_id = "example.com"

        assert guest.signs_in().status == 403

    def test_refuses_another_accounts_name_for_the_key(self, citizens: Citizens) -> None:
        guest = elsewhere(_with_passkey(citizens), citizens)
        guest.device.keys[0].handle = b"somebody else's" * 3

        assert guest.signs_in().status == 403

    def test_refuses_a_signature_of_another_key(self, citizens: Citizens) -> None:
        guest = elsewhere(_with_passkey(citizens), citizens)
        stranger = Holder(citizens().signs_up()).adds().device
        guest.device.keys[0].private = stranger.keys[0].private

        assert guest.signs_in().status == 403

    def test_an_answer_counts_once(self, citizens: Citizens) -> None:
        guest = elsewhere(_with_passkey(citizens), citizens).opens()
        answer = guest.device.sign(guest.asked())
        assert guest.shows(answer).at == "/account/"
        again = elsewhere(guest, citizens).opens()
        again.shows(answer)

        assert again.citizen.status == 410

    def test_an_answer_to_another_browsers_question_opens_nothing(self, citizens: Citizens) -> None:
        holder = _with_passkey(citizens)
        asking, thief = elsewhere(holder, citizens).opens(), elsewhere(holder, citizens).opens()

        thief.shows(holder.device.sign(asking.asked()))

        assert thief.citizen.status == 410
        assert thief.citizen.visits("/account/").at == "/login/"

    def test_a_key_that_was_taken_away_opens_nothing(self, citizens: Citizens) -> None:
        holder = _with_passkey(citizens)
        _removes(holder)

        guest = elsewhere(holder, citizens).signs_in()

        assert (guest.status, "没有绑定账号" in guest.text) == (403, True)

    def test_a_stopped_account_stays_closed(self, app: flask.Flask, citizens: Citizens) -> None:
        holder = _with_passkey(citizens)
        with app.app_context():
            found = accounts.by_username("wang_xm")
            assert found is not None
            found.status = accounts.CLOSED
            db.session.commit()

        assert elsewhere(holder, citizens).signs_in().status == 403

    def test_of_two_answers_at_once_one_counts(self, app: flask.Flask, citizens: Citizens) -> None:
        holder = _with_passkey(citizens)
        with app.app_context():
            site = passkeys.Site.of(services.settings)
            options = flask.json.loads(passkeys.ask(site, "someone"))
        answer = holder.device.sign(options)

        def show(_: int) -> bool:
            with app.app_context():
                try:
                    return passkeys.show(site, "someone", answer).passkey.id != ""
                except passkeys.PasskeyAskedTooLongAgo:
                    return False

        with ThreadPoolExecutor(6) as pool:
            assert list(pool.map(show, range(6))).count(True) == 1


class TestCopies:
    @pytest.fixture
    def holder(self, citizens: Citizens) -> Holder:
        return _with_passkey(citizens, Authenticator(counts=True, synchronised=False))

    def test_a_counter_that_goes_on_is_fine(self, citizens: Citizens, holder: Holder) -> None:
        for _ in range(2):
            assert elsewhere(holder, citizens).signs_in().at == "/account/"

    def test_a_counter_that_went_back_closes_the_key_for_good(
        self, app: flask.Flask, citizens: Citizens, holder: Holder
    ) -> None:
        elsewhere(holder, citizens).signs_in()
        holder.device.keys[0].count = 0

        copy = elsewhere(holder, citizens).signs_in()

        assert (copy.status, "可能被复制" in copy.text) == (403, True)
        holder.device.keys[0].count = 100
        assert elsewhere(holder, citizens).signs_in().status == 403
        assert recorded(app, "passkey.copied") == 1
        assert sum("可能被复制" in each for each in holder.citizen.phone.texts()) == 1
        assert stored(app).copied_at is not None


class TestAtOnce:
    def test_of_two_browsers_with_one_answer_one_is_let_in(
        self, app: flask.Flask, citizens: Citizens
    ) -> None:
        guest = elsewhere(_with_passkey(citizens), citizens).opens()
        answer = guest.device.sign(guest.asked())
        form = forms.with_button(guest.citizen.text, "login-submit")
        cookie = _cookies(guest.citizen)

        def is_let_in(_: int) -> bool:
            browser = app.test_client(use_cookies=False)
            data = {**form.fields, "credential": answer}
            told = browser.post(form.action, data=data, headers={"Cookie": cookie})
            # Over, or, for who comes later still, led to where the way has ended.
            assert told.status_code in {303, 410}
            return any(
                each.startswith("hutong_sso=") for each in told.headers.getlist("Set-Cookie")
            )

        with ThreadPoolExecutor(4) as pool:
            let_in = list(pool.map(is_let_in, range(4)))
        assert sorted(let_in) == [False, False, False, True]
        with app.app_context():
            account = accounts.by_username("wang_xm")
            assert account is not None
            assert len(sessions.list_of(account.id)) == 2  # where the key was added, and here

    def test_of_two_removals_of_the_last_two_ways_in_one_stays(
        self, app: flask.Flask, citizens: Citizens
    ) -> None:
        holder = _with_passkey(citizens)
        holder.citizen.visits("/account/passkeys/new")
        holder.sends(holder.device.make(holder.asked_for_new()))
        with app.app_context():
            found = accounts.by_username("wang_xm")
            assert found is not None
            found.phone = found.phone_index = found.password_hash = None
            db.session.commit()
            ids = [each.id for each in db.session.scalars(select(Passkey))]
        guest = elsewhere(holder, citizens)
        guest.signs_in()
        pages = [guest.citizen.visits(f"/account/passkeys/{id_}/remove").text for id_ in ids]
        found_forms = [forms.with_button(page, "passkey-remove") for page in pages]
        cookie = _cookies(guest.citizen)

        def removes(form: Any) -> int:
            browser = app.test_client(use_cookies=False)
            return browser.post(
                form.action, data=form.fields, headers={"Cookie": cookie}
            ).status_code

        with ThreadPoolExecutor(2) as pool:
            told = sorted(pool.map(removes, found_forms))
        assert told[0] == 303 and told[1] >= 400
        assert stored(app)


class TestAsASecondProof:
    def test_it_says_whose_a_number_in_doubt_is(self, app: flask.Flask, citizens: Citizens) -> None:
        holder = _with_passkey(citizens)
        age_number(app, holder.citizen)
        stranger = Holder(citizens().signs_up()).adds()
        thief = Holder(citizens(holder.citizen.number), stranger.device)
        guest = elsewhere(holder, citizens)
        for each in (thief, guest):
            each.citizen.signs_in_by_code()
            assert each.citizen.at == "/login/number"
            query = each.citizen.page.request.query_string.decode()  # type: ignore[union-attr]
            each.citizen.visits(f"/login/?{query}&m=passkey")

        assert thief.shows(thief.device.sign(thief.asked())).status == 403
        assert not signed_in(thief.citizen)
        guest.shows(guest.device.sign(guest.asked()))
        assert signed_in(guest.citizen)

    def test_a_portal_reads_of_it_in_the_id_token(
        self, app: flask.Flask, citizens: Citizens
    ) -> None:
        guest = elsewhere(_with_passkey(citizens), citizens)

        assert _told(app, guest) == (["mfa", "swk"], "ial1.aal2")

    def test_who_has_no_key_in_hardware_is_not_asked_for_one(
        self, app: flask.Flask, citizens: Citizens
    ) -> None:
        """The portal hears which level there is; where nothing less will do, that there is none."""
        guest = elsewhere(_with_passkey(citizens), citizens)
        guest.signs_in()
        portal = registered(app, "gjj")
        binding = '{"id_token":{"acr":{"essential":true,"values":["ial1.aal3"]}}}'

        guest.citizen.visits(portal.url(claims=binding))

        assert "error=unmet_authentication_requirements" in guest.citizen.at

    def test_the_page_asks_for_this_accounts_keys(self, citizens: Citizens) -> None:
        holder = _with_passkey(citizens)
        guest = elsewhere(holder, citizens)
        guest.citizen.signs_in_by_code().visits("/account/methods/two-factor")
        guest.opens()

        named = guest.asked()["allowCredentials"]
        assert [each["id"] for each in named] == [base64url.encode(holder.device.keys[0].id)]
        assert guest.shows(guest.device.sign(guest.asked())).at == "/account/methods/two-factor"

    def test_another_persons_key_is_not_it(self, citizens: Citizens) -> None:
        holder = _with_passkey(citizens)
        other = Holder(citizens().signs_up()).adds()
        guest = Holder(citizens(holder.citizen.number), other.device)
        guest.citizen.signs_in_by_code().visits("/account/methods/two-factor")

        guest.signs_in()

        assert guest.citizen.status == 403


class TestRemoving:
    def test_is_told_and_ends_other_sessions(self, app: flask.Flask, citizens: Citizens) -> None:
        holder = _with_passkey(citizens)
        guest = elsewhere(holder, citizens).signs_in()

        _removes(holder)

        assert any("移除了一个通行密钥" in each for each in holder.citizen.phone.texts())
        assert guest.visits("/account/").at == "/login/"
        assert recorded(app, "passkey.removed") == 1

    def test_never_takes_the_last_way_in(self, app: flask.Flask, citizens: Citizens) -> None:
        holder = Holder(citizens().signs_up()).adds()
        with app.app_context():
            found = accounts.by_phone(f"+86{holder.citizen.number}")
            assert found is not None
            found.phone = found.phone_index = None
            db.session.commit()
        guest = elsewhere(holder, citizens)
        guest.signs_in()

        guest.citizen.visits(f"/account/passkeys/{stored(app).id}/remove")

        assert "passkey-remove" not in guest.citizen.text
        guest.citizen.posts(f"/account/passkeys/{stored(app).id}/remove")
        assert stored(app)

    def test_another_persons_key_is_not_found(self, app: flask.Flask, citizens: Citizens) -> None:
        Holder(citizens().signs_up()).adds()
        thief = citizens().signs_up()
        theirs = f"/account/passkeys/{stored(app).id}"

        for page in (theirs, f"{theirs}/remove"):
            assert thief.visits(page).status == 404
        thief.posts(f"{theirs}/remove")
        assert stored(app)

    def test_a_name_is_the_persons_own(self, app: flask.Flask, citizens: Citizens) -> None:
        holder = Holder(citizens().signs_up()).adds()
        page = f"/account/passkeys/{stored(app).id}"

        holder.citizen.visits(page).submits("rename-submit", name="  妈妈的\u3000手机 ")
        assert stored(app).name == "妈妈的 手机"
        holder.citizen.visits(page).submits("rename-submit", name="长" * 21)
        assert (holder.citizen.status, stored(app).name) == (400, "妈妈的 手机")


class TestHardware:
    @pytest.fixture
    def maker(self, tmp_path: Path) -> Maker:
        maker = Maker()
        (tmp_path / "root.pem").write_bytes(maker.pem)
        return maker

    @pytest.fixture
    def configured(
        self, configured: settings.Settings, tmp_path: Path, maker: Maker
    ) -> settings.Settings:
        anchors = settings.Passkeys(trust_anchors=(tmp_path / "root.pem",))
        return configured.model_copy(update={"passkeys": anchors})

    def test_a_key_a_trusted_maker_vouches_for_is_aal3(
        self, app: flask.Flask, citizens: Citizens, maker: Maker
    ) -> None:
        holder = _with_passkey(citizens, Authenticator(synchronised=False), maker)
        elsewhere(holder, citizens).signs_in()

        session = last_session(app)
        assert set(session.amr) == {"hwk", "mfa"}
        assert session.level.aal == 3
        holder.citizen.visits("/account/passkeys")

    @pytest.mark.parametrize(
        "like",
        [{"unit": "Web server"}, {"ca": True}, {"model": b"another model..."}],
    )
    def test_a_certificate_for_something_else_vouches_for_nothing(
        self, app: flask.Flask, citizens: Citizens, maker: Maker, like: dict[str, Any]
    ) -> None:
        _with_passkey(citizens, Authenticator(synchronised=False), maker.certifies(**like))

        assert not stored(app).attested

    def test_a_certificate_for_this_model_vouches_for_it(
        self, app: flask.Flask, citizens: Citizens, maker: Maker
    ) -> None:
        device = Authenticator(synchronised=False, model=b"this model......")
        _with_passkey(citizens, device, maker.certifies(model=device.model))

        assert stored(app).attested

    def test_a_portal_reads_of_it_in_the_id_token(
        self, app: flask.Flask, citizens: Citizens, maker: Maker
    ) -> None:
        holder = _with_passkey(citizens, Authenticator(synchronised=False), maker)

        assert _told(app, elsewhere(holder, citizens)) == (["hwk", "mfa"], "ial1.aal3")

    @pytest.mark.parametrize("synchronised", [True, False])
    def test_one_nobody_vouches_for_is_aal2(
        self, app: flask.Flask, citizens: Citizens, maker: Maker, synchronised: bool
    ) -> None:
        stranger = Maker() if not synchronised else None
        holder = _with_passkey(citizens, Authenticator(synchronised=synchronised), stranger)
        elsewhere(holder, citizens).signs_in()

        assert last_session(app).level.aal == 2
        assert not stored(app).attested

    def test_one_that_may_be_copied_is_aal2_whoever_vouches(
        self, app: flask.Flask, citizens: Citizens, maker: Maker
    ) -> None:
        holder = _with_passkey(citizens, Authenticator(synchronised=True), maker)
        elsewhere(holder, citizens).signs_in()

        assert stored(app).attested
        assert last_session(app).level.aal == 2

    def test_the_level_is_published(self, app: flask.Flask, maker: Maker) -> None:
        metadata = app.test_client().get("/.well-known/openid-configuration").get_json()

        assert "ial1.aal3" in metadata["acr_values_supported"]

    def test_a_portal_that_wants_it_gets_it(
        self, app: flask.Flask, citizens: Citizens, maker: Maker
    ) -> None:
        holder = _with_passkey(citizens, Authenticator(synchronised=False), maker)
        portal = registered(app, "gjj")
        guest = elsewhere(holder, citizens)
        guest.citizen.signs_in_by_code()
        guest.citizen.visits(portal.url(acr_values="ial1.aal3"))
        assert guest.citizen.at == "/login/"

        guest.signs_in()

        assert "code=" in guest.citizen.at or guest.citizen.at == "/consent/"


class TestForgetting:
    """Devices are told what is gone, where their browser passes it on (§5.1.10)."""

    def test_the_page_names_a_key_nobody_has(self, citizens: Citizens) -> None:
        holder = _with_passkey(citizens)
        _removes(holder)

        guest = elsewhere(holder, citizens).signs_in()

        id_ = base64url.encode(holder.device.keys[0].id)
        assert f'data-unknown="{id_}"' in guest.text
        assert 'data-rp-id="localhost"' in guest.text

    def test_an_ordinary_refusal_names_none(self, citizens: Citizens) -> None:
        guest = elsewhere(_with_passkey(citizens), citizens)
        guest.device.verifies = False

        assert "data-unknown" not in guest.signs_in().text

    def test_the_list_says_whose_are_left_after_the_last_too(self, citizens: Citizens) -> None:
        holder = _with_passkey(citizens)
        handle = base64url.encode(holder.device.keys[0].handle)
        holder.citizen.visits("/account/passkeys")
        assert f'data-handle="{handle}"' in holder.citizen.text

        _removes(holder)

        assert f'data-handle="{handle}"' in holder.citizen.text
        assert 'data-accepted="[]"' in holder.citizen.text
        other = citizens().signs_up().visits("/account/passkeys")
        assert 'data-handle=""' in other.text


class TestWhereThereAreNone:
    """A passkey is a domain's: an address has none (§5.1.2)."""

    @pytest.fixture(params=["http://127.0.0.1:8000", "http://[::1]:8000", "off"])
    def configured(
        self, configured: settings.Settings, request: pytest.FixtureRequest
    ) -> settings.Settings:
        if request.param == "off":
            login = configured.login.model_copy(update={"methods": ("sms", "password")})
            return configured.model_copy(update={"login": login})
        return configured.model_copy(update={"issuer": request.param})

    def test_none_is_offered_and_the_page_says_so(
        self, app: flask.Flask, citizens: Citizens
    ) -> None:
        guest = citizens().visits("/login/")
        assert "m=passkey" not in guest.text

        guest.signs_up()
        assert "没有开通通行密钥" in guest.visits("/account/passkeys").text
        assert guest.visits("/account/passkeys/new").status == 404
        assert app.test_client().get("/.well-known/passkey-endpoints").get_json() == {}


def test_password_managers_find_the_pages(app: flask.Flask, citizens: Citizens) -> None:
    asking = app.test_client()

    told = asking.get("/.well-known/passkey-endpoints")
    assert told.get_json() == {
        "enroll": "http://localhost:8000/account/passkeys/new",
        "manage": "http://localhost:8000/account/passkeys",
    }
    change = asking.get("/.well-known/change-password")
    assert (change.status_code, change.location) == (303, "/account/password")


def _with_passkey(
    citizens: Citizens, device: Authenticator | None = None, maker: Maker | None = None
) -> Holder:
    """Somebody with a password who has added a passkey, both proofs shown."""
    holder = Holder(citizens().signs_up(username="wang_xm", password=GOOD))
    if device:
        holder.device = device
    holder.citizen.visits("/account/passkeys/new")
    holder.citizen.visits(holder.citizen.at_url("m=password"))
    holder.citizen.submits("login-submit", username="wang_xm", password=GOOD)
    return holder.sends(holder.device.make(holder.asked_for_new(), maker))


def _told(app: flask.Flask, guest: Holder) -> tuple[list[str], str]:
    """How somebody signed in, and at which level, as a portal reads it."""
    portal = registered(app, "gjj")
    guest.citizen.visits(portal.url())
    guest.signs_in()
    if "code=" not in guest.citizen.at:
        guest.citizen.submits("consent-allow")
    code = parse_qs(urlsplit(guest.citizen.at).query)["code"][0]
    claims = portal.reads(portal.redeems(code).json["id_token"])
    return sorted(claims["amr"]), claims["acr"]


def _cookies(citizen: Citizen) -> str:
    """What the browser sends, for several of its tabs at once."""
    jar = citizen.browser._cookies.values()  # type: ignore[attr-defined]
    return "; ".join(f"{each.key}={each.value}" for each in jar)


def _removes(holder: Holder) -> None:
    holder.citizen.visits("/account/passkeys")
    found = re.search(r"/account/passkeys/\w+/remove", holder.citizen.text)
    assert found
    holder.citizen.visits(found[0]).submits("passkey-remove")
