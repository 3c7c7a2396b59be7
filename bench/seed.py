"""``python -m bench.seed COUNT``: portals and people in the node named by HUTONG_CONFIG.

Prints the portals' secrets as JSON. People differ in everything but the password: its hash is
made once, because checking it costs the same for everybody and making it does not count.
"""

import sys

import orjson

from bench.targets import KEEPER, PORTAL, REDIRECT_URI, SERVICE
from idp import agreements, create_app, settings, standing
from idp.services import services
from idp.store.accounts import Account
from idp.store.engines import db
from idp.store.types import now

PASSWORD = "Lotus-Pond-In-June-58"
STATUTORY = "hall"
"""A portal that stands on a statute: whoever signs in there for the first time is not asked."""
_AT_ONCE = 500


def phone_of(number: int) -> str:
    return f"139{number:08d}"


def username_of(number: int) -> str:
    return f"bench{number:08d}"


def main() -> None:
    with create_app(settings.load()).app_context():
        secrets = {client_id: _register(client_id) for client_id in _GRANTS}
        _people(int(sys.argv[1]))
        services.keys.prepare()
    sys.stdout.write(orjson.dumps(secrets).decode())


_GRANTS = {
    PORTAL: ["authorization_code"],
    KEEPER: ["authorization_code", "refresh_token"],
    STATUTORY: ["authorization_code"],
    SERVICE: ["client_credentials"],
}


def _register(client_id: str) -> str:
    person = client_id != SERVICE
    return standing.create_client(
        client_id,
        {
            "name": client_id,
            "grant_types": _GRANTS[client_id],
            "redirect_uris": [REDIRECT_URI] if person else [],
            "home_uri": "https://portal.bench.test/",
            "scope": "openid" if person else "",
        }
        | (
            {"legal_basis": "statutory", "statute": "《…条例》第一条"}
            if client_id == STATUTORY
            else {}
        ),
    )


def _people(count: int) -> None:
    password = services.passwords.hash(PASSWORD)
    texts = agreements.current()
    for first in range(0, count, _AT_ONCE):
        numbers = range(first, min(count, first + _AT_ONCE))
        opened = [_account(number, password) for number in numbers]
        db.session.add_all(opened)
        db.session.flush()
        for account in opened:
            agreements.accept(account.id, texts)
        db.session.commit()
        db.session.expunge_all()


def _account(number: int, password: str) -> Account:
    phone = f"+86{phone_of(number)}"
    return Account(
        phone=phone,
        phone_index=phone,
        phone_proven_at=now(),
        username=username_of(number),
        username_key=username_of(number),
        password_hash=password,
        password_set_at=now(),
    )


if __name__ == "__main__":
    main()
