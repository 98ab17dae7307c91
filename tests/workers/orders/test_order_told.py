"""What hooks and notices say of an order is what its cart says, whatever the customer says beside it."""

import json
from typing import Any

from msgspec.structs import replace

from leadcore.config import Config, Hooks, Notify, Payment
from leadcore.events import Events
from leadcore.fields import BODY, DATA, LEAD
from leadcore.store import keys
from tests.conftest import SHARDS
from tests.stand_ins import Crm
from tests.workers.orders.conftest import open_line
from tests.workers.rules.orders.events import CONFIG, product

ON = ("order.created",)
TOLD = Events(
    Config(hooks=Hooks(on=ON, full=True), notify=Notify(on=ON, intents=("Purchase",), private=True)),
    hooks=True,
    notices=True,
)


def rows(line: Any, stream: str) -> list[dict[bytes, bytes]]:
    return [fields for shard in range(SHARDS) for _, fields in line.redis.xrange(keys.entries(stream, shard))]


def test_an_order_is_told_as_that_of_its_cart_where_the_customer_says_more_at_once(
    line: Any, served: Crm, database: Any
) -> None:
    """Lead, intent, whether a link may ask, the whole event and the cart are of who said the cart, the phone is the
    newest."""
    paying = replace(CONFIG, payment=Payment(provider="link", link="https://shop.example.com/{reference}"))
    with open_line(served, database, paying, TOLD) as shop:
        shop.know("c-1")
        cart = {"grandTotal": "900", "shippingFee": "0"}
        bought = shop.add(product("A", 2, 450), cart=cart, contact_info={"name": "Nid", "phone": "0891112233"})
        shop.add(intent="Share contact", contact_info={"phone": "0899998888"})
        shop.run()
        [hook], [notice] = rows(shop, keys.HOOKS), rows(shop, keys.NOTICES)
        data = json.loads(hook[DATA])
        assert (hook[LEAD].decode(), data["intent"], data.get("unpayable")) == (bought, "Purchase", None)
        assert json.loads(hook[BODY])["shopping_cart"]["products"]
        assert json.loads(notice[BODY]) == {"name": "Nid", "phone": "+66899998888", "cart": "2 x Product A"}
