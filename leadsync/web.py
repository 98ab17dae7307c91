"""The web process with what it may ask of HubSpot, which the receiver itself cannot: neither process imports the
other."""

import structlog
from flask import Flask

from leadcore.errors import SettingsError
from leadcore.machine import Machine
from leadsync.contact_search import HubSpotContacts
from receiver import server
from workers.settings import read_worker

log = structlog.get_logger("leadsync.web")


def application() -> Flask:
    """The application factory of a console with names. Without the means to ask HubSpot it shows none: leads are worth
    more."""
    try:
        contacts = HubSpotContacts(read_worker(), Machine())
    except SettingsError as mistake:
        app = server.application()
        log.warning("console.no_names", why=str(mistake))
        return app
    return server.application(contacts)
