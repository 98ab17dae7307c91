"""Pure: what is wrong with the TOML file and shows only when it is used."""

from leadcore import events
from leadcore.config import Config
from workers.rules import notice
from workers.rules.orders.texts import OrderTexts
from workers.rules.orders.thanks import Thanks
from workers.rules.texts import MessageTemplates


def check(config: Config) -> None:
    """Raise `ConfigError` for the first template or pattern that cannot be used."""
    MessageTemplates.compile(config)
    OrderTexts.compile(config)
    Thanks.compile(config.payment)
    check_outgoing(config)


def check_outgoing(config: Config) -> None:
    """As `check`, without the messages to customers, which take a while."""
    events.check(config)
    notice.check(config.notify)
