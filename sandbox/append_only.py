"""What an append-only Redis or Valkey has left in a folder, and which one wrote it."""

import re
import shutil
from pathlib import Path

from leadcore.store.server import Server

# One file before Redis 7; since then a folder, of which an older server knows nothing.
FILE = "appendonly.aof"
FOLDER = "appendonlydir"
FOLDER_SINCE = (7, 0)
HEADER_BYTES = 64


def find_writer(folder: Path) -> Server | None:
    """The server that wrote the data in `folder`, its version "" where the data do not say; None if there are none."""
    file = _find_base(folder)
    if file is None:
        return None
    with file.open("rb") as opened:
        said = re.search(rb"(redis|valkey)-ver.([\d.]+)", opened.read(HEADER_BYTES), re.DOTALL)
    return Server(said[1].decode().capitalize(), said[2].decode()) if said else Server("Redis or Valkey", "")


def is_overlooked(folder: Path, server: Server) -> bool:
    """Whether `server` would begin with nothing beside the data in `folder`, and not say so."""
    return (folder / FOLDER).is_dir() and not server.is_since(FOLDER_SINCE)


def clear(folder: Path) -> None:
    """Deletes the data in `folder`; no server may work there."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)
    (folder / FILE).unlink(missing_ok=True)


def _find_base(folder: Path) -> Path | None:
    manifest = folder / FOLDER / f"{FILE}.manifest"
    if manifest.is_file():
        rows = sorted(manifest.read_text().splitlines(), key=lambda row: " type b" not in row)
        names = [row.split()[1] for row in rows if row.startswith("file ")]
        return next((file for name in names if (file := folder / FOLDER / name).is_file()), None)
    file = folder / FILE
    return file if file.is_file() and file.stat().st_size else None
