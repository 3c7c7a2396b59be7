"""Keep guardians' consents."""

import sqlalchemy as sa
from alembic import op

revision = "5b7d13f08ea6"
down_revision = "d2a94be07c15"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "guardianship",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("child_id", sa.String(length=32), nullable=False),
        sa.Column("guardian_id", sa.String(length=32), nullable=False),
        sa.Column("ward", sa.String(length=32), nullable=True),
        sa.Column("case_code", sa.String(length=16), nullable=False),
        sa.Column("relation", sa.String(length=16), nullable=False),
        sa.Column("born", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id"], ["account.id"], name=op.f("fk_guardianship_child_id")
        ),
        sa.ForeignKeyConstraint(
            ["guardian_id"], ["account.id"], name=op.f("fk_guardianship_guardian_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guardianship")),
        sa.UniqueConstraint("ward", name=op.f("uq_guardianship_ward")),
    )
    with op.batch_alter_table("guardianship", schema=None) as batch_op:
        for column in ("case_code", "child_id", "ended_at", "guardian_id"):
            batch_op.create_index(batch_op.f(f"ix_guardianship_{column}"), [column], unique=False)
