"""The files around the code say what is true of it."""

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any, get_args
from xml.etree import ElementTree

import click
import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from leadcore import config, settings
from leadcore.config import Config, Console, Crm, Hooks, Inbox, Intent, Messages, Notes, Notify, Orders, Payment
from leadcore.errors import SettingsError
from leadcore.machine import Machine
from leadsync.cli import cli
from receiver.intake.reply import Replies
from workers.hubspot.properties import DEFINITIONS
from workers.rules.orders.texts import OrderTexts
from workers.rules.texts import MessageTemplates
from workers.settings import read_worker

ROOT = Path(__file__).parent.parent
PACKAGES = ("leadcore", "receiver", "workers", "leadsync", "sandbox", "bench")
MODULES = [file for name in PACKAGES for file in sorted((ROOT / name).rglob("*.py"))]
OF_THE_SYSTEM = {"HOME", "XDG_STATE_HOME", "DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", *settings.PLATFORM_VARIABLES}
PROCFILE = dict(re.findall(r"^(\w+): (.+)$", (ROOT / "Procfile").read_text(), re.MULTILINE))
README = (ROOT / "README.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().split()
    return {canonicalize_name(package): version for package, version in (line.split("==") for line in lines)}


def parse_command(words: list[str]) -> None:
    """As click would before it calls the command; raises `click.UsageError`."""
    name, command, rest = cli.resolve_command(click.Context(cli), words)
    assert command
    command.make_context(name, rest)


def test_the_procfile_has_the_three_processes() -> None:
    assert sorted(PROCFILE) == ["release", "web", "worker"]


@pytest.mark.parametrize("line", PROCFILE.values(), ids=PROCFILE)
def test_each_process_is_a_command_that_works_without_the_project_installed(line: str) -> None:
    python, flag, module, *words = shlex.split(line)
    assert (python, flag, module) == ("python", "-m", "leadsync")
    parse_command(words)


@pytest.mark.processes
def test_a_build_compiles_what_the_three_processes_import(tmp_path: Path) -> None:
    """The platform's disks are new at each start, so that nothing else could keep it."""
    for name in ("leadcore", "leadsync", "receiver", "workers"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run([ROOT / "bin" / "post_compile"], cwd=tmp_path, env={"PATH": path}, check=True)
    sources = {file.relative_to(tmp_path) for file in tmp_path.rglob("*.py")}
    compiled = {file.parent.parent / f"{file.name.partition('.')[0]}.py" for file in tmp_path.rglob("*.pyc")}
    assert {file.relative_to(tmp_path) for file in compiled} == sources


def test_a_wrong_command_would_be_noticed() -> None:
    with pytest.raises(click.UsageError):
        parse_command(["worker", "--counts", "2"])


def test_only_one_module_scans() -> None:
    """Elsewhere a restart of Redis in the middle of a scan would go unnoticed."""
    scans = re.compile(r"\.(scan_iter|[hsz]scan|[hsz]scan_iter)\(|\bredis\.scan\(")
    assert scans.search("self.redis.zscan_iter(")
    production = [file for file in MODULES if file.relative_to(ROOT).parts[0] not in ("sandbox", "bench")]
    assert [file.name for file in production if scans.search(file.read_text())] == ["scan.py"]


def test_requirements_satisfy_the_project() -> None:
    pinned = pins("requirements.txt")
    for text in PROJECT["project"]["dependencies"]:
        wanted = Requirement(text)
        assert pinned[canonicalize_name(wanted.name)] in wanted.specifier, text


def test_requirements_hold_all_that_they_need_and_nothing_else() -> None:
    """On the platform's Python; an older patch release may need a backport more."""
    pinned = pins("requirements.txt")
    version = (ROOT / ".python-version").read_text().strip()
    python = {"python_version": version, "python_full_version": f"{version}.99"}
    needed: set[tuple[str, str]] = set()
    open_ends = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
    while open_ends:
        one = open_ends.pop()
        for extra in ["", *one.extras]:
            if (canonicalize_name(one.name), extra) in needed:
                continue
            needed.add((canonicalize_name(one.name), extra))
            environment = {**default_environment(), **python, "extra": extra}
            further = [Requirement(text) for text in metadata.requires(one.name) or []]
            open_ends += [each for each in further if not each.marker or each.marker.evaluate(environment)]
    assert {name for name, _ in needed} == set(pinned)


def test_the_tools_are_pinned_together_with_what_production_installs() -> None:
    assert pins("requirements.txt").items() <= pins("constraints.txt").items()


@pytest.mark.parametrize("name", ["requirements.txt", "constraints.txt"])
def test_pins_name_no_index_host_and_no_path(name: str) -> None:
    for line in (ROOT / name).read_text().splitlines():
        assert re.fullmatch(r"[\w.-]+==[\w.]+", line)


def test_there_is_one_lock_file() -> None:
    """The buildpack refuses two."""
    others = ["Pipfile", "Pipfile.lock", "poetry.lock", "uv.lock", "pdm.lock", "pylock.toml", "environment.yml"]
    assert [name for name in others if (ROOT / name).exists()] == []


def test_the_licence_is_named_where_people_and_package_tools_look_for_it() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert text.startswith("MIT License\n")
    assert "the LeadSync authors" in text
    assert (PROJECT["project"]["license"], PROJECT["project"]["license-files"]) == ("MIT", ["LICENSE"])
    assert "[MIT](LICENSE)" in (ROOT / "README.md").read_text()


def test_the_platform_gets_the_oldest_python_that_is_supported() -> None:
    assert PROJECT["project"]["requires-python"] == ">=" + (ROOT / ".python-version").read_text().strip()


def test_every_package_is_part_of_the_distribution() -> None:
    on_disk = {".".join(file.parent.relative_to(ROOT).parts) for file in MODULES if file.name == "__init__.py"}
    assert {name for name in on_disk if not name.startswith("bench")} == set(PROJECT["tool"]["setuptools"]["packages"])


class Recorder(dict[str, str]):
    """An environment that notes what is asked for."""

    def __init__(self, **values: str) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


def read_elsewhere() -> Iterator[str]:
    """The names that receiver and workers look up in `os.environ` directly."""
    for file in MODULES:
        if file.relative_to(ROOT).parts[0] in ("leadcore", "receiver", "workers", "leadsync"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call | ast.Subscript):
                    subject = node.func if isinstance(node, ast.Call) else node.value
                    if re.fullmatch(r"os\.(environ(\.get)?|getenv)", ast.unparse(subject)):
                        argument = node.args[0] if isinstance(node, ast.Call) else node.slice
                        assert isinstance(argument, ast.Constant), ast.unparse(node)
                        yield argument.value


def variables() -> set[str]:
    environment = Recorder(DEALDROID_SECRET="", ALLOW_UNAUTHENTICATED="1", HUBSPOT_ACCESS_TOKEN="t")
    settings.read_receiver(environment)
    read_worker(environment)
    for provider in get_args(config.Provider):
        with suppress(SettingsError):  # for what is not set
            settings.read_payment(environment, Config(payment=Payment(provider)))
    return (environment.asked | set(read_elsewhere())) - OF_THE_SYSTEM


def table(heading: str) -> list[str]:
    """The first column of the table under `heading`."""
    section = README.split(f"## {heading}\n")[1].split("\n## ")[0]
    return [row.split("|")[1] for row in re.findall(r"^\|.*$", section, re.MULTILINE)][2:]


def test_the_readme_names_exactly_the_variables_that_are_read() -> None:
    assert sorted(cell.strip(" `") for cell in table("Configuration")) == sorted(variables())


def test_app_json_sets_only_variables_that_are_read() -> None:
    app = json.loads((ROOT / "app.json").read_text())
    assert set(app["env"]) <= variables()
    assert set(app["formation"]) <= set(PROCFILE)
    for name, entry in app["env"].items():
        assert entry["description"], name
        assert {"value", "generator", "required"} & set(entry), name


def test_the_readme_names_exactly_the_commands_that_there_are() -> None:
    told = {text.split()[0] for cell in table("Commands") for text in re.findall(r"`([^`]+)`", cell)}
    assert told == set(cli.commands)


def test_the_readme_names_every_property_that_setup_makes() -> None:
    told = {name.strip() for cell in table("What a salesperson sees") for name in cell.split(",")}
    assert told == {one.label.split(" (")[0] for one in DEFINITIONS}


def test_every_link_to_a_heading_of_the_readme_finds_it() -> None:
    headings = re.findall(r"^##+ (.+)$", README, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    thai = (ROOT / "docs/th/README.md").read_text()
    links = re.findall(r"\]\(#([^)]+)\)", README) + re.findall(r"README\.md#([^)]+)\)", thai)
    assert len(links) > 15
    assert set(links) <= anchors


@pytest.mark.parametrize(
    "document",
    ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "tests/README.md", "docs/th/README.md", "docs/th/sales.md"],
)
def test_links_and_make_targets_in_documents_exist(document: str) -> None:
    text = (ROOT / document).read_text()
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text) + re.findall(r'src="([^"]+)"', text):
        assert ((ROOT / document).parent / link).exists(), link
    targets = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"\bmake (run|test|check|bench|lock)\b", text)) <= set(" ".join(targets).split())


