"""The full control plane: strict start-up, schema check, a small API."""

import asyncio
import hashlib
import hmac
import os

import asyncpg
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from hive import APP, database, version, web
from hive.log import event
from hive.web import StartupError

REQUIRED = (
    "DATABASE_URL",
    "DASHBOARD_SESSION_SECRET",
    "HIVE_INTERNAL_SECRET",
    "HIVE_ADMIN_USERNAME",
    "HIVE_ADMIN_PASSWORD",
    "HIVE_WORKSPACE",
)
# What container mode with the Kubernetes backend cannot make an agent without.
KUBERNETES = ("HIVE_AGENT_RUNTIME_GATEWAY_URL", "HIVE_AGENT_RUNTIME_IMAGE", "HIVE_K8S_AGENT_NAMESPACE")
PLACEHOLDERS = ("replace-", "change-me", "changeme")
COOKIE = "openhive_session"

pool: asyncpg.Pool | None = None
schema_revision: str | None = None


def _flag(name: str, default: bool) -> bool:
    return os.environ.get(name, str(default)).strip().lower() in ("1", "true", "yes", "on")


STRICT = _flag("HIVE_STRICT_STARTUP", False)


def _settings() -> None:
    names = list(REQUIRED)
    if os.environ.get("HIVE_POOL_BACKEND", "local") == "container":
        backend = os.environ.get("HIVE_CONTAINER_RUNTIME_BACKEND", "")
        if backend not in ("kubernetes", "local_subprocess"):
            raise StartupError("HIVE_POOL_BACKEND=container needs HIVE_CONTAINER_RUNTIME_BACKEND=kubernetes or local_subprocess")
        names += KUBERNETES if backend == "kubernetes" else ()
    missing = [name for name in names if not os.environ.get(name)]
    placeholders = [
        name
        for name in REQUIRED
        if os.environ.get(name, "").startswith(PLACEHOLDERS) or "postgres.example" in os.environ.get(name, "")
    ]
    problems = [f"{name} is not set" for name in missing] + [f"{name} is still a placeholder" for name in placeholders]
    if not problems:
        return
    if STRICT:
        raise StartupError("; ".join(problems))
    for problem in problems:
        event("warning", problem)


async def _start() -> None:
    global pool, schema_revision
    try:
        web.writable(os.environ.get("HIVE_WORKSPACE", "/data/hive"))
        pool = await database.connect()
        schema_revision = await _schema()
        if _flag("HIVE_METADATA_CREATE_ON_STARTUP", True):
            await pool.execute("CREATE TABLE IF NOT EXISTS platform_metadata (name text PRIMARY KEY, value text NOT NULL)")
    except StartupError as error:
        if STRICT:
            raise
        event("error", f"degraded: {error}", event="degraded")


async def _schema() -> str | None:
    # Imported here: it brings SQLAlchemy along, which a process that fails earlier has no need of.
    from hive import schema

    mode = os.environ.get("HIVE_STARTUP_MIGRATION_MODE", "upgrade")
    if mode == "check":
        return await schema.check(pool)
    if mode == "upgrade":
        alembic = await asyncio.create_subprocess_exec("alembic", "upgrade", "head", cwd=APP)
        if status := await alembic.wait():
            raise StartupError(f"alembic upgrade head ended with status {status}")
    elif mode != "off":
        raise StartupError("HIVE_STARTUP_MIGRATION_MODE is neither check nor upgrade nor off")
    return await schema.revision(pool)


async def _stop() -> None:
    if pool is not None:
        pool.terminate()


async def _health() -> dict:
    state, agents = "unreachable", None
    if pool is not None:
        try:
            agents = await asyncio.wait_for(pool.fetchval("SELECT count(*) FROM agents WHERE status = 'running'"), 1)
            state = "ok"
        except asyncpg.UndefinedTableError:
            state = "no schema"
        except (OSError, asyncio.TimeoutError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            pass
    return {
        "status": "ok" if state == "ok" else "degraded",
        "role": "gateway",
        "mode": "full",
        "version": version(),
        "database": state,
        "schema_revision": schema_revision,
        "active_agents": agents,
    }


async def _version(_request: Request) -> JSONResponse:
    return JSONResponse({"version": version(), "schema_revision": schema_revision})


def _session(user: str) -> str:
    key = os.environ.get("DASHBOARD_SESSION_SECRET", "").encode()
    return f"{user}.{hmac.new(key, user.encode(), hashlib.sha256).hexdigest()}"


async def _login(request: Request) -> JSONResponse:
    try:
        body = await request.json()
        given = f"{body['username']}\n{body['password']}"
    except (ValueError, KeyError, TypeError):
        return JSONResponse({"error": "the body must be JSON with username and password"}, 400)
    user = os.environ.get("HIVE_ADMIN_USERNAME", "")
    expected = f"{user}\n{os.environ.get('HIVE_ADMIN_PASSWORD', '')}"
    if not user or not hmac.compare_digest(given.encode(), expected.encode()):
        return JSONResponse({"error": "wrong username or password"}, 401)
    response = JSONResponse({"username": user})
    response.set_cookie(COOKIE, _session(user), httponly=True, samesite="lax")
    return response


async def _me(request: Request) -> JSONResponse:
    user = os.environ.get("HIVE_ADMIN_USERNAME", "")
    if not user or not hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), _session(user).encode()):
        return JSONResponse({"error": "not logged in"}, 401)
    return JSONResponse({"username": user})


app = web.create(
    "gateway",
    _health,
    routes=[
        Route("/api/version", _version, methods=["GET"]),
        Route("/api/auth/login", _login, methods=["POST"]),
        Route("/api/auth/me", _me, methods=["GET"]),
    ],
    settings=_settings,
    start=_start,
    stop=_stop,
)
