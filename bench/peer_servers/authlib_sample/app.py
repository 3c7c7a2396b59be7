"""A provider as Authlib's documentation teaches it: Flask, PostgreSQL, its mixins throughout.

The signing key is made once and kept as an object; whoever is signed in has agreed.
"""

import os
import secrets
import time

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector, current_token
from authlib.integrations.sqla_oauth2 import (
    OAuth2AuthorizationCodeMixin,
    OAuth2ClientMixin,
    OAuth2TokenMixin,
    create_bearer_token_validator,
    create_query_client_func,
    create_query_token_func,
    create_save_token_func,
)
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, jsonify, redirect, request, session
from flask_sqlalchemy import SQLAlchemy
from joserfc.jwk import ECKey
from werkzeug.middleware.proxy_fix import ProxyFix

app = Flask(__name__)
app.secret_key = secrets.token_bytes(32)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1)  # type: ignore[method-assign]
db = SQLAlchemy(app)
key = ECKey.generate_key("P-256", {"alg": "ES256", "use": "sig", "kid": "bench"})


FORM = '<form method="post"><input name="username"><button id="go">Go</button></form>'


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    username = db.Column(db.String(40), unique=True)

    def get_user_id(self):
        return self.id


class Client(db.Model, OAuth2ClientMixin):
    id = db.Column(db.Integer, primary_key=True)


class Code(db.Model, OAuth2AuthorizationCodeMixin):
    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer, db.ForeignKey("user.id"))
    user = db.relationship("User")


class Token(db.Model, OAuth2TokenMixin):
    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer, db.ForeignKey("user.id"))
    user = db.relationship("User")

    def get_user(self):
        return self.user

    def get_client(self):
        return Client.query.filter_by(client_id=self.client_id).first()


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

    def save_authorization_code(self, code, request):
        asked = request.payload.data
        db.session.add(
            Code(
                code=code,
                client_id=request.client.client_id,
                redirect_uri=request.payload.redirect_uri,
                scope=request.payload.scope,
                user_id=request.user.id,
                nonce=asked.get("nonce"),
                code_challenge=asked.get("code_challenge"),
                code_challenge_method=asked.get("code_challenge_method"),
            )
        )
        db.session.commit()

    def query_authorization_code(self, code, client):
        found = Code.query.filter_by(code=code, client_id=client.client_id).first()
        return found if found and not found.is_expired() else None

    def delete_authorization_code(self, authorization_code):
        db.session.delete(authorization_code)
        db.session.commit()

    def authenticate_user(self, authorization_code):
        return authorization_code.user


class IdToken(OpenIDCode):
    def exists_nonce(self, nonce, request):
        asked = {"client_id": request.payload.client_id, "nonce": nonce}
        return Code.query.filter_by(**asked).first() is not None

    def get_client_algorithm(self, client):
        return "ES256"

    def get_client_claims(self, client):
        return {"iss": os.environ["ISSUER"], "aud": [client.client_id]}

    def resolve_client_private_key(self, client):
        return key

    def generate_user_info(self, user, scope):
        return UserInfo(sub=str(user.id))


class Refresh(grants.RefreshTokenGrant):
    INCLUDE_NEW_REFRESH_TOKEN = True
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

    def authenticate_refresh_token(self, refresh_token):
        found = Token.query.filter_by(refresh_token=refresh_token).first()
        return found if found and not found.is_revoked() else None

    def authenticate_user(self, refresh_token):
        return refresh_token.user

    def revoke_old_credential(self, refresh_token):
        refresh_token.refresh_token_revoked_at = int(time.time())
        db.session.commit()


class Introspection(IntrospectionEndpoint):
    CLIENT_AUTH_METHODS = ("client_secret_basic",)

    def query_token(self, token_string, token_type_hint):
        return create_query_token_func(db.session, Token)(token_string, token_type_hint)

    def check_permission(self, token, client, request):
        return token.client_id == client.client_id

    def introspect_token(self, token):
        return {
            "active": not token.is_expired() and not token.is_revoked(),
            "client_id": token.client_id,
            "sub": str(token.user_id),
            "scope": token.scope,
            "exp": token.issued_at + token.expires_in,
            "iat": token.issued_at,
        }


app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
server = AuthorizationServer(
    app,
    query_client=create_query_client_func(db.session, Client),
    save_token=create_save_token_func(db.session, Token),
)
server.register_grant(CodeGrant, [CodeChallenge(required=True), IdToken(require_nonce=True)])
server.register_grant(Refresh)
server.register_grant(grants.ClientCredentialsGrant)
server.register_endpoint(Introspection)
protected = ResourceProtector()
protected.register_token_validator(create_bearer_token_validator(db.session, Token)())


@app.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "GET":
        return FORM
    user = User.query.filter_by(username=request.form["username"]).first()
    if user is None:
        user = User(username=request.form["username"])
        db.session.add(user)
        db.session.commit()
    session["user"] = user.id
    return redirect(session.pop("back"))


@app.get("/oauth/authorize")
def authorize():
    user = db.session.get(User, session["user"]) if "user" in session else None
    if user is None:
        session["back"] = request.url
        return redirect("/login")
    grant = server.get_consent_grant(end_user=user)
    return server.create_authorization_response(grant_user=user, grant=grant)


@app.post("/oauth/token")
def token():
    return server.create_token_response()


@app.post("/oauth/introspect")
def introspect():
    return server.create_endpoint_response(Introspection.ENDPOINT_NAME)


@app.get("/oauth/userinfo")
@protected("openid")
def userinfo():
    return jsonify(UserInfo(sub=str(current_token.user.id)))


@app.get("/jwks.json")
def jwks():
    return jsonify({"keys": [key.as_dict(private=False)]})


def set_up():
    """The tables and the three clients of the bench."""
    db.create_all()
    kinds = {
        "portal": ["authorization_code"],
        "keeper": ["authorization_code", "refresh_token"],
        "service": ["client_credentials"],
    }
    for client_id, grant_types in kinds.items():
        client = Client(client_id=client_id, client_secret=os.environ["SECRET"])
        client.set_client_metadata(
            {
                "grant_types": grant_types,
                "redirect_uris": [os.environ["REDIRECT_URI"]],
                "response_types": ["code"],
                "scope": "openid",
                "token_endpoint_auth_method": "client_secret_basic",
            }
        )
        db.session.add(client)
    db.session.commit()


with app.app_context():
    set_up()
