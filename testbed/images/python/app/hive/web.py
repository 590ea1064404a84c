"""What the Python roles have in common: an ASGI application with a health endpoint."""

import contextlib
import hmac
import logging
import os
import sys

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from hive import fault, log


class StartupError(Exception):
    """The application cannot start; the message says why and what to do."""


def create(role: str, health, routes=(), start=None, stop=None, settings=None) -> Starlette:
    """An application that serves `routes` and `GET /healthz`.

    `settings` is called at once, `start` when the event loop runs and before anything listens;
    a StartupError of either ends the process with status 1.
    """
    log.setup(role)
    fault.at_start()
    if settings is not None:
        try:
            settings()
        except StartupError as error:
            _failed(error)
            sys.exit(1)

    async def healthz(_request: Request) -> JSONResponse:
        if reason := fault.not_ready():
            return JSONResponse({"status": "starting", "role": role, "reason": reason}, 503)
        return JSONResponse(await health())

    @contextlib.asynccontextmanager
    async def lifespan(_app):
        if start is not None:
            try:
                await start()
            except StartupError as error:
                _failed(error)
                # uvicorn would turn any exception into its own status 3 and a traceback.
                sys.stdout.flush()
                os._exit(1)
        log.event("info", f"{role} is ready", event="started")
        yield
        if stop is not None:
            await stop()
        log.event("info", f"{role} has stopped", event="stopped")

    table = [Route("/healthz", healthz, methods=["GET"]), *routes]
    return Starlette(routes=table, lifespan=lifespan, exception_handlers={HTTPException: _http_error})


def has_internal_secret(request: Request) -> bool:
    """Whether a caller has shown the shared secret, in its own header or as a bearer token."""
    expected = os.environ.get("HIVE_INTERNAL_SECRET", "")
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    given = request.headers.get("x-internal-secret") or (token if scheme.lower() == "bearer" else "")
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


def writable(path: str) -> None:
    """Refuses to start over a folder that the contract says is writable and is not."""
    probe = os.path.join(path, ".write-probe")
    try:
        with open(probe, "w"):
            pass
        os.unlink(probe)
    except OSError as error:
        raise StartupError(f"{path} must be a writable volume: {error.strerror}") from error


def _failed(error: StartupError) -> None:
    log.event("error", f"startup failed: {error}", event="startup_failed")
    logging.shutdown()


async def _http_error(_request: Request, error: HTTPException) -> JSONResponse:
    return JSONResponse({"error": error.detail}, error.status_code)
