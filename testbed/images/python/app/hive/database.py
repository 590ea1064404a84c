"""The external PostgreSQL, by `DATABASE_URL` alone."""

import asyncio
import os
import urllib.parse

import asyncpg

from hive.web import StartupError

TIMEOUT = 5


def _dsn() -> str:
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        raise StartupError("DATABASE_URL is not set")
    try:
        parts = urllib.parse.urlsplit(url)
        parts.port
    except ValueError:
        raise StartupError("DATABASE_URL cannot be parsed (postgresql+asyncpg://USER:PASSWORD@HOST:PORT/NAME)") from None
    if parts.scheme != "postgresql+asyncpg" or not parts.hostname:
        raise StartupError("DATABASE_URL is not of the form postgresql+asyncpg://USER:PASSWORD@HOST:PORT/NAME")
    # SQLAlchemy's driver calls the option `ssl`, PostgreSQL's own URLs `sslmode`.
    query = [("sslmode" if name == "ssl" else name, value) for name, value in urllib.parse.parse_qsl(parts.query)]
    return parts._replace(scheme="postgresql", query=urllib.parse.urlencode(query)).geturl()


def address() -> str:
    """Host and port for people: nothing of the URL that is secret."""
    parts = urllib.parse.urlsplit(os.environ.get("DATABASE_URL", ""))
    return f"{parts.hostname}:{parts.port or 5432}"


async def connect() -> asyncpg.Pool:
    """A pool with one live connection; a StartupError that names the database's address otherwise."""
    dsn = _dsn()
    try:
        return await asyncio.wait_for(asyncpg.create_pool(dsn, min_size=1, max_size=4, timeout=TIMEOUT), TIMEOUT + 1)
    except (asyncio.TimeoutError, TimeoutError):
        raise StartupError(f"database {address()} did not answer within {TIMEOUT} s") from None
    except OSError as error:
        raise StartupError(f"database {address()} is unreachable: {error}") from None
    except asyncpg.PostgresError as error:
        raise StartupError(f"database {address()} refused the connection: {error}") from None
    except (ValueError, asyncpg.InterfaceError):
        raise StartupError("DATABASE_URL has a part that the driver does not understand") from None
