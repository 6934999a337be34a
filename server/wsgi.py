"""The WSGI entry point that the web server loads in each of its processes."""

# Before anything else: loading the application takes a second, in which the parent may end.
from multiprocessing import parent_process

from server.memory import few_arenas, settle
from server.stopping import end_with

if (master := parent_process()) is not None and master.pid is not None:
    end_with(master.pid)
    few_arenas()

from core.config import settings
from core.observability.logging import configure_logging
from server.app import create_app
from tracking.registry import registry

configure_logging(settings().log_level, settings().log_format)
app = create_app()
registry()  # compiled before the first visitor waits for it
settle()
