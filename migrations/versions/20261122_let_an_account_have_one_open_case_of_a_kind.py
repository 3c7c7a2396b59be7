"""Let an account have one open case of a kind."""

import sqlalchemy as sa
from alembic import op

revision = "7e42b9d3c058"
down_revision = "c1f0a6e94d27"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("case_file", schema=None) as batch_op:
        batch_op.add_column(sa.Column("open_key", sa.String(length=80), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_case_file_open_key"), ["open_key"])
        batch_op.create_index(batch_op.f("ix_case_file_state_id"), ["state", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_case_file_state_valid_until"), ["state", "valid_until"], unique=False
        )
        batch_op.drop_index(batch_op.f("ix_case_file_state_opened_at"))
