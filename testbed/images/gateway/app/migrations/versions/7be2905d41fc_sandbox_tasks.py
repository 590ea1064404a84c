"""Tasks of the sandbox and their events."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "7be2905d41fc"
down_revision = "58d3f6a1c09b"


def upgrade() -> None:
    op.create_table(
        "sandbox_tasks",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_table(
        "sandbox_task_events",
        sa.Column("task_id", sa.Text, sa.ForeignKey("sandbox_tasks.id"), primary_key=True),
        sa.Column("sequence_no", sa.Integer, primary_key=True),
        sa.Column("payload", postgresql.JSONB, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("sandbox_task_events")
    op.drop_table("sandbox_tasks")
