"""`python -m sandbox.hubspot --port P`: serve the stand-in on 127.0.0.1."""

import argparse

from sandbox.http_server import serve
from sandbox.hubspot import Portal, create_app

parser = argparse.ArgumentParser(prog="python -m sandbox.hubspot", description="A stand-in for HubSpot.")
parser.add_argument("--port", type=int, required=True)

if __name__ == "__main__":
    serve(create_app(Portal()), parser.parse_args().port)
