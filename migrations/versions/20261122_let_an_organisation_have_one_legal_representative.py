"""Let an organisation have one legal representative at a time."""

import sqlalchemy as sa
from alembic import op

revision = "4c7e0b92d6a1"
down_revision = "7e42b9d3c058"
branch_labels = None
depends_on = None

NAME = "uq_mandate_legal_representative"
OF_THE_LAW = sa.text("kind = 'legal_representative' AND state = 'accepted'")


def upgrade() -> None:
    op.create_index(
        NAME,
        "mandate",
        ["organisation_id"],
        unique=True,
        sqlite_where=OF_THE_LAW,
        postgresql_where=OF_THE_LAW,
    )
