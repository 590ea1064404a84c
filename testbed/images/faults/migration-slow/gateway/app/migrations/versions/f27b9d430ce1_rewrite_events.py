"""Takes half a minute, as rewriting a large table would."""

from alembic import op

revision = "f27b9d430ce1"
down_revision = "c4186e2fb73a"


def upgrade() -> None:
    op.execute("SELECT pg_sleep(30)")
    op.execute("ALTER TABLE sandbox_task_events ADD COLUMN durable boolean DEFAULT false NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE sandbox_task_events DROP COLUMN durable")
