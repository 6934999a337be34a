"""The WSGI entry point that the web server loads in each of its processes."""

from core.config import settings
from core.observability.logging import configure_logging
from server.app import create_app

configure_logging(settings().log_level, settings().log_format)
app = create_app()
