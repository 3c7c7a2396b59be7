"""Find events by whom they were done to.

Rows written before, or by the release before, name nobody there: what was done to a person until
then is in the trail, and not in what they take along.
"""

import sqlalchemy as sa
from alembic import op

revision = "e41c86a2d9f7"
down_revision = "5b7d13f08ea6"
branch_labels = None
depends_on = None
_AIMED = sa.text("target <> ''")


def upgrade() -> None:
    # Without a batch: SQLite would copy the trail, PostgreSQL adds a constant without a look at it.
    op.add_column(
        "audit_event",
        sa.Column("target", sa.String(length=64), server_default="", nullable=False),
    )
    bind, name, columns = op.get_bind(), "ix_audit_event_target", ["target", "at"]
    if bind.dialect.name != "postgresql":
        op.create_index(name, "audit_event", columns, sqlite_where=_AIMED)
        return
    usual = bind.exec_driver_sql("SHOW statement_timeout").scalar()
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.drop_index(name, "audit_event", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            name, "audit_event", columns, postgresql_concurrently=True, postgresql_where=_AIMED
        )
        op.execute(f"SET statement_timeout = '{usual}'")
