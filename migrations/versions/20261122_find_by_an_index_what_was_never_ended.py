"""Find by an index what was never ended: offers, mandates and evidence; and merges to forget."""

import sqlalchemy as sa
from alembic import op

revision = "d2a94be07c15"
down_revision = "c07f5a6d1e39"
branch_labels = None
depends_on = None

_INDEXES = {
    "evidence": ["void_since"],
    "account_merge": ["forgotten_at", "undo_until"],
}


def upgrade() -> None:
    # The tables came with this very release: nobody waits for their indexes.
    op.add_column("account_merge", sa.Column("forgotten_at", sa.DateTime(timezone=True)))
    for table, columns in _INDEXES.items():
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns)
    op.create_index(op.f("ix_mandate_state_offered_at"), "mandate", ["state", "offered_at"])
    op.create_index(op.f("ix_mandate_ends_at"), "mandate", ["ends_at"])
