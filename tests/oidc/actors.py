"""A person at a browser and a portal, as far as the protocol concerns them."""

import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import flask
import orjson
from joserfc import jwe, jws
from joserfc.jwk import ECKey, KeySet

from idp import agreements, identities, standing
from idp.realname import documents
from idp.services import services
from idp.staff import Act
from idp.store import accounts
from idp.store import identities as store
from idp.store.engines import db
from idp.store.identities import Proof
from idp.store.types import now
from tests import forms

PASSWORD = "琴台-Lantern-7392"
STATUTE = "《住房公积金管理条例》第十三条"
EVERYTHING = "openid profile email address phone offline_access"
NAME, NUMBER = "王小明", "11000019900307001X"
"""Of a man born on 7 March 1990."""
APPROVAL = Act("4401-0001", "checked against its duties")
"""Who answers for the sensitive claims a portal asks for."""
LETTERS = ["ECDH-ES", "ECDH-ES+A256KW", "RSA-OAEP-256", "A256GCM", "A128GCM"]
"""The ways a portal can read what was encrypted to it."""


class Person:
    """Somebody with a browser that runs no scripts, and an account with a password."""

    def __init__(self, app: flask.Flask, account_id: str, username: str):
        self.app = app
        self.browser = app.test_client()
        self.account_id = account_id
        self.username = username
        self.page: Any = None

    def opens(self, url: str, *, follow: bool = True) -> Self:
        """Follow redirects while they stay with the provider."""
        self.page = self.browser.get(url)
        while follow and self._leads_on():
            self.page = self.browser.get(self._target())
        return self

    def presses(self, button: str, *, follow: bool = True, **filled: str) -> Self:
        form = forms.with_button(self.page.text, button)
        name, value = form.buttons[button]
        pressed = {name: value} if name else {}
        action = urljoin(self.page.request.full_path.rstrip("?"), form.action or "")
        self.page = self.browser.post(action, data=form.fields | pressed | filled)
        while follow and self._leads_on():
            self.page = self.browser.get(self._target())
        return self

    def follows(self, link: str) -> Self:
        return self.opens(forms.link(self.page.text, link))

    def signs_in(self, **filled: str) -> Self:
        """At the sign-in page: by user name and password."""
        url = self.page.request.full_path
        if "tab=" not in url:
            self.opens(f"{url}&m=password")
        given = {"username": self.username, "password": PASSWORD} | filled
        return self.presses("login-submit", **given)

    @property
    def arrived(self) -> dict[str, str]:
        """The parameters the browser was sent away with."""
        location = self.page.headers.get("Location", "")
        found = parse_qs(urlsplit(location).query, keep_blank_values=True)
        assert all(len(values) == 1 for values in found.values()), found
        return {name: values[0] for name, values in found.items()}

    def _leads_on(self) -> bool:
        location = self.page.headers.get("Location", "")
        return bool(location) and (location.startswith("/") or self._is_ours(location))

    def _is_ours(self, location: str) -> bool:
        return location.startswith(self.app.extensions["settings"].issuer + "/")

    def _target(self) -> str:
        parts = urlsplit(self.page.headers["Location"])
        return parts.path + (f"?{parts.query}" if parts.query else "")


