"""Structured logs: one JSON object a line on stdout, and no secret in any of them."""

import json
import logging
import os
import sys
import time
import urllib.parse

SECRETS = (
    "DATABASE_URL",
    "DASHBOARD_SESSION_SECRET",
    "HIVE_INTERNAL_SECRET",
    "HIVE_ADMIN_PASSWORD",
    "HIVE_SANDBOX_WORKSPACE_APPLY_RELAY_TOKEN",
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "DEEPSEEK_API_KEY",
    "QWEN_API_KEY",
)
PROBES = ("/healthz",)


def _secret_values() -> list[str]:
    values = [os.environ.get(name, "") for name in SECRETS]
    try:
        password = urllib.parse.urlsplit(values[0]).password or ""
    except ValueError:
        password = ""
    values += [password, urllib.parse.unquote(password)]
    # A shorter value is no secret that can be told from a common word.
    return sorted({value for value in values if len(value) >= 6}, key=len, reverse=True)


class JsonFormatter(logging.Formatter):
    def __init__(self, role: str):
        super().__init__()
        self.role = role
        self.secrets = _secret_values()

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "ts": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{record.msecs:03.0f}Z",
            "level": record.levelname.lower(),
            "role": self.role,
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry.update(getattr(record, "fields", {}))
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        line = json.dumps(entry)
        for secret in self.secrets:
            line = line.replace(json.dumps(secret)[1:-1], "***")
        return line


def _worth_a_line(record: logging.LogRecord) -> bool:
    """Answered probes are not: there is one every few seconds."""
    if record.name != "uvicorn.access" or not isinstance(record.args, tuple) or len(record.args) != 5:
        return True
    _client, _method, path, _http, status = record.args
    return status != 200 or path.split("?")[0] not in PROBES


def setup(role: str) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(role))
    handler.addFilter(_worth_a_line)
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def event(level: str, message: str, **fields) -> None:
    logging.getLogger("hive").log(getattr(logging, level.upper()), message, extra={"fields": fields})
