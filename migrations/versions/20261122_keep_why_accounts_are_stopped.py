"""Keep why accounts are stopped."""

from secrets import choice, token_hex

import sqlalchemy as sa
from alembic import op

revision = "c1f0a6e94d27"
down_revision = "d3b8c5da1f7a"
branch_labels = None
depends_on = None

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def upgrade() -> None:
    op.create_table(
        "account_stop",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("before", sa.String(length=16), nullable=False),
        sa.Column("officer", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=256), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.String(length=64), nullable=False),
        sa.Column("lifted_reason", sa.String(length=256), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_stop_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_stop")),
        sa.UniqueConstraint("code", name=op.f("uq_account_stop_code")),
    )
    with op.batch_alter_table("account_stop", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_account_stop_account_id"), ["account_id"], unique=False
        )
    _tell_of_those_stopped_before()


def _tell_of_those_stopped_before() -> None:
    """Accounts stopped by an earlier release: their holders are to be told as everybody is."""
    sql = op.get_bind()
    stopped = sa.text("SELECT id, updated_at FROM account WHERE status = 'stopped'")
    made = sa.text(
        "INSERT INTO account_stop (id, code, account_id, kind, before, officer, reason, at,"
        " lifted_by, lifted_reason)"
        " VALUES (:id, :code, :account, 'other', 'active', '', '', :at, '', '')"
    )
    for account_id, at in sql.execute(stopped).all():
        code = "-".join("".join(choice(LETTERS) for _ in range(4)) for _ in range(2))
        values = {"id": token_hex(16), "code": code, "account": account_id, "at": at}
        sql.execute(made, values)
