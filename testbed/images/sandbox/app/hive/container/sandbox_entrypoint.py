"""The sandbox's API: needs its database and its writable folders from the start."""

import asyncio
import os
import pathlib

import asyncpg

from hive import database, version, web
from hive.log import event

WRITABLE = ("/sandbox/commands", "/sandbox/tasks", "/tmp")
BACKENDS = ("codex_cli", "relay_helper", "deterministic_proof")
PREFIX = "HIVE_SANDBOX_CODEX_"

pool: asyncpg.Pool | None = None


def _settings() -> None:
    if _backend() not in BACKENDS:
        raise web.StartupError(f"HIVE_SANDBOX_CODING_BACKEND must be one of {', '.join(BACKENDS)}")
    for path in (*WRITABLE, os.environ.get("HOME", "/home/codex")):
        web.writable(path)
    _codex_config()


def _backend() -> str:
    return os.environ.get("HIVE_SANDBOX_CODING_BACKEND") or "codex_cli"


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _codex_config() -> None:
    """Writes `~/.codex/config.toml` once, when the environment names a provider."""
    value = {name: os.environ.get(PREFIX + name, "") for name in ("PROVIDER_ID", "PROVIDER_NAME", "BASE_URL", "WIRE_API", "ENV_KEY")}
    provider = value["PROVIDER_ID"]
    if not provider or not value["BASE_URL"]:
        return
    file = pathlib.Path(os.environ.get("HOME", "/home/codex"), ".codex", "config.toml")
    if file.exists():
        return
    auth = os.environ.get(PREFIX + "REQUIRES_OPENAI_AUTH", "").lower() == "true"
    lines = [
        f"model = {_quoted(os.environ.get(PREFIX + 'MODEL') or 'qwen3-max')}",
        f"model_provider = {_quoted(provider)}",
        "",
        f"[model_providers.{_quoted(provider)}]",
        f"name = {_quoted(value['PROVIDER_NAME'] or provider)}",
        f"base_url = {_quoted(value['BASE_URL'])}",
    ]
    lines += [f"{name.lower()} = {_quoted(value[name])}" for name in ("WIRE_API", "ENV_KEY") if value[name]]
    lines += [f"requires_openai_auth = {str(auth).lower()}", ""]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines))
    event("info", f"wrote {file}")


async def _start() -> None:
    global pool
    pool = await database.connect()


async def _stop() -> None:
    if pool is not None:
        pool.terminate()


async def _health() -> dict:
    state = "ok"
    try:
        await asyncio.wait_for(pool.fetchval("SELECT 1"), 1)
    except (OSError, asyncio.TimeoutError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        state = "unreachable"
    return {
        "status": "ok" if state == "ok" else "degraded",
        "role": "sandbox",
        "version": version(),
        "database": state,
        "coding_backend": _backend(),
    }


app = web.create("sandbox", _health, settings=_settings, start=_start, stop=_stop)
