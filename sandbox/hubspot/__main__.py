"""`python -m sandbox.hubspot --port P`: serve the stand-in on 127.0.0.1."""

import argparse

from sandbox.hubspot import Portal, create_app
from sandbox.serving import serve

parser = argparse.ArgumentParser(prog="python -m sandbox.hubspot", description="A stand-in for HubSpot.")
parser.add_argument("--port", type=int, required=True)

if __name__ == "__main__":
    serve(create_app(Portal()), parser.parse_args().port)
