"""The database's schema against the one that the code was written for."""

import asyncpg
from alembic.config import Config
from alembic.script import ScriptDirectory

from hive import APP
from hive.web import StartupError

JOB = "the migration Job (openhive-db-migrate, `alembic upgrade head`)"


def _history() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(APP / "migrations"))
    return ScriptDirectory.from_config(config)


async def revision(pool: asyncpg.Pool) -> str | None:
    """The revision that the database is at; None when it was never migrated."""
    try:
        return await pool.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        return None


async def check(pool: asyncpg.Pool) -> str:
    """The database's revision, which is the code's head or else a StartupError."""
    history = _history()
    head = history.get_current_head()
    found = await revision(pool)
    if found == head:
        return head
    if found is None:
        raise StartupError(f"the database has no schema, and this image needs revision {head}: run {JOB} first")
    if found in {script.revision for script in history.walk_revisions()}:
        raise StartupError(f"the database is at revision {found}, and this image needs {head}: run {JOB} first")
    raise StartupError(
        f"the database is at revision {found}, which this image does not know (its head is {head}): "
        "use the newer image, or restore the database from before its migration"
    )
