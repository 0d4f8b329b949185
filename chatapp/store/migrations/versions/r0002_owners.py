"""Whose a running turn is, when it last gave a sign of life, and which turn reads its message.

Revision 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # One by one: SQLite makes a new table of a batch, and what points at the old one forbids that it goes.
    op.add_column("turn", sa.Column("owner", sa.String(), nullable=True))
    op.add_column("turn", sa.Column("beat_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("turn", sa.Column("joined_into", sa.Integer(), nullable=True))
    open_turns = sa.text("status IN ('queued', 'running')")
    op.create_index("turn_open", "turn", ["conversation_id"], sqlite_where=open_turns, postgresql_where=open_turns)
    op.create_index("turn_joined", "turn", ["joined_into"])


def downgrade() -> None:
    op.drop_index("turn_joined", "turn")
    op.drop_index("turn_open", "turn")
    for column in ("joined_into", "beat_at", "owner"):
        op.drop_column("turn", column)
