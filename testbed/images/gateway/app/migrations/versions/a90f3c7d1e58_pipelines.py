"""Pipelines that the gateway deploys."""

import sqlalchemy as sa
from alembic import op

revision = "a90f3c7d1e58"
down_revision = "7be2905d41fc"


def upgrade() -> None:
    op.create_table(
        "pipelines",
        sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("schedule", sa.Text, server_default="", nullable=False),
    )
    op.create_index("pipelines_by_schedule", "pipelines", ["schedule"])


def downgrade() -> None:
    op.drop_table("pipelines")
