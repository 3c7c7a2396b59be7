"""Pass on what changes: whom this node tells, and whom it listens to (SSF 1.0)."""

import sqlalchemy as sa
from alembic import op

revision = "664c67ca27cc"
down_revision = "c8c977c1f1d0"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event_source",
        sa.Column("transmitter", sa.String(length=255), nullable=False),
        sa.Column("stream_id", sa.String(length=255), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("poll_url", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("transmitter", name=op.f("pk_event_source")),
    )
    op.create_table(
        "event_stream",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("delivery", sa.String(length=32), nullable=False),
        sa.Column("endpoint_url", sa.Text(), nullable=False),
        sa.Column("authorization", sa.Text(), nullable=True),
        sa.Column("requested", sa.JSON(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.client_id"], name=op.f("fk_event_stream_client_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_stream")),
        sa.UniqueConstraint("client_id", name=op.f("uq_event_stream_client_id")),
    )
    op.create_table(
        "silenced_subject",
        sa.Column("stream_id", sa.String(length=32), nullable=False),
        sa.Column("sub", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["stream_id"], ["event_stream.id"], name=op.f("fk_silenced_subject_stream_id")
        ),
        sa.PrimaryKeyConstraint("stream_id", "sub", name=op.f("pk_silenced_subject")),
    )
    op.create_table(
        "stream_event",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("stream_id", sa.String(length=32), nullable=False),
        sa.Column("type", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.JSON(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("txn", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["stream_id"], ["event_stream.id"], name=op.f("fk_stream_event_stream_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stream_event")),
    )
    with op.batch_alter_table("stream_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stream_event_at"), ["at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_stream_event_stream_id_settled_at_id"),
            ["stream_id", "settled_at", "id"],
            unique=False,
        )

    with op.batch_alter_table("peer_link", schema=None) as batch_op:
        batch_op.add_column(sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
