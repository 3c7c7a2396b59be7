"""Keep what a federation needs: entities, marks, others' statements, past keys, linked people."""

import sqlalchemy as sa
from alembic import op

revision = "c8c977c1f1d0"
down_revision = "c7b10e94d26f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fetched_statement",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fetched_statement")),
    )
    with op.batch_alter_table("fetched_statement", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_fetched_statement_expires_at"), ["expires_at"], unique=False
        )

    op.create_table(
        "given_mark",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("type", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("claims", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("officer", sa.String(length=64), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_given_mark")),
    )
    with op.batch_alter_table("given_mark", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_given_mark_type_subject"), ["type", "subject"], unique=False
        )

    op.create_table(
        "held_mark",
        sa.Column("type", sa.String(length=255), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("type", name=op.f("pk_held_mark")),
    )
    op.create_table(
        "past_key",
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("public", sa.JSON(), nullable=False),
        sa.Column("signed_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_past_key")),
    )
    op.create_table(
        "subordinate",
        sa.Column("entity_id", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("entity_types", sa.JSON(), nullable=False),
        sa.Column("intermediate", sa.Boolean(), nullable=False),
        sa.Column("jwks", sa.JSON(), nullable=False),
        sa.Column("constraints", sa.JSON(), nullable=False),
        sa.Column("metadata_policy", sa.JSON(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("proposed_by", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_subordinate")),
    )
    with op.batch_alter_table("subordinate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subordinate_status"), ["status"], unique=False)
    op.create_table(
        "peer",
        sa.Column("entity_id", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_peer")),
    )
    op.create_table(
        "peer_link",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("binding", sa.String(length=32), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("verified", sa.Text(), nullable=True),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("severed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_peer_link_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_peer_link")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_peer_link_issuer_subject")),
    )
    with op.batch_alter_table("peer_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_peer_link_account_id"), ["account_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_peer_link_issuer_used_at"), ["issuer", "used_at"], unique=False
        )
    op.create_table(
        "person_handle",
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("handle", sa.String(length=128), nullable=False),
        sa.Column("version", sa.String(length=128), nullable=False),
        sa.Column("identity_id", sa.String(length=32), nullable=False),
        sa.Column("learnt_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_person_handle_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_person_handle")),
        sa.UniqueConstraint("handle", "version", name=op.f("uq_person_handle_handle_version")),
    )
    op.create_table(
        "told_handle",
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("destination", sa.String(length=255), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_told_handle_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", "destination", name=op.f("pk_told_handle")),
    )
