"""Keep accounts elsewhere that sign in for an account."""

import sqlalchemy as sa
from alembic import op

revision = "b83e6a1407d5"
down_revision = "6f1d83c0be27"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "linked_account",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("upstream", sa.String(length=16), nullable=False),
        sa.Column("unionid", sa.Text(), nullable=True),
        sa.Column("unionid_index", sa.String(length=64), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_linked_account_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_linked_account")),
        sa.UniqueConstraint("unionid_index", name=op.f("uq_linked_account_unionid_index")),
    )
    with op.batch_alter_table("linked_account", schema=None) as batch_op:
        name = batch_op.f("ix_linked_account_account_id")
        batch_op.create_index(name, ["account_id"], unique=False)
    op.create_table(
        "linked_openid",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("linked_id", sa.String(length=32), nullable=False),
        sa.Column("openid", sa.Text(), nullable=False),
        sa.Column("openid_index", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["linked_id"],
            ["linked_account.id"],
            name=op.f("fk_linked_openid_linked_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_linked_openid")),
        sa.UniqueConstraint("openid_index", name=op.f("uq_linked_openid_openid_index")),
    )
    with op.batch_alter_table("linked_openid", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_linked_openid_linked_id"), ["linked_id"], unique=False)
