"""Remember who reads in the elder mode."""

import sqlalchemy as sa
from alembic import op

revision = "c7b10e94d26f"
down_revision = "3f6ad08c71be"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("elder", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
