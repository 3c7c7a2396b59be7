"""Where providers push receipts: a path only they were told."""

import hmac
from ipaddress import ip_address, ip_network

import flask
import orjson

from idp.settings import Settings
from idp.sms import receipts
from idp.sms.errors import ReceiptMalformed, ReceiptUnwelcome

bp = flask.Blueprint("sms", __name__)


@bp.post("/sms/receipts/<provider>/<secret>")
def accept(provider: str, secret: str) -> flask.Response:
    """Pushes carry no signature: the secret path and the source's network are the proof."""
    _require_welcome(flask.current_app.extensions["idp"].settings, secret)
    try:
        payload = orjson.loads(flask.request.get_data())
    except orjson.JSONDecodeError:
        raise ReceiptMalformed from None
    return flask.jsonify(receipts.accept(provider, payload))


def _require_welcome(settings: Settings, secret: str) -> None:
    expected = settings.sms.receipt_path.get_secret_value()
    if not expected or not hmac.compare_digest(secret.encode(), expected.encode()):
        raise ReceiptUnwelcome
    networks = settings.sms.receipt_networks
    if networks and not _inside(flask.request.remote_addr or "", networks):
        raise ReceiptUnwelcome


def _inside(address: str, networks: tuple[str, ...]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in ip_network(network, strict=False) for network in networks)
