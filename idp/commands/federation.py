"""``federation``: whom this node trusts, whom it vouches for, and what others see of it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import flask

from idp.audit import context
from idp.commands.opening import opened
from idp.federation import lint
from idp.federation.chains import TrustChain
from idp.federation.errors import FederationError
from idp.federation.statements import Statement
from idp.keys import FEDERATION
from idp.services import Services
from idp.staff import Act
from idp.store import subordinates, trust_marks
from idp.store.subordinates import Subordinate
from idp.trust import admission, kinds, upkeep

federation = click.Group("federation", help="Other nodes: trust, and being trusted.")
mark = click.Group("mark", help="Trust marks this node gives.")
federation.add_command(mark)

OPERATOR = context.Context(channel="command", role="operator")
OFFICER = click.option("--officer", required=True, help="Your staff number.")
REASON = click.option("--reason", required=True, help="Why; kept in the audit trail.")
_STATES = {
    subordinates.WAITING: "waits to be approved",
    subordinates.ACTIVE: "vouched for",
    subordinates.SUSPENDED: "suspended",
    subordinates.WITHDRAWN: "has left",
}


@federation.command()
def show() -> None:
    """What this node is in its federation, and what its superiors say of it."""
    with opened() as app:
        idp = _of(app)
        click.echo(f"entity      {idp.trust.own.entity_id}")
        click.echo(f"role        {idp.settings.federation.role}")
        _print_keys(idp)
        for held in trust_marks.held():
            click.echo(f"mark        {held.type}  until {_day(held.expires_at)}")
        if not idp.settings.federation.superiors:
            return
        try:
            chain = idp.trust.chain(idp.trust.own.entity_id)
        except FederationError as error:
            click.echo(f"trusted     no: {error}")
            return
        click.echo(f"trusted     until {_moment(chain.expires)}, by {chain.anchor.entity_id}")
        for superior, missing in upkeep.unvouched(
            idp.trust, idp.keys, idp.settings.federation
        ).items():
            click.echo(f"not named   by {superior}: {', '.join(missing)}")


@federation.command()
@click.argument("entity")
def chain(entity: str) -> None:
    """Look inside the chain from ENTITY to an anchor: who says what, and until when."""
    with opened() as app:
        idp = _of(app)
        try:
            found = idp.trust.chain(entity, fresh=True)
        except FederationError as error:
            raise click.ClickException(f"{entity} is not trusted: {error}") from None
        _print_chain(found)
        for each in idp.trust.marks(found):
            click.echo(f"mark     {each.name}, confirmed {_moment(each.confirmed)}")
        click.echo(f"ceiling  {idp.trust.ceiling(found).acr}")


@federation.command("list")
@click.option("--status", type=click.Choice(tuple(_STATES)), default=None)
def list_(status: str | None) -> None:
    """The entities below this node."""
    with opened():
        for row in subordinates.all_of(status or ""):
            click.echo(f"{row.entity_id}  {row.status:<10} {row.name}  {_types(row)}")


@federation.command()
@click.argument("entity")
@click.option("--thumbprint", required=True, help="Of its key, as it reached you another way.")
@click.option("--naming", multiple=True, help="Host names below it; '.' in front: all under it.")
@click.option("--entity-type", multiple=True, help="What it and those below it may be.")
@click.option("--max-path-length", type=int, help="How many intermediates may follow it.")
@click.option("--policy", type=click.Path(exists=True, path_type=Path), help="Metadata policy.")
@OFFICER
@REASON
def join(
    entity: str, thumbprint: str, policy: Path | None, officer: str, reason: str, **limits: Any
) -> None:
    """Put ENTITY on record; another officer approves it."""
    with opened() as app, context.use(OPERATOR):
        idp = _of(app)
        found = admission.configuration(idp.trust, idp.outbound, entity, thumbprint)
        act, asked = Act.by(officer, reason), json.loads(policy.read_text()) if policy else {}
        row = admission.propose(idp.trust, found, act, _constraints(**limits), asked)
        click.echo(f"{row.entity_id} ({row.name}) {_STATES[row.status]}.")


def _change(name: str, change: Any, help_: str) -> None:
    @OFFICER
    @REASON
    @click.argument("entity")
    def command(entity: str, officer: str, reason: str) -> None:
        with opened() as app, context.use(OPERATOR):
            row = change(entity, Act.by(officer, reason))
            _of(app).trust.forget()
            click.echo(f"{row.entity_id} ({row.name}): {_STATES[row.status]}.")

    federation.command(name, help=help_)(command)


_change("approve", admission.approve, "Vouch for ENTITY, which another officer has proposed.")
_change("suspend", admission.suspend, "Vouch for ENTITY no longer, until it is reinstated.")
_change("reinstate", admission.reinstate, "Vouch for ENTITY again.")
_change("withdraw", admission.withdraw, "ENTITY leaves; to return it has to be proposed again.")


@federation.command("take-keys")
@click.argument("entity")
@click.option("--thumbprint", required=True, help="Of the key that signs for it now.")
@OFFICER
@REASON
def take_keys(entity: str, thumbprint: str, officer: str, reason: str) -> None:
    """Vouch for the keys ENTITY publishes now: it changes them."""
    with opened() as app, context.use(OPERATOR):
        idp = _of(app)
        found = admission.configuration(idp.trust, idp.outbound, entity, thumbprint)
        row = admission.take_keys(idp.trust, found, Act.by(officer, reason))
        idp.trust.forget()
        click.echo("\n".join(key["kid"] for key in row.jwks["keys"]))


@federation.command("drop-key")
@click.argument("entity")
@click.argument("kid")
@OFFICER
@REASON
def drop_key(entity: str, kid: str, officer: str, reason: str) -> None:
    """Vouch for the key KID of ENTITY no longer, at once: somebody has taken it."""
    with opened() as app, context.use(OPERATOR):
        admission.drop_key(entity, kid, Act.by(officer, reason))
        _of(app).trust.forget()
    click.echo(f"{kid} is no longer vouched for.")


@federation.command("roll-keys")
@click.option("--use", is_flag=True, help="Let the next key sign; superiors have to name it.")
@click.option("--pinned", is_flag=True, help="At an anchor: everybody has pinned the next key.")
def roll_keys(*, use: bool, pinned: bool) -> None:
    """Publish the next federation key; later, with --use, let it sign."""
    with opened() as app, context.use(OPERATOR):
        idp = _of(app)
        if use:
            _require_named(idp, pinned=pinned)
            if idp.keys.use_next(FEDERATION) is None:
                raise click.ClickException("No next key waits: run roll-keys without --use first.")
            idp.trust.forget()
        else:
            idp.keys.rotate([FEDERATION])
            idp.trust.forget()
            click.echo("Hand the next key's thumbprint to every superior, another way, and wait")
            click.echo("until they name it and what they said before has expired; then --use.")
        _print_keys(idp)


@federation.command("lint")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def lint_(path: Path) -> None:
    """Whether every peer reads the metadata policy in the JSON file PATH alike."""
    with opened() as app:
        claims = {"metadata_policy": json.loads(path.read_text("utf-8"))}
        findings = lint.lint(claims, _of(app).trust.own.policy)
    for each in findings:
        click.echo(f"{each.rule}  {each.where}")
    if findings:
        raise click.ClickException(f"{len(findings)} to mend.")
    click.echo("Nothing to mend.")


@mark.command()
@click.argument("entity")
@click.argument("name")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The day it ends; none: open.")
@OFFICER
@REASON
def give(entity: str, name: str, until: datetime | None, officer: str, reason: str) -> None:
    """Let ENTITY bear the mark NAME (gateway, ial/3, …, or a whole type)."""
    ends = until.replace(tzinfo=UTC) if until else None
    with opened() as app, context.use(OPERATOR):
        made = _of(app).trust.given.give(name, entity, Act.by(officer, reason), ends, {})
        click.echo(f"{entity} bears {made.type}.")


@mark.command()
@click.argument("entity")
@click.argument("name")
@OFFICER
@REASON
def revoke(entity: str, name: str, officer: str, reason: str) -> None:
    """Take the mark NAME back from ENTITY."""
    with opened() as app, context.use(OPERATOR):
        idp = _of(app)
        idp.trust.given.revoke(name, entity, Act.by(officer, reason))
        idp.trust.forget()
        click.echo(f"{entity} no longer bears {name}.")


@mark.command("list")
@click.argument("entity")
def marks(entity: str) -> None:
    """Every mark this node ever gave ENTITY."""
    with opened():
        for each in trust_marks.of_subject(entity):
            click.echo(f"{each.type}  {each.status}  {_day(each.given_at)} – {_day(each.until)}")


@mark.command("kinds")
def kinds_() -> None:
    """The names of the marks a federation of ours gives."""
    click.echo("\n".join(kinds.NAMES))


def _require_named(idp: Services, *, pinned: bool) -> None:
    """Raises ClickException where statements would be signed by a key nobody vouches for."""
    if idp.settings.federation.role == "anchor":
        if not pinned:
            raise click.ClickException("Whoever trusts this anchor must have pinned it: --pinned.")
        return
    missing = upkeep.unvouched(idp.trust, idp.keys, idp.settings.federation)
    if missing:
        named = "; ".join(f"{superior}: {', '.join(kids)}" for superior, kids in missing.items())
        raise click.ClickException(f"Not named yet by {named}")


def _constraints(
    naming: Sequence[str], entity_type: Sequence[str], max_path_length: int | None
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if naming:
        found["naming_constraints"] = {"permitted": list(naming)}
    if entity_type:
        found["allowed_entity_types"] = list(entity_type)
    if max_path_length is not None:
        found["max_path_length"] = max_path_length
    return found


def _print_chain(found: TrustChain) -> None:
    for one in found.statements:
        said = "of itself" if one.is_configuration else f"of {one.sub}"
        click.echo(f"{one.iss}  {said}, until {_moment(one.lifetime.ends)}{_limits(one)}")
    click.echo(f"anchor   {found.anchor.entity_id}")
    click.echo(f"expires  {_moment(found.expires)}")
    click.echo(f"is       {', '.join(found.metadata)}")


def _limits(one: Statement) -> str:
    claim = one.claims.get("constraints")
    return f"  {json.dumps(claim, ensure_ascii=False)}" if claim else ""


def _print_keys(idp: Services) -> None:
    for view in idp.keys.views():
        if view.lane == FEDERATION:
            click.echo(f"key         {view.kid}  {view.state}")


def _types(row: Subordinate) -> str:
    return ", ".join([*row.entity_types, *(["intermediate"] if row.intermediate else [])])


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d}" if at else "open"


def _of(app: flask.Flask) -> Services:
    found: Services = app.extensions["idp"]
    if not found.settings.federation.on:
        raise click.ClickException("federation.role is off: this node is in no federation.")
    return found
