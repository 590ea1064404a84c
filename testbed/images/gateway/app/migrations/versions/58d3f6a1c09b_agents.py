"""Agents and who controls them."""

import sqlalchemy as sa
from alembic import op

revision = "58d3f6a1c09b"
down_revision = "1c7e40b9a2d6"


def upgrade() -> None:
    op.create_table(
        "agents",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("controller_id", sa.Text, nullable=False),
        sa.Column("runtime_name", sa.Text, nullable=False, unique=True),
        sa.Column("status", sa.Text, server_default="starting", nullable=False),
    )


def downgrade() -> None:
    op.drop_table("agents")
