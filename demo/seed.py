"""``python -m demo.seed <seed.json>`` registers a node's portals and opens its people's accounts.

Run as often as one likes: what is there already is brought up to date, never doubled.
"""

import json
import sys
from pathlib import Path
from typing import Any

from demo.cast import PASSWORD, Person
from idp import agreements, create_app, identities, levels, settings, standing
from idp.audit import log as audit
from idp.audit.events import AccountOpened
from idp.realname import documents
from idp.services import services
from idp.store import accounts
from idp.store import identities as identity_store
from idp.store.accounts import NewAccount
from idp.store.clients import Client
from idp.store.engines import db
from idp.store.identities import Person as Named
from idp.store.identities import Proof


def main() -> None:
    with create_app(settings.load()).app_context():
        sow(Path(sys.argv[1]))


def sow(file: Path) -> None:
    """What ``file`` names, into the node at work."""
    if settings.current.environment != "demo":
        raise SystemExit("demo people belong into a demo: set environment to demo")
    seed = json.loads(file.read_text("utf-8"))
    for metadata in seed["clients"]:
        _register(metadata, Path(seed["secrets"]))
    for person in (Person(**each) for each in seed["people"]):
        if person.registered:
            _open(person)


def _register(metadata: dict[str, Any], secrets: Path) -> None:
    """Keep the secret, which is shown once, where only this user can read it."""
    client_id = metadata.pop("client_id")
    known: dict[str, str] = json.loads(secrets.read_text("utf-8"))
    if db.session.get(Client, client_id) is None:
        secret = standing.create_client(client_id, metadata, note="demo")
    else:
        standing.change_client(client_id, metadata)
        has_secret = metadata["token_endpoint_auth_method"].startswith("client_secret")
        if client_id in known or not has_secret:
            return
        secret = standing.rotate_secret(client_id)
    secrets.write_text(json.dumps(known | {client_id: secret}, indent=2), "utf-8")


def _open(person: Person) -> None:
    phone = f"+86{person.phone}"
    account = accounts.by_phone(phone)
    if account is None:
        password = services.passwords.hash(PASSWORD)
        account = accounts.add(NewAccount(phone, person.username, password))
        account.profile = {"name": person.name}
        agreements.accept(account.id, agreements.current())
        audit.record(AccountOpened(account=account.id, method="demo"))
    else:
        # An old demo must not begin with numbers nobody proved for 90 days.
        accounts.prove_number(account)
        agreements.accept(account.id, agreements.pending(account.id))
    db.session.commit()
    if person.proved and identity_store.of(account.id) is None:
        document = documents.read(documents.RESIDENT, person.id_number)
        whose = Named(person.name, document.kind, document.number, document.key)
        proof = Proof("face", "demo", "demo", levels.FACE)
        identities.bind(account, identities.Confirmed(whose, proof))


if __name__ == "__main__":
    main()
