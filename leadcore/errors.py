"""The errors that this project raises, from here up: one base, and what both processes share. Those of the workers are
in `workers.flow.errors`, the web process' in `receiver.intake.errors`, the commands' in `leadsync.errors`.

Each says in its text what happened, quotes nothing that a customer said, and carries what whoever catches it needs.
Errors of libraries become these, or outcomes, in the one module that uses the library."""


class LeadSyncError(Exception):
    """The base of all of them."""


class SettingsError(LeadSyncError, ValueError):
    """A variable is missing or unusable; the text names it and says what to set it to."""


class PendingError(SettingsError):
    """Something is missing that a first release may lack: HubSpot's token (or it is unusable), DealDroid's secret, or
    the address of a Redis that is still being created."""


class ConfigError(LeadSyncError, ValueError):
    """The configuration cannot be used; the text says where, and how to fix it. `key`: of the mistake, as TOML writes
    it, where the text does not name its line (`leadcore.config.tell`)."""

    def __init__(self, mistake: str, key: str = "") -> None:
        super().__init__(f"{key}: {mistake}" if key else mistake)
        self.key = key


class WrongKey(LeadSyncError):
    """Redis holds another digest key than the caller used; `key` is the one to use."""

    def __init__(self, key: bytes) -> None:
        super().__init__("the digest key in Redis is another one")
        self.key = key


class OtherNews(LeadSyncError):
    """News of a payment came under the name of other news."""
