"""The logins of the console for each person: the entries of CONSOLE_USERS, `name:role:hash`."""

import re
import unicodedata
from dataclasses import dataclass, field

from leadcore.errors import SettingsError

VARIABLE = "CONSOLE_USERS"
SALES, ADMIN = "sales", "admin"
ROLES = {SALES: "reads", ADMIN: "acts"}
"""Role -> what it may do."""
PASSWORD_USER = "leadsync"  # noqa: S105 (a name)
"""The user name of CONSOLE_PASSWORD."""
PASSWORD_WHO = "console"  # noqa: S105 (a name)
"""What the list of actions says of whoever logs in with CONSOLE_PASSWORD."""
HASH_METHOD = "scrypt:32768:8:1"
"""Werkzeug's name of the hash. One for all: a check then takes as long for a name that there is as for any other."""
NAME_LENGTH, MOST = 64, 100
_HASH = re.compile(re.escape(HASH_METHOD) + r"\$[A-Za-z0-9]{8,64}\$[0-9a-f]{128}")
_LIKE = f"name:role:{HASH_METHOD}$..., as `leadsync console user` prints it"


@dataclass(frozen=True, slots=True)
class Login:
    """`name` as the list of actions shows it; `role`: one of `ROLES`; `hash`: of the password as `normalize` makes
    it, by Werkzeug with `HASH_METHOD`."""

    name: str
    role: str
    hash: str = field(repr=False)


def normalize(typed: str) -> str:
    """A name or password as one keyboard or another may encode it, in one form (Unicode NFC)."""
    return unicodedata.normalize("NFC", typed)


def fold(name: str) -> str:
    """What two names that mean the same person have in common: phones begin a name with a capital letter."""
    return normalize(name).casefold()


def find_fault(name: str) -> str:
    """Why nobody can be called so, "" if one can."""
    if not 0 < len(name) <= NAME_LENGTH:
        return f"a name has 1 to {NAME_LENGTH} characters"
    if not name.isprintable() or re.search(r"[\s:]", name):
        return "a name has no blanks, colons or invisible characters"
    if fold(name) in (PASSWORD_USER, PASSWORD_WHO):
        return f'the names "{PASSWORD_USER}" and "{PASSWORD_WHO}" belong to CONSOLE_PASSWORD'
    return ""


def read_logins(value: str) -> tuple[Login, ...]:
    """The entries, which blanks or new lines separate. Raises `SettingsError`, whose text names an entry by its place:
    whoever mistakes the order would else find a password in the log."""
    found: dict[str, Login] = {}
    for number, entry in enumerate(value.split(), 1):
        name, _, rest = entry.partition(":")
        role, _, hashed = rest.partition(":")
        fault = find_fault(name) if hashed else f"it must look like {_LIKE}"
        if not fault and role not in ROLES:
            fault = f"the role must be {' or '.join(ROLES)}"
        if not fault and not _HASH.fullmatch(hashed):
            fault = "its hash must be what `leadsync console user` prints; quote it '...', or a shell takes the $ out"
        if not fault and fold(name) in found:
            fault = "its name is an earlier entry's"
        if fault:
            raise SettingsError(f"{VARIABLE}, entry {number}: {fault}.")
        found[fold(name)] = Login(normalize(name), role, hashed)
    if len(found) > MOST:
        raise SettingsError(f"{VARIABLE} must have at most {MOST} entries.")
    return tuple(found.values())
