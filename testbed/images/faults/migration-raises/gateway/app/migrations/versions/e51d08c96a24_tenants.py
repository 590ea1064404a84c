"""Refers to a table that no revision has created."""

from alembic import op

revision = "e51d08c96a24"
down_revision = "c4186e2fb73a"


def upgrade() -> None:
    op.execute("ALTER TABLE projects ADD COLUMN tenant_id bigint REFERENCES tenants (id)")


def downgrade() -> None:
    op.execute("ALTER TABLE projects DROP COLUMN tenant_id")
