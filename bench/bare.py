"""The least that a Flask application can do: what the receiver's acknowledgement is measured against."""

from flask import Flask, Response


def create_app() -> Flask:
    app = Flask(__name__, static_folder=None)

    @app.post("/")
    def nothing() -> Response:
        return Response(b"[]", mimetype="application/json")

    return app
