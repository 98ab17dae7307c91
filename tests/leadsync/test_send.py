"""`leadsync send`, and what it says of an answer that is not the receiver's."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from click.testing import CliRunner, Result
from flask import Flask, Response, request

from leadsync.cli import cli
from sandbox.http_server import running
from tests.conftest import lead


@contextmanager
def answering(answer: Response) -> Iterator[tuple[str, list[bytes]]]:
    """The URL of something that answers every post like this, and the bodies that it was sent."""
    app, bodies = Flask("another"), list[bytes]()

    @app.post("/", defaults={"path": ""})
    @app.post("/<path:path>")
    def take(path: str) -> Response:
        bodies.append(request.get_data())
        return answer

    with running(app) as server:
        yield server.url, bodies


def send(url: str, tmp_path: Path, payload: str = "", **environ: str) -> Result:
    file = tmp_path / "payload.json"
    file.write_text(payload or json.dumps(lead("c", name="Ann Lee")))
    port = {"PORT": str(urlsplit(url).port), "HOST": "", "DEALDROID_SECRET": "x" * 32}
    return CliRunner().invoke(cli, ["send", str(file)], env={**port, **environ})


def test_send_says_when_another_program_answers(tmp_path: Path) -> None:
    with answering(Response("<!doctype html><h1>Hello</h1>", 501)) as (url, _):
        done = send(url, tmp_path)
    assert (done.exit_code, "<h1>" in done.output) == (1, False)
    assert f"Is the receiver at {url}" in done.output


def test_send_takes_the_secret_to_no_other_address(tmp_path: Path) -> None:
    with (
        answering(Response("[]", content_type="application/json")) as (other, bodies),
        answering(Response(status=307, headers={"Location": other})) as (url, _),
    ):
        assert send(url, tmp_path).exit_code == 1
    assert bodies == []


def test_send_says_when_the_receiver_has_another_secret(tmp_path: Path) -> None:
    with answering(Response('{"error": "Forbidden"}', 403, content_type="application/json")) as (url, _):
        assert "another DEALDROID_SECRET" in send(url, tmp_path).output


def test_send_posts_what_only_dealdroid_would_call_json(tmp_path: Path) -> None:
    with answering(Response("[]", content_type="application/json")) as (url, bodies):
        assert send(url, tmp_path, '{"mid": "m", "price": NaN, "name": "\\ud800"}').exit_code == 0
    assert [b"NaN" in body and b"\\ud800" in body for body in bodies] == [True]


def test_send_says_that_a_file_is_nested_too_deeply(tmp_path: Path) -> None:
    deep = '{"v": ' + "[" * 5000 + "]" * 5000 + "}"
    done = send("http://127.0.0.1:1", tmp_path, deep)
    assert (done.exit_code, done.stderr) == (1, "payload.json: not a JSON object\n")
