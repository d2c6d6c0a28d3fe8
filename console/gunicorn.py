"""gunicorn's settings: `gunicorn -c console/gunicorn.py console.wsgi:app`. Address and number come from `console web`.

Read by path and free of imports from the console, so that nothing of it is loaded before a worker is patched:
gunicorn's gevent worker patches the standard library first and only then loads the application.
"""

from __future__ import annotations

import gc
import os
import resource
from typing import Any

# Each stream is an open file, and many systems allow 1,024 unless asked for more.
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
_wanted = 16_384 if _hard == resource.RLIM_INFINITY else min(16_384, _hard)
resource.setrlimit(resource.RLIMIT_NOFILE, (max(_soft, _wanted), _hard))

# Read when gevent is first imported. Who started which greenlet helps in a debugger only, and costs each connection.
os.environ.setdefault("GEVENT_TRACK_GREENLET_TREE", "0")
worker_class = "gevent"
worker_connections = 4000
"""Every open page holds one stream; each is a greenlet, not a thread."""
timeout = 30
graceful_timeout = 1
"""Streams never end by themselves; pages reconnect at once, so a stop need not wait for them."""
keepalive = 30
backlog = 2048
loglevel = "warning"
control_socket_disable = True
forwarded_allow_ips = ""
"""Who may set X-Forwarded-* is decided in one place, the application: CONSOLE_TRUSTED_PROXIES."""


def post_worker_init(_worker: Any) -> None:
    """Let the collector pass over what the loaded application is made of, and look less often: a page makes tens of
    thousands of objects that die by themselves. All that is left to look at is young: every so often costs little, and
    what a thousand requests at once left behind does not stay for long."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 5)


def child_exit(_server: Any, worker: Any) -> None:
    """Forget the live numbers of a web process that is gone, where several share a folder."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)
