"""Let a person ask for two factors at every sign-in."""

import sqlalchemy as sa
from alembic import op

revision = "9c52e0b7a413"
down_revision = "e41c86a2d9f7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("two_factor", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
