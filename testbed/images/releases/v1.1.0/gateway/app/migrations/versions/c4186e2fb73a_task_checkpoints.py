"""Durable checkpoints of sandbox tasks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c4186e2fb73a"
down_revision = "a90f3c7d1e58"


def upgrade() -> None:
    op.create_table(
        "task_checkpoints",
        sa.Column("task_id", sa.Text, sa.ForeignKey("sandbox_tasks.id"), primary_key=True),
        sa.Column("checkpoint_sequence_no", sa.Integer, primary_key=True),
        sa.Column("checkpoint_payload", postgresql.JSONB, nullable=False),
    )
    op.add_column("sandbox_tasks", sa.Column("attempt", sa.Integer, server_default="1", nullable=False))


def downgrade() -> None:
    op.drop_column("sandbox_tasks", "attempt")
    op.drop_table("task_checkpoints")
