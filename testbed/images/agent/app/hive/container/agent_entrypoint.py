"""One agent's runtime; health-only until the gateway gives it a configuration."""

import asyncio
import dataclasses
import json
import os
import pathlib
import urllib.error
import urllib.request

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from hive import fault, version, web
from hive.log import event

VENDOR_KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "DEEPSEEK_API_KEY", "QWEN_API_KEY")


@dataclasses.dataclass
class Runtime:
    status: str = "starting"
    runtime_ready: bool = False
    readiness_reason: str | None = "initialising"
    agent_id: str | None = None
    project_id: str | None = None
    controller_id: str | None = None


runtime = Runtime()
initialisation: asyncio.Task | None = None
workspace = os.environ.get("HIVE_WORKSPACE", "")


async def _start() -> None:
    """Lets the server listen while the runtime initialises: `status=starting` can be seen."""
    global initialisation
    initialisation = asyncio.create_task(_initialise())


async def _initialise() -> None:
    if fault.NAME == "runtime-starting":
        runtime.readiness_reason = "waiting for the memory index to load"
        return
    try:
        runtime.readiness_reason = _bootstrap()
        runtime.status = "ok"
    except web.StartupError as error:
        runtime.status, runtime.readiness_reason = "error", str(error)
        event("error", f"bootstrap failed: {error}", event="bootstrap_failed")
    runtime.runtime_ready = runtime.status == "ok" and runtime.readiness_reason is None


def _bootstrap() -> str | None:
    """Brings the runtime up; returns why it stays without one, raises when it should have one."""
    if not workspace:
        raise web.StartupError("HIVE_WORKSPACE is not set")
    web.writable(workspace)
    if fault.NAME == "runtime-error":
        raise web.StartupError("the agent's model profile names a tool that this image does not have: browser")
    text = os.environ.get("HIVE_AGENT_CONFIG_JSON")
    if not text:
        return "HIVE_AGENT_CONFIG_JSON is not set: health-only"
    try:
        config = json.loads(text)
        runtime.agent_id = str(config["agent_id"])
        runtime.project_id = config.get("project_id")
        runtime.controller_id = config.get("controller_id")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise web.StartupError("HIVE_AGENT_CONFIG_JSON is not a JSON object with an agent_id") from None
    for name in ("HIVE_GATEWAY_URL", "HIVE_INTERNAL_SECRET"):
        if not os.environ.get(name):
            raise web.StartupError(f"{name} is not set")
    if keys := [name for name in VENDOR_KEYS if os.environ.get(name)]:
        raise web.StartupError(f"{', '.join(keys)} must not be given to an agent: model calls go through the gateway")
    return None


async def _health() -> dict:
    return {
        "status": runtime.status,
        "role": "agent",
        "version": version(),
        "workspace": workspace,
        "runtime_ready": runtime.runtime_ready,
        "agent_id": runtime.agent_id,
        "project_id": runtime.project_id,
        "controller_id": runtime.controller_id,
        "deployment_backend": os.environ.get("HIVE_DEPLOYMENT_BACKEND"),
        "readiness_reason": runtime.readiness_reason,
    }


def _refusal(request: Request) -> JSONResponse | None:
    if not web.has_internal_secret(request):
        return JSONResponse({"error": "the gateway's shared secret is required"}, 401)
    if not runtime.runtime_ready:
        return JSONResponse({"error": runtime.readiness_reason}, 409)
    return None


def _relay() -> str:
    url = os.environ["HIVE_GATEWAY_URL"].rstrip("/") + "/healthz"
    try:
        with urllib.request.urlopen(url, timeout=3):
            return "ok"
    except (OSError, urllib.error.URLError, ValueError) as error:
        return f"unreachable: {getattr(error, 'reason', error)}"


async def _run(request: Request) -> JSONResponse:
    if refusal := _refusal(request):
        return refusal
    relay = await asyncio.get_running_loop().run_in_executor(None, _relay)
    status = 200 if relay == "ok" else 502
    return JSONResponse({"agent_id": runtime.agent_id, "gateway": relay}, status)


async def _flush_memory(request: Request) -> JSONResponse:
    if refusal := _refusal(request):
        return refusal
    pathlib.Path(workspace, "memory.json").write_text("{}\n")
    return JSONResponse({"agent_id": runtime.agent_id, "flushed": True})


app = web.create(
    "agent",
    _health,
    routes=[
        Route("/run", _run, methods=["POST"]),
        Route("/resume-run", _run, methods=["POST"]),
        Route("/flush-memory", _flush_memory, methods=["POST"]),
    ],
    start=_start,
)
