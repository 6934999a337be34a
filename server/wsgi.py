"""The WSGI entry point that the web server loads in each of its processes."""

# Before anything else: loading the application takes a second, in which the parent may end.
from multiprocessing import parent_process

from server.stopping import end_with

if (master := parent_process()) is not None and master.pid is not None:
    end_with(master.pid)

from core.config import settings
from core.observability.logging import configure_logging
from server.app import create_app

configure_logging(settings().log_level, settings().log_format)
app = create_app()
