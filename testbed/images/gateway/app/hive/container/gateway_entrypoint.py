"""The baseline gateway: probeable before anything else is configured."""

from hive import version, web


async def _health() -> dict:
    return {"status": "ok", "role": "gateway", "mode": "baseline", "version": version()}


app = web.create("gateway", _health)