@pytest.mark.parametrize("name", ["flow", "house"])
def test_the_pictures_are_well_formed(name: str) -> None:
    assert ElementTree.parse(ROOT / f"docs/{name}.svg").getroot().tag.endswith("svg")  # noqa: S314 - our own file


def test_every_file_that_the_architecture_page_names_exists() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    named = re.findall(r"`([\w/]+/(?:[\w.]+)?)`", page)
    assert len(named) > 40
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_example_holds_the_defaults() -> None:
    assert config.load(str(ROOT / "leadsync.toml.example")) == Config()


def test_the_example_works_with_every_line_in_force_and_names_every_setting() -> None:
    source = (ROOT / "leadsync.toml.example").read_text()
    full = re.sub(r"^# (?=\[|\"?[\w.]+\"? = )", "", source, flags=re.MULTILINE)
    known = config.parse(full)
    MessageTemplates.compile(known)
    texts = OrderTexts.compile(known)
    assert texts
    assert texts.stages
    Replies(known, b"", Machine())
    assert known.intents
    assert known.mapping
    assert known.properties
    assert known.required
    for part in (Console, Crm, Hooks, Messages, Inbox, Intent, Orders, Notes, Notify, Payment):
        for name in part.__struct_fields__:
            assert re.search(rf"^(\[.*\b)?{name}\b", full, re.MULTILINE), name


def test_ci_runs_what_contributors_are_told_to() -> None:
    assert "`make test`" in (ROOT / "CONTRIBUTING.md").read_text()
    assert (ROOT / ".ci/run").read_text().splitlines()[-2:] == ["make test", "make check"]
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
