"""``client``: the relying parties of this node."""

import json
import secrets
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from idp import standing
from idp.audit import context
from idp.commands.opening import opened
from idp.staff import Act
from idp.store import clients

client = click.Group("client", help="Register portals and look after them.")
OPERATOR = context.Context(channel="command", role="operator")
OFFICER = click.option(
    "--officer", default="", help="Your staff number; needed to approve sensitive claims."
)
APPROVED_FOR = click.option(
    "--reason", default="", help="Why they are approved; kept in the audit trail."
)

_REPEATED = {
    "redirect_uri": "redirect_uris",
    "post_logout_redirect_uri": "post_logout_redirect_uris",
    "web_origin": "web_origins",
    "claim": "claims",
    "sensitive_claim": "sensitive_claims",
    "grant_type": "grant_types",
}
_HIDDEN = {"secret_hash", "old_secret_hash", "old_secret_until"}


@client.command()
@click.option("--file", "path", type=click.Path(exists=True, path_type=Path), help="TOML or JSON.")
@click.option("--client-id", default="", help="Made when not given.")
@click.option("--name", help="What people read on the consent page.")
@click.option("--redirect-uri", multiple=True, help="Exact; may be repeated.")
@click.option("--post-logout-redirect-uri", multiple=True)
@click.option("--backchannel-logout-uri")
@click.option("--frontchannel-logout-uri")
@click.option("--auth", "token_endpoint_auth_method", help="client_secret_basic, …, none.")
@click.option("--alg", "id_token_signed_response_alg", help="ES256 (default), RS256, …")
@click.option("--userinfo-alg", "userinfo_signed_response_alg", help="ES256 or RS256.")
@click.option(
    "--userinfo-encryption",
    "userinfo_encrypted_response_alg",
    type=click.Choice(clients.KEY_MANAGEMENT),
    help="To a key of use enc among the client's own.",
)
@click.option(
    "--userinfo-enc",
    "userinfo_encrypted_response_enc",
    type=click.Choice(clients.CONTENT_ENCRYPTION),
)
@click.option("--jwks-uri", help="Where the client publishes its keys.")
@click.option("--scope")
@click.option("--legal-basis", help="consent (default) or statutory.")
@click.option("--statute", help="The law a statutory client stands on.")
@click.option("--claim", multiple=True, help="A claim a statutory client may be told.")
@click.option(
    "--sensitive-claim",
    multiple=True,
    type=click.Choice(tuple(dict.fromkeys(clients.SENSITIVE.values()))),
    help="Approve the client for it; may be repeated.",
)
@click.option("--grant-type", multiple=True)
@click.option("--web-origin", multiple=True, help="Origin of a public client's pages (CORS).")
@click.option("--legal-name")
@click.option("--contact")
@click.option("--purpose")
@click.option("--home-uri")
@OFFICER
@APPROVED_FOR
def create(path: Path | None, client_id: str, officer: str, reason: str, **given: Any) -> None:
    """Register a portal. Its secret is shown once; only a digest is kept."""
    metadata = _read(path) if path else {}
    for name, value in given.items():
        if value:
            metadata[_REPEATED.get(name, name)] = list(value) if name in _REPEATED else value
    named = metadata.pop("client_id", "")
    client_id = client_id or named or f"c-{secrets.token_hex(8)}"
    with opened(), context.use(OPERATOR):
        approval = _approval(officer, reason)
        secret = standing.create_client(client_id, metadata, approval=approval)
        _show_once(client_id, secret)


@client.command("list")
def list_() -> None:
    """One line for each portal."""
    with opened():
        for each in clients.all_clients():
            click.echo(f"{each.client_id}  {each.status:<8} {each.legal_basis:<10} {each.name}")


@client.command()
@click.argument("client_id")
def show(client_id: str) -> None:
    """Everything registered for CLIENT_ID, without its secret."""
    with opened():
        found = clients.find(client_id, clients.sql_epoch())
    if found is None:
        raise standing.NotFound
    told = {each.name: getattr(found, each.name) for each in fields(found)}
    shown = {k: v for k, v in told.items() if k not in _HIDDEN and v not in ("", (), None)}
    click.echo(json.dumps(shown, ensure_ascii=False, indent=2))


@client.command()
@click.argument("client_id")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@OFFICER
@APPROVED_FOR
def change(client_id: str, path: Path, officer: str, reason: str) -> None:
    """Replace the settings named in the file PATH (TOML or JSON); the others stay."""
    with opened(), context.use(OPERATOR):
        standing.change_client(client_id, _read(path), approval=_approval(officer, reason))
    click.echo(f"{client_id} changed; it holds at once.")


@client.command()
@click.argument("client_id")
@click.option("--reason", required=True, help="Kept in the audit trail.")
def stop(client_id: str, reason: str) -> None:
    """Cut CLIENT_ID off at once."""
    with opened(), context.use(OPERATOR):
        standing.stop_client(client_id, reason)
    click.echo(f"{client_id} is stopped.")


@client.command()
@click.argument("client_id")
@click.option("--reason", required=True, help="Kept in the audit trail.")
def restore(client_id: str, reason: str) -> None:
    """Let CLIENT_ID work again."""
    with opened(), context.use(OPERATOR):
        standing.restore_client(client_id, reason)
    click.echo(f"{client_id} is active.")


@client.command("rotate-secret")
@click.argument("client_id")
def rotate_secret(client_id: str) -> None:
    """Give CLIENT_ID a new secret; the old one works for another week."""
    with opened(), context.use(OPERATOR):
        _show_once(client_id, standing.rotate_secret(client_id))


def _approval(officer: str, reason: str) -> Act | None:
    """None where nobody approves anything. Raises OfficerUnnamed where half of it is said."""
    return Act.by(officer, reason) if officer or reason else None


def _show_once(client_id: str, secret: str) -> None:
    click.echo(f"client_id      {client_id}")
    if secret:
        click.echo(f"client_secret  {secret}")
        click.echo("The secret is not shown again.", err=True)


def _read(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    try:
        found = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise click.ClickException(f"{path}: {error}") from None
    if not isinstance(found, dict):
        raise click.ClickException(f"{path}: must hold a table of settings")
    return found
