"""Nothing unpickles, templates cannot reach Python, and a mistake in the TOML file stops the start."""

import json
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from leadcore.config import parse
from leadcore.store import keys
from leadsync.cli import main
from tests.conftest import PATIENT, ROOT, Line, lead
from workers.rules.texts import ConfirmationContext, MessageTemplates

# Python runs a module of this name at its start. The standard library may go on to hand its own processes their
# arguments with `pickle.load`; what comes as bytes from elsewhere would go through `loads`.
FATAL = """
import os, pickle, _pickle

def loads(*_, **__):
    os.write(2, b"UNPICKLED\\n")
    os._exit(99)

pickle.loads = _pickle.loads = pickle._loads = loads
"""


@pytest.fixture
def no_pickle(tmp_path: Path, processes: None) -> str:
    """A PYTHONPATH under which `pickle.loads` ends the process."""
    folder = tmp_path / "fatal"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(FATAL)
    probe = [sys.executable, "-c", "import pickle; pickle.loads(pickle.dumps(1))"]
    assert subprocess.run(probe, env={**os.environ, "PYTHONPATH": str(folder)}, check=False).returncode == 99
    return str(folder)


def test_a_lead_is_synced_and_confirmed_although_unpickling_is_fatal(
    spare_line: Callable[..., Line], no_pickle: str
) -> None:
    line = spare_line(PYTHONPATH=no_pickle, WEB_CONCURRENCY="1")
    line.start("web")
    line.start("worker")
    line.await_web()
    line.await_workers(1)
    line.sync(lead("c-1", name="Somchai Jaidee", phone="0812345678"))
    assert line.crm.contact("c-1")["firstname"] == "Somchai"
    assert len(line.chat.told("c-1")) == 1
    assert "UNPICKLED" not in line.logs()
    assert "process.ended" not in line.logs()


def test_a_job_is_json_and_holds_a_shard_number_only(spare_line: Callable[..., Line]) -> None:
    line = spare_line(WEB_CONCURRENCY="1")
    line.start("web", **PATIENT)
    line.await_web()
    line.send(lead("c-1", name="Somchai Jaidee", phone="0812345678"))
    [job] = line.redis.scan_iter("rq:job:*")
    name, instance, arguments, keywords = json.loads(zlib.decompress(line.redis.hget(job, "data")))
    assert (name, instance, len(arguments), keywords) == ("workers.jobs.sync", None, 1, {})
    assert arguments[0] in range(64)
    stored = b" ".join(value for pair in line.redis.hgetall(job).items() for value in pair)
    assert b"Somchai" not in stored
    assert b"c-1" not in stored
    assert line.redis.llen("rq:queue:" + keys.QUEUE) == 1


