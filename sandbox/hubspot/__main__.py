"""`python -m sandbox.hubspot --port P`: serve the stand-in on 127.0.0.1."""

import argparse
from pathlib import Path

import msgspec

from sandbox.http_server import serve
from sandbox.hubspot import Portal, create_app, snapshot
from sandbox.state_file import StateFile

parser = argparse.ArgumentParser(prog="python -m sandbox.hubspot", description="A stand-in for HubSpot.")
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--state", type=Path, metavar="FILE", help="keep the portal here")


def main() -> None:
    given = parser.parse_args()
    portal = Portal()
    state = StateFile(given.state, lambda: snapshot.save(portal))
    saved = state.read()
    if saved:
        snapshot.restore(portal, saved)
    # What runs here has no pages, so nothing may lead to HubSpot's.
    portal.settings = msgspec.structs.replace(portal.settings, ui_domain="localhost")
    with state:
        serve(state.watch(create_app(portal)), given.port)


if __name__ == "__main__":
    main()
