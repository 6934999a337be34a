"""The WSGI entry point that the web server loads in each of its processes."""

from multiprocessing import parent_process

from core.config import settings
from core.observability.logging import configure_logging
from server.app import create_app
from server.stopping import end_with

if (master := parent_process()) is not None and master.pid is not None:
    end_with(master.pid)
configure_logging(settings().log_level, settings().log_format)
app = create_app()
