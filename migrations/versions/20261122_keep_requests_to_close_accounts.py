"""Keep requests to close accounts."""

import sqlalchemy as sa
from alembic import op

revision = "3c1e8f0a9b52"
down_revision = "9e21f6a35c08"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_closing",
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_closing_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_closing")),
    )
    with op.batch_alter_table("account_closing", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_account_closing_erased_at"), ["erased_at"], unique=False
        )
