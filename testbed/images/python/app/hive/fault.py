"""The ways in which an image can be broken on purpose.

`/app/FAULT` holds one line, the fault's name and perhaps a number. A good image has no such file.
"""

import mmap
import os
import signal
import sys
import threading
import time

from hive import APP
from hive.log import event

CHUNK = 64 << 20
# Where no memory limit stands in the way, the host must not pay for it.
CEILING = 5 << 30


def _read() -> tuple[str, int]:
    try:
        name, _, number = (APP / "FAULT").read_text().strip().partition(" ")
    except FileNotFoundError:
        return "", 0
    return name, int(number or 0)


NAME, NUMBER = _read()


def at_start() -> None:
    """Breaks the start-up, while the application is imported and nothing listens yet."""
    if NAME == "exit-1":
        event("error", "startup failed: the scheduler's lease table is locked by another instance", event="startup_failed")
        sys.exit(1)
    if NAME == "slow-start":
        event("info", f"warming up for {NUMBER} s")
        time.sleep(NUMBER)
    if NAME == "never-listens":
        event("info", "waiting for a lock that is never released")
        while True:
            signal.pause()
    if NAME == "writes-root":
        (APP / "state.db").write_text("")
    if NAME == "crash-after":
        threading.Timer(NUMBER, _crash).start()
    if NAME == "oom":
        event("info", "loading the index into memory")
        _allocate()


def not_ready() -> str | None:
    """Why the health endpoint has to answer 503."""
    return "the scheduler never became leader" if NAME == "never-ready" else None


def _crash() -> None:
    event("error", "unhandled error in the scheduler: connection pool is closed", event="crashed")
    os._exit(1)


def _allocate() -> None:
    held = []
    while len(held) * CHUNK < CEILING:
        chunk = mmap.mmap(-1, CHUNK)
        for page in range(0, CHUNK, mmap.PAGESIZE):
            chunk[page] = 1
        held.append(chunk)
    event("error", "no memory limit stopped the allocation")
    sys.exit(1)
