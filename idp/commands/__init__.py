"""The command line: one file for each group of commands."""

import click

from idp.commands import (
    account,
    audit,
    case,
    client,
    crypto,
    db,
    demo,
    doctor,
    errors,
    federation,
    guardian,
    identity,
    keys,
    levels,
    organisation,
    regions,
    risk,
    serve,
    settings,
    worker,
)
from idp.commands.opening import said_plainly

COMMANDS: dict[str, click.Command] = {
    "serve": serve.serve,
    "worker": worker.worker,
    "demo": demo.demo,
    "doctor": doctor.doctor,
    "db": db.db,
    "client": client.client,
    "account": account.account,
    "identity": identity.identity,
    "case": case.case,
    "guardian": guardian.guardian,
    "organisation": organisation.organisation,
    "keys": keys.keys,
    "federation": federation.federation,
    "crypto": crypto.crypto,
    "audit": audit.audit,
    "settings": settings.settings,
    "errors": errors.errors,
    "levels": levels.levels,
    "regions": regions.regions,
    "risk": risk.risk,
}

cli = click.Group("idp", commands=COMMANDS, help="互通 Hutong: run and look after this node.")


def main() -> None:
    with said_plainly():
        cli(prog_name="python -m idp")
