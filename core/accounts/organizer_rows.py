"""Organisers as rows of the catalogue: found, listed and written by external id."""

from core.accounts.models import Organizer
from core.db.external_rows import ExternalRows

ORGANIZERS = ExternalRows(Organizer)
