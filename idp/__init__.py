"""Hutong 互通: an OpenID Provider for Chinese public services."""

from typing import Any

import flask
from flask_bootstrap import Bootstrap5

from idp import keys, sms
from idp.account.views import bp as account
from idp.account.well_known import bp as well_known
from idp.broker.service import Broker
from idp.carrier.service import Carrier
from idp.consent.views import bp as consent_pages
from idp.crypto import keyring
from idp.crypto.passwords import Passwords
from idp.crypto.sealing import Sealer
from idp.login.views import bp as login
from idp.oidc import server, wsgi
from idp.oidc.federation.described import DESCRIBED
from idp.oidc.federation.views import bp as federation
from idp.oidc.ssf.views import bp as ssf
from idp.oidc.views import bp as oidc
from idp.organisations.pages import bp as organisations
from idp.organisations.service import Organisations
from idp.outbound import Outbound
from idp.places import Regions
from idp.realname.service import Realname
from idp.realname.views import bp as realname
from idp.recovery.links import bp as links
from idp.recovery.views import bp as recovery
from idp.risk import rules
from idp.services import Services
from idp.settings import ROOT, Settings
from idp.signup.views import bp as signup
from idp.sms.views import bp as receipts
from idp.store import engines
from idp.trust.linking import Linking
from idp.trust.service import Trust
from idp.upstream.service import Upstreams
from idp.web import logging, setup
from idp.web.csrf import csrf

PAGES = (
    oidc,
    federation,
    ssf,
    login,
    signup,
    recovery,
    links,
    realname,
    organisations,
    consent_pages,
    account,
    receipts,
    well_known,
)
"""Everything with an address, one blueprint an entry."""


def create_app(settings: Settings, **replacements: Any) -> flask.Flask:
    """Put the provider together. This is the one place that knows every part.

    ``replacements`` take the place of services of the same name: tests pass an outbound
    client with a resolver of their own.
    """
    logging.configure(settings)
    app = flask.Flask(__name__, template_folder=ROOT / "templates", static_folder=ROOT / "static")
    app.extensions["settings"] = settings
    app.extensions["sealer"] = Sealer(keyring.for_node(settings))
    engines.init_app(app, settings)
    app.extensions["regions"] = Regions(settings.regions_file)
    app.extensions["risk"] = rules.load(settings.risk.rules)
    app.extensions["idp"] = _services(app, settings, replacements)
    wsgi.init_app(app, settings)
    setup.init_app(app, settings)
    Bootstrap5(app)
    app.config["BOOTSTRAP_SERVE_LOCAL"] = True
    server.init_app(app)
    for pages in PAGES:
        app.register_blueprint(pages)
    app.add_url_rule("/", "home", lambda: flask.redirect("/account/"))
    # Providers push receipts to a secret path; they have no form and no cookie.
    csrf.exempt(receipts)
    return app


def _services(app: flask.Flask, settings: Settings, replacements: dict[str, Any]) -> Services:
    sealer = app.extensions["sealer"]
    outbound = replacements.pop("outbound", None) or Outbound(settings)
    signing = keys.SigningKeys(settings.keys, federated=settings.federation.on)
    made = {
        "passwords": Passwords(),
        "keys": signing,
        "trust": (trust := Trust(settings, outbound, signing, DESCRIBED)),
        "broker": Broker(settings, outbound, signing, trust),
        "linking": Linking(settings, outbound, signing, trust, sealer),
        "sms": sms.Sms(settings, sealer, outbound),
        "carrier": Carrier(settings, sealer, outbound),
        "realname": Realname(settings, outbound),
        "organisations": Organisations(settings, outbound),
        "upstream": Upstreams(settings, outbound),
        **replacements,
    }
    return Services(settings=settings, sealer=sealer, outbound=outbound, **made)
