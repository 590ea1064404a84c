"""Runs the migrations on the database that `DATABASE_URL` names."""

import asyncio
import os
import sys

from alembic import context
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from hive import log

log.setup("migration")


def _url():
    text = os.environ.get("DATABASE_URL", "")
    if not text:
        sys.exit("DATABASE_URL is not set")
    try:
        return make_url(text)
    except (ArgumentError, ValueError):
        # The library's own message repeats the whole URL.
        sys.exit("DATABASE_URL cannot be parsed (postgresql+asyncpg://USER:PASSWORD@HOST:PORT/NAME)")


def _run(connection) -> None:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


async def _online() -> None:
    # Long enough for a busy node to open the database to a pod that has just started: the first
    # failure of a migration is final.
    engine = create_async_engine(_url(), poolclass=NullPool, connect_args={"timeout": 15})
    async with engine.connect() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    asyncio.run(_online())
