"""What every Python process of an image does first.

The kernel ignores SIGTERM for process 1 unless it has a handler, and `alembic` or a pipeline's job
has none: without this a pod would take its whole grace period to stop. uvicorn puts its own handler
in place of this one once it serves.
"""

import os
import signal


def _stop(_signal, _frame):
    os._exit(143)


if os.getpid() == 1:
    signal.signal(signal.SIGTERM, _stop)
