"""Find browsers long unseen by an index."""

from alembic import op

revision = "5d0c1f3be7a4"
down_revision = "a8359c5420b3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Beside traffic: a plain CREATE INDEX would let nobody sign in while it reads the table.
    # What an earlier try left half built would count as there, and be used by nobody.
    bind, name = op.get_bind(), op.f("ix_known_browser_last_at")
    if bind.dialect.name != "postgresql":
        op.create_index(name, "known_browser", ["last_at"])
        return
    usual = bind.exec_driver_sql("SHOW statement_timeout").scalar()
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.drop_index(name, "known_browser", if_exists=True, postgresql_concurrently=True)
        op.create_index(name, "known_browser", ["last_at"], postgresql_concurrently=True)
        op.execute(f"SET statement_timeout = '{usual}'")
