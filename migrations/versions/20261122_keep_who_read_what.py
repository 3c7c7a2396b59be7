"""Keep who read what."""

import sqlalchemy as sa
from alembic import op

revision = "91b2d7c4e6a0"
down_revision = "3c1e8f0a9b52"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "data_read",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.Column("reader", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_data_read_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_read")),
    )
    with op.batch_alter_table("data_read", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_data_read_account_id_at"), ["account_id", "at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_data_read_at"), ["at"], unique=False)
