"""Another revision beside this one: its own code runs, and nothing of it stays behind."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.revision import ROOT, RevisionError, Tree, beside, here, read_commands, read_pins, worktree

pytestmark = pytest.mark.processes

PROCFILE = "release: python -m shop setup --release\nweb: python -m shop web\nworker: python -m shop worker\n"
OLD, NEW = "print('old')\n", "print('new')\n"


def git(repository: Path, *words: str) -> str:
    names = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.com", "-c", "commit.gpgsign=false"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(repository), *names, *words]
    return subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one commit, HEAD, and a change that is not committed; temporary files come to lie beside it."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    root = tmp_path / "project"
    root.mkdir()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    for name, text in {"Procfile": PROCFILE, "requirements.txt": "", "shop.py": OLD}.items():
        (root / name).write_text(text)
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "Open the shop")
    (root / "shop.py").write_text(NEW)
    return root


def left_behind(repository: Path) -> list[str]:
    """Worktrees that git still knows, and folders."""
    worktrees = git(repository, "worktree", "list", "--porcelain").split("\n\n")[1:]
    return [each for each in worktrees if each.strip()] + os.listdir(repository.parent / "temporary")


def run(tree: Tree) -> str:
    return subprocess.run(tree.command("web"), cwd=tree.path, check=True, capture_output=True, text=True).stdout.strip()


def test_each_side_runs_its_own_code(repository: Path) -> None:
    with worktree("HEAD", repository) as old:
        assert (run(old), run(here(repository))) == ("old", "new")


def test_what_is_not_committed_stays_as_it_is(repository: Path) -> None:
    with worktree("main", repository):
        pass
    assert (repository / "shop.py").read_text() == NEW
    assert git(repository, "status", "--porcelain").split() == ["M", "shop.py"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_behind_also_when_the_run_fails(repository: Path, error: type[BaseException]) -> None:
    def fail() -> None:
        with worktree("HEAD", repository) as tree:
            (tree.path / "written.txt").write_text("while it ran")
            raise error

    with pytest.raises(error):
        fail()
    assert left_behind(repository) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_nothing_is_left_behind_by_a_run_that_is_ended(repository: Path, number: signal.Signals) -> None:
    code = (
        "import pathlib, sys\nfrom bench.revision import exit_on_signals, worktree\nexit_on_signals()\n"
        "with worktree('HEAD', pathlib.Path(sys.argv[1])) as tree:\n    print(tree.path, flush=True)\n    input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(repository)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        path = Path(process.stdout.readline().strip())
        assert (path / "shop.py").read_text() == OLD
        process.send_signal(number)
        assert process.wait(60) != 0
    assert left_behind(repository) == []


@pytest.mark.parametrize("revision", ["nowhere", "--help", ""])
def test_what_git_does_not_know_is_said_and_leaves_nothing_behind(repository: Path, revision: str) -> None:
    with pytest.raises(RevisionError, match="git knows no revision"), worktree(revision, repository):
        pass
    assert left_behind(repository) == []


def test_a_revision_without_processes_is_said_and_leaves_nothing_behind(repository: Path) -> None:
    git(repository, "rm", "--quiet", "Procfile")
    git(repository, "commit", "--quiet", "--message", "Close the shop")
    with pytest.raises(RevisionError, match="no Procfile"), worktree("HEAD", repository):
        pass
    assert left_behind(repository) == []


def test_no_hook_of_the_users_runs(repository: Path) -> None:
    hook = repository / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {repository.parent}/hooked\n")
    hook.chmod(0o755)
    with worktree("HEAD", repository):
        pass
    assert not (repository.parent / "hooked").exists()


def test_where_packages_differ_each_side_has_a_python_of_its_own(repository: Path) -> None:
    with worktree("HEAD", repository) as same:
        assert same.python == beside(same, repository).python == sys.executable
    # Every venv has it already, so nothing is fetched.
    (repository / "requirements.txt").write_text("pip\n")
    with worktree("HEAD", repository) as other:
        assert other.python != sys.executable
        assert run(other) == "old"
        mine = beside(other, repository)
        assert mine.python not in (sys.executable, other.python)
        assert mine.path == repository
    assert left_behind(repository) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a==1\nb==2\n", "# both\nb==2\n\na==1  # why\n", True),
        ("a==1\n", "a==2\n", False),
        ("a==1\n", "a==1\nb==2\n", False),
    ],
)
def test_packages_differ_by_what_is_installed(one: str, other: str, same: bool) -> None:
    assert (read_pins(one) == read_pins(other)) is same


def test_processes_are_started_as_a_platform_would_by_the_trees_own_python() -> None:
    tree = Tree("old", Path(), "/venv/bin/python", read_commands(PROCFILE))
    assert tree.command("worker", "--count", "2") == ["/venv/bin/python", "-m", "shop", "worker", "--count", "2"]
    assert tree.setup == ["/venv/bin/python", "-m", "shop", "setup"]


@pytest.mark.parametrize(
    ("procfile", "why"),
    [
        ("web: python -m shop web\n", "no release"),
        (PROCFILE.replace("worker: python", "worker: celery"), "worker by celery"),
    ],
)
def test_a_procfile_of_another_kind_is_said(procfile: str, why: str) -> None:
    with pytest.raises(RevisionError, match=why):
        read_commands(procfile)


def test_this_trees_processes_can_be_started() -> None:
    assert set(here().commands) == {"release", "web", "worker"}
