"""Find by an index what is over: identities, evidence, mandates."""

from alembic import op

revision = "c07f5a6d1e39"
down_revision = "91b2d7c4e6a0"
branch_labels = None
depends_on = None

_INDEXES = {
    "identity": ["ended_at"],
    "evidence": ["lasts_until"],
    "mandate": ["state", "settled_at"],
}


def upgrade() -> None:
    # The tables came with this very release: nobody waits for their indexes.
    for table, columns in _INDEXES.items():
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns)
    op.create_index(op.f("ix_mandate_revoked_at"), "mandate", ["revoked_at"])
