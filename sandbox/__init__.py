"""Fake phone and fake external services that speak the real wire formats; never in production."""

from typing import Any

import flask

from sandbox import (
    alipay_login,
    aliyun,
    aliyun_voice,
    federation,
    gateway,
    magic,
    phone,
    root,
    tencent,
    tencent_voice,
)
from sandbox.inbox import Inbox
from sandbox.limits import Limits
from sandbox.options import Options
from sandbox.receipts import Receipts
from sandbox.registry import (
    alipay,
    carriers,
    companies,
    enterprise,
    faces,
    licences,
    ncid,
    page,
    transfers,
)
from sandbox.registry import aliyun as cloudauth
from sandbox.registry import tencent as faceid
from sandbox.registry.people import Registry
from sandbox.wechat import app as wechat_app
from sandbox.wechat import cgi, inside, sns, website
from sandbox.wechat.codes import Codes
from sandbox.wechat.pictures import Pictures
from sandbox.wechat.tokens import AppTokens, UserTokens


def create_app(options: Options | None = None) -> flask.Flask:
    options = options or Options()
    app = flask.Flask(__name__)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions.update(_memory(options))
    messages = (phone.bp, aliyun.bp, tencent.bp, gateway.bp)
    calls = (aliyun_voice.bp, tencent_voice.bp)
    registers = (cloudauth.bp, faceid.bp, alipay.bp, faces.bp, ncid.bp, carriers.bp)
    organisations = (enterprise.bp, licences.bp, transfers.bp)
    wechat = (website.bp, inside.bp, sns.bp, cgi.bp, wechat_app.bp)
    others = (root.bp, page.bp, magic.bp, alipay_login.bp, federation.bp)
    for blueprint in (*messages, *calls, *registers, *organisations, *wechat, *others):
        app.register_blueprint(blueprint)
    return app


def _memory(options: Options) -> dict[str, Any]:
    """What the services remember between two requests."""
    return {
        "options": options,
        "inbox": Inbox(),
        "aliyun-limits": Limits(),
        "tencent-limits": Limits(),
        "aliyun-voice-limits": Limits(),
        "nonces": Limits(),
        "receipts": Receipts(options),
        "registry": Registry.read(options.people),
        "faces": faces.Faces(),
        "alipay-keys": alipay.Keys(options.alipay_keys),
        "credentials": ncid.Credentials(),
        "companies": companies.Companies.read(options.companies),
        "licences": licences.Pictures(),
        "transfers": transfers.Transfers(),
        "wechat-codes": Codes(),
        "wechat-limits": Limits(),
        "wechat-pictures": Pictures(),
        "wechat-user-tokens": UserTokens(),
        "wechat-app-tokens": AppTokens(),
        "alipay-codes": Codes(),
    }
