"""Another revision of this project on the disk, and how its processes are started.

What is the same in every revision is the Procfile. So the harness, its load and the stand-ins are always this tree's,
and of the other revision only the processes run that a platform would run: whatever its packages are called, and
without a change of the benchmark being measured.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parents[1]
PROCESSES = ("release", "web", "worker")
PINS = "requirements.txt"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class RevisionError(Exception):
    """There is no such revision, or nothing of it can be started; the text says why."""


@dataclass(frozen=True, slots=True)
class Tree:
    """One revision in the folder `path`. `commands`: process of the Procfile -> what follows the name of the Python,
    which is `python`. Processes have to be started in `path`, so that it is this tree's packages which they find."""

    name: str
    path: Path
    python: str
    commands: Mapping[str, Sequence[str]]

    def command(self, process: str, *options: str) -> list[str]:
        """The words that start "web", "worker" or "release" of the Procfile."""
        return [self.python, *self.commands[process], *options]

    @property
    def setup(self) -> list[str]:
        """What the release phase runs, but it fails where HubSpot cannot be set up."""
        return [word for word in self.command("release") if word != "--release"]

    def compile(self) -> None:
        """Write the bytecode, so that the first start takes no longer than the others; without that in hidden folders,
        where a venv may be."""
        command = [self.python, "-m", "compileall", "-q", "-x", r"/\.", str(self.path)]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=False)


def here(root: Path = ROOT) -> Tree:
    """The files as they are now, with all that is not committed."""
    return Tree("this tree", root, sys.executable, read_commands((root / "Procfile").read_text()))


def beside(there: Tree, root: Path = ROOT) -> Tree:
    """The files as they are now, started by the same kind of Python as `there`: where that has a venv of its own, this
    has one too, in the same folder. A venv that also holds the tests' packages starts a process a tenth slower
    (measured). Raises `RevisionError`."""
    tree = here(root)
    if there.python == tree.python:
        return tree
    return replace(tree, python=_make_venv(root, there.path.parent / "venv-here"))


@contextmanager
def worktree(revision: str, root: Path = ROOT) -> Iterator[Tree]:
    """`revision`, all that git can name, checked out into a folder that is gone afterwards, also after an error and
    Ctrl-C. Raises `RevisionError`."""
    commit = _find_commit(root, revision)
    folder = Path(tempfile.mkdtemp(prefix="leadsync-revision-"))
    path = folder / commit[:12]
    try:
        _git(root, "worktree", "add", "--quiet", "--detach", str(path), commit)
        try:
            commands = read_commands((path / "Procfile").read_text())
        except OSError:
            raise RevisionError(f"{revision} has no Procfile") from None
        python = _python(root, path, folder / "venv")
        yield Tree(_name(revision, commit), path, python, commands)
    finally:
        # Twice forced: also one that is locked, as it is while git still writes it.
        _git(root, "worktree", "remove", "--force", "--force", str(path), check=False)
        shutil.rmtree(folder, ignore_errors=True)
        _git(root, "worktree", "prune", check=False)


def exit_on_signals() -> None:
    """From now on Ctrl-C, SIGTERM and a closed terminal end this process in order; a second one does not keep it from
    cleaning up."""

    def leave(number: int, _: FrameType | None) -> None:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        sys.exit(128 + number)

    for number in _SIGNALS:
        signal.signal(number, leave)


def read_commands(procfile: str) -> dict[str, list[str]]:
    """Process -> what follows `python`. Raises `RevisionError` where one of `PROCESSES` is missing or is started by
    anything else: its venv may not be on the PATH."""
    lines = dict(re.findall(r"^([\w-]+):\s*(.+?)\s*$", procfile, re.MULTILINE))
    commands = {}
    for name in PROCESSES:
        if name not in lines:
            raise RevisionError(f"the Procfile has no {name}")
        python, *words = shlex.split(lines[name])
        if python not in ("python", "python3"):
            raise RevisionError(f"the Procfile starts {name} by {python}, not by python")
        commands[name] = words
    return commands


def read_pins(requirements: str) -> set[str]:
    """What is installed, whatever the order and the comments."""
    lines = (line.partition("#")[0].strip() for line in requirements.splitlines())
    return {line for line in lines if line}


def _python(root: Path, path: Path, venv: Path) -> str:
    """This Python where it has what the tree needs, else one of its own."""
    wanted = (path / PINS).read_text()
    if read_pins(wanted) == read_pins((root / PINS).read_text()):
        return sys.executable
    print(f"It needs other packages ({PINS}); they are installed for it.", file=sys.stderr, flush=True)
    return _make_venv(path, venv)


def _make_venv(path: Path, venv: Path) -> str:
    """The Python of a new venv that holds what the tree in `path` needs in production, and nothing else."""
    python = venv / "bin/python"
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", str(path / PINS)]
    try:
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run(pip, check=True)
    except subprocess.CalledProcessError as error:
        raise RevisionError(f"its packages could not be installed: {error}") from None
    return str(python)


def _find_commit(root: Path, revision: str) -> str:
    found = _git(root, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}", check=False)
    if found.returncode:
        raise RevisionError(f"git knows no revision {revision!r}: {found.stderr.strip()}")
    return found.stdout.strip()


def _name(revision: str, commit: str) -> str:
    return revision if commit.startswith(revision) else f"{revision} ({commit[:7]})"


def _git(root: Path, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
    """In a session of its own, so that Ctrl-C on the terminal does not end it while it cleans up. No hook of the user's
    runs, and no GIT_DIR of a hook in which this may itself run counts."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(root), "-c", "core.hooksPath=/dev/null", *words]
    try:
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, start_new_session=True)
    except OSError as error:
        raise RevisionError(f"git could not be run: {error}") from None
    if check and done.returncode:
        raise RevisionError(f"git {words[0]} failed: {done.stderr.strip()}")
    return done