class Portal:
    """A relying party: what it registered, what it asks, what it does with the answer."""

    def __init__(self, app: flask.Flask, client_id: str, secret: str, redirect_uri: str):
        self.app = app
        self.http = app.test_client()
        self.client_id = client_id
        self.secret = secret
        self.redirect_uri = redirect_uri
        self.verifier = secrets.token_urlsafe(48)
        self.key: Any = None
        """The private key to what is encrypted to it."""

    def asks(self, **changes: Any) -> dict[str, str]:
        """The parameters of an authorization request; a change to None leaves one out."""
        challenge = urlsafe_b64encode(sha256(self.verifier.encode()).digest()).rstrip(b"=")
        asked = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "scope": "openid",
            "state": "s-1",
            "nonce": "n-1",
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        return {k: v for k, v in (asked | changes).items() if v is not None}

    def url(self, **changes: Any) -> str:
        return "/oauth/authorize?" + urlencode(self.asks(**changes))

    def calls(self, path: str, auth: bool = True, **form: str) -> Any:
        """POST as this client; ``auth`` False sends no client authentication."""
        pair = (self.client_id, self.secret) if auth and self.secret else None
        return self.http.post(path, data=form, auth=pair)

    def redeems(self, code: str, **changes: Any) -> Any:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        } | changes
        if not self.secret:
            form.setdefault("client_id", self.client_id)
        return self.calls("/oauth/token", **{k: v for k, v in form.items() if v is not None})

    def refreshes(self, token: str, **changes: str) -> Any:
        form = {"grant_type": "refresh_token", "refresh_token": token} | changes
        if not self.secret:
            form.setdefault("client_id", self.client_id)
        return self.calls("/oauth/token", **form)

    def userinfo(self, token: str) -> Any:
        return self.http.get("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"})

    def is_told(self, token: str) -> dict[str, Any]:
        """What userinfo says, out of whatever it is wrapped in; a claim that it says something."""
        answer = self.userinfo(token)
        assert answer.status_code == 200, answer.json
        if answer.mimetype == "application/json":
            return answer.json
        text = answer.text
        return self.reads(self.decrypts(text) if text.count(".") == 4 else text)

    def decrypts(self, letter: str) -> str:
        found = jwe.decrypt_compact(letter, self.key, algorithms=LETTERS)
        self.envelope = found.headers()
        return found.plaintext.decode()

    def reads(self, token: str) -> dict[str, Any]:
        """The claims of a token, its signature checked against the published keys."""
        keys = KeySet.import_key_set(self.http.get("/jwks.json").json)
        found = jws.deserialize_compact(token, keys, algorithms=["ES256", "RS256"])
        self.header = found.headers()
        return orjson.loads(found.payload)

    def tokens_for(self, person: Person, **asked: Any) -> dict[str, Any]:
        """Walk ``person`` through sign-in and consent, wherever needed, and redeem the code."""
        person.opens(self.url(**asked))
        if person.page.request.path == "/login/":
            person.signs_in()
        if person.page.request.path == "/consent/":
            person.presses("consent-allow", number="yes")
        answer = self.redeems(person.arrived["code"])
        assert answer.status_code == 200, answer.json
        return answer.json


def registered(app: flask.Flask, client_id: str, **metadata: Any) -> Portal:
    """A portal the provider knows."""
    given: dict[str, Any] = {
        "name": client_id,
        "redirect_uris": [f"https://{client_id}.test/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": EVERYTHING,
        "post_logout_redirect_uris": [f"https://{client_id}.test/bye"],
        "home_uri": f"https://{client_id}.test/",
    } | metadata
    with app.app_context():
        secret = standing.create_client(client_id, given, approval=APPROVAL)
    return Portal(app, client_id, secret, "".join(given["redirect_uris"][:1]))


def with_account(
    app: flask.Flask, username: str, phone: str | None = None, **fields: Any
) -> Person:
    """Somebody who has signed up before."""
    with app.app_context():
        account = accounts.Account(
            phone=phone,
            phone_index=phone,
            phone_proven_at=now(),
            username=username,
            username_key=accounts.username_key(username),
            password_hash=services.passwords.hash(PASSWORD),
            **fields,
        )
        db.session.add(account)
        db.session.flush()
        agreements.accept(account.id, agreements.current())
        db.session.commit()
        return Person(app, account.id, username)


def reading_letters(app: flask.Flask, client_id: str, **metadata: Any) -> Portal:
    """A portal with a key of its own, which userinfo is encrypted to."""
    members = {"use": "enc", "kid": "e-1"}
    key = ECKey.import_key({**ECKey.generate_key("P-256").as_dict(private=True), **members})
    given: dict[str, Any] = {
        "userinfo_signed_response_alg": "ES256",
        "userinfo_encrypted_response_alg": "ECDH-ES",
        "userinfo_encrypted_response_enc": "A256GCM",
        "jwks": {"keys": [key.as_dict(private=False)]},
    } | metadata
    portal = registered(app, client_id, **given)
    portal.key = key
    return portal


def proven(person: Person, name: str = NAME, number: str = NUMBER, **how: Any) -> Person:
    """``person`` after a verifier has confirmed their name; ``how`` varies the proof."""
    document = documents.read(how.pop("kind", documents.RESIDENT), number)
    proof = {
        "method": "register",
        "verifier": "tencent_register",
        "reference": "ref-1",
        "ial": 2,
    } | how
    with person.app.app_context():
        account = accounts.by_id(person.account_id)
        assert account is not None
        whose = store.Person(name, document.kind, document.number, document.key)
        identities.bind(account, identities.Confirmed(whose, Proof(**proof)))
    return person
