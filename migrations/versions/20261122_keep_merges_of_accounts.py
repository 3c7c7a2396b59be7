"""Keep merges of accounts."""

import sqlalchemy as sa
from alembic import op

revision = "d3b8c5da1f7a"
down_revision = "8403a85c2587"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_merge",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kept_id", sa.String(length=32), nullable=False),
        sa.Column("gone_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undo_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("moved", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["gone_id"], ["account.id"], name=op.f("fk_account_merge_gone_id")),
        sa.ForeignKeyConstraint(["kept_id"], ["account.id"], name=op.f("fk_account_merge_kept_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_merge")),
    )
    with op.batch_alter_table("account_merge", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_merge_gone_id"), ["gone_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_account_merge_kept_id"), ["kept_id"], unique=False)
