"""The description of all HTTP calls (OpenAPI 3.1), which `make openapi` makes of docs/openapi.yaml."""

from importlib.resources import files

from flask import Blueprint, Response


def blueprint() -> Blueprint:
    """GET /openapi.json, for anybody: it says nothing of this deployment."""
    pages = Blueprint("description", __name__)
    text = files(__package__).joinpath("openapi.json").read_bytes()

    @pages.get("/openapi.json")
    def description() -> Response:
        return Response(text, mimetype="application/json")

    return pages
