"""${message}

The rules, before you commit this file:
- The previous release keeps running beside it: add columns with a default or nullable, never
  rename or drop what it still reads; drop in the release after.
- No long lock on a big table: on PostgreSQL indexes `CONCURRENTLY` in an autocommit block,
  foreign keys and checks `NOT VALID` first, `VALIDATE` after; data is filled in batches by the
  worker or a command, never here.
- It runs on SQLite and PostgreSQL, on an empty and on a full database.
- Column types of our own are written as what they are in SQL (String, DateTime), so that this
  file still means the same when the code has changed.
- There is no way down: a mistake is mended by the next migration.
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
