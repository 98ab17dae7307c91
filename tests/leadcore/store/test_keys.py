import inspect
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from leadcore.store import keys


@given(st.text(), st.integers(1, 64))
def test_every_customer_has_a_shard(customer_id: str, shards: int) -> None:
    assert keys.shard_of(customer_id, shards) in range(shards)


def test_a_customers_shard_never_changes() -> None:
    """Entries are in these shards while a new version is deployed."""
    assert [keys.shard_of(one, 4) for one in ("c-1", "สมชาย", "", "\ud800")] == [2, 1, 0, 0]


def test_customers_are_spread_over_the_shards() -> None:
    counts = Counter(keys.shard_of(f"customer-{number}", 4) for number in range(4000))
    assert min(counts.values()) > 900


def test_a_digest_never_changes() -> None:
    """Receipts and field clocks are found by it."""
    assert keys.digest(b"key", "a", b"b") == "xhib6hijhzlzhku4"


@given(st.lists(st.text(), min_size=1), st.lists(st.text(), min_size=1))
def test_two_digests_are_equal_when_their_parts_are(one: list[str], other: list[str]) -> None:
    assert (keys.digest(b"key", *one) == keys.digest(b"key", *other)) is (one == other)


def test_a_digest_depends_on_the_key_and_does_not_reveal_its_input() -> None:
    digest = keys.digest(b"key", "somchai")
    assert digest != keys.digest(b"other", "somchai")
    assert (len(digest), digest.isalnum(), digest.islower()) == (16, True, True)


def test_all_keys_differ() -> None:
    made = []
    for name, function in inspect.getmembers(keys, inspect.isfunction):
        if function.__module__ != keys.__name__ or name in ("shard_of", "digest", "keyed", "_name"):
            continue
        arguments = {"stream": keys.INBOX, "shard": 1, "customer": b"x", "text": b"y"}
        names = inspect.signature(function).parameters
        made.append(function(**{each: arguments.get(each, "x") for each in names}))
    assert len(made) > 10
    assert len(set(made)) == len(made)
    assert all(key.startswith(keys.PREFIX) for key in made)