COMMANDS = [("web",), ("worker", "--count", "2"), ("worker", "--one"), ("all",), ("config", "check")]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A TOML file that the environment names. There is no Redis where it would be looked for."""
    file = tmp_path / "shop.toml"
    environ = {"DEALDROID_SECRET": "s", "HUBSPOT_ACCESS_TOKEN": "t", "REDIS_URL": "redis://127.0.0.1:1/0", "PORT": "0"}
    for name, value in {**environ, "LEADSYNC_KEY": "k" * 32, "LEADSYNC_CONFIG": str(file)}.items():
        monkeypatch.setenv(name, value)
    return file


def assert_refused(code: object, out: str, err: str, *words: str) -> None:
    assert (code, out) == (2, ""), err
    [line] = err.splitlines()
    assert line.startswith("leadsync: ")
    assert all(word in line for word in words), line


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.processes
def test_a_mistake_stops_the_start_of_every_process_in_one_line(shop: Path, command: tuple[str, ...]) -> None:
    shop.write_text("[inbox]\nshards = 0")
    words = [sys.executable, "-m", "leadsync", *command]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert_refused(ended.returncode, ended.stdout, ended.stderr, "shop.toml: line 2: inbox.shards")


def assert_check_refuses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shop: Path, source: str, *words: str
) -> None:
    shop.write_text(source, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["leadsync", "config", "check"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert_refused(caught.value.code, *capsys.readouterr(), *words)


@pytest.mark.parametrize(
    ("source", "number", "word"),
    [
        ("[crm]\ncountry = 'TH'\ncountri = 'TH'", 3, "countri"),
        ("[crm]\ncountry = TH", 2, "TOML"),
        ("[crm\n", 1, "TOML"),
        ("[intents.A]\nlead = true\n[intents.B]\nlead = 'no'", 4, "lead"),
        ("[mapping]\nphone = 'mobilephone'\ncompany = 'hs_marketable_status'", 3, "hs_marketable_status"),
        ("[intents.A]\n\n[intents.'B  b'.reply]\nen = ['{{ x }}']", 4, 'intents."B b".reply.en: there is no {{x}}'),
        (
            "[messages.texts.th]\ndetails_saved = '\\\n{{ x }}'".replace("'", '"""'),
            2,
            "messages.texts.th.details_saved: ",
        ),
        ("[intents.A]\n[intents.B]\ntexts.en.details_saved = '{{'", 3, 'intents."B".texts.en.details_saved: '),
        ("[orders.messages]\nth.Shipped = '{{'", 2, 'orders.messages.th."Shipped": '),
        ("[payment.thanks]\nen = '{{ x }}'", 2, "payment.thanks.en: "),
        ("[notify]\non = []\ntext = '{{ phone }}'", 3, "notify.text: {{phone}} needs private = true"),
        ("\n[hooks]\non = ['x']", 3, "hooks.on: there is no event 'x'"),
    ],
)
def test_the_check_names_the_line_of_a_mistake(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shop: Path, source: str, number: int, word: str
) -> None:
    assert_check_refuses(monkeypatch, capsys, shop, source, "shop.toml: ", f"line {number}", word)


ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ firstname['__class__'] }}",
    "{{ firstname|attr('__class__') }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ cycler.__init__.__globals__.os.environ }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context.environment }}",
    "{{ '{0.__class__.__init__.__globals__}'.format(firstname) }}",
    "{{ firstname.format_map.__self__ }}",
    "{% set x = firstname %}{% for c in x.__class__.__base__.__subclasses__() %}{{ c }}{% endfor %}",
    "{% import 'os' as os %}{{ os.environ }}",
    "{% include '/etc/passwd' %}",
    "{{ config }}",
    "{{ request.environ }}",
    "{{ range(999999999)|list }}",
]


@pytest.mark.parametrize("escape", ESCAPES)
def test_a_text_that_reaches_for_python_stops_the_start_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shop: Path, escape: str
) -> None:
    source = f"[messages.texts.en]\ndetails_saved = '''{escape}'''"
    assert_check_refuses(monkeypatch, capsys, shop, source, "messages.texts.en.details_saved")


@pytest.mark.parametrize("filtered", ["map(attribute='__class__')", "map('attr', '__class__')"])
def test_a_text_that_reaches_for_python_by_a_filter_finds_nothing(filtered: str) -> None:
    """Jinja's sandbox puts "undefined" in its place."""
    texts = MessageTemplates.compile(
        parse(f'messages.texts.en.details_saved = "{{{{ [firstname]|{filtered}|list }}}}"')
    )
    told = texts.render(ConfirmationContext("Purchase", "en", True, False, False, "", {"firstname": "Jo"}))
    assert told == "[Undefined]"


@pytest.mark.processes
def test_a_worker_does_not_start_with_such_a_text_either(shop: Path) -> None:
    shop.write_text("[messages.texts.en]\ndetails_saved = '{{ lipsum.__globals__ }}'")
    words = [sys.executable, "-m", "leadsync", "worker", "--one"]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert_refused(ended.returncode, ended.stdout, ended.stderr, "messages.texts.en.details_saved")
