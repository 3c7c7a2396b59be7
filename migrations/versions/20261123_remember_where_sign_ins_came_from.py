"""Remember which region a sign-in came from, and since when a number has replaced another."""

import sqlalchemy as sa
from alembic import op

revision = "5d0c7f1e93ab"
down_revision = "b83e6a1407d5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.add_column(sa.Column("region", sa.String(length=64), nullable=True))
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("number_since", sa.DateTime(timezone=True), nullable=True))
