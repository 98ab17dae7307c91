"""Posts the leads as DealDroid would: each customer's one after the other, and never again."""

import http.client
import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from zlib import crc32

from bench.chaos.expected import Post
from bench.chaos.script import Lead

PATH = "/api/v1/intent-handler"
AT_ONCE = 32
PATIENCE_SECONDS = 10.0


def post_all(script: Sequence[Lead], port: int, secret: str, began: float) -> list[Post]:
    """Post each lead at its time after `began` (monotonic), or as soon as its customer's last one is answered."""
    shares: list[list[Lead]] = [[] for _ in range(AT_ONCE)]
    for lead in script:
        shares[crc32(lead.customer_id.encode()) % AT_ONCE].append(lead)

    def post_share(share: list[Lead]) -> list[Post]:
        posts = []
        for lead in share:
            time.sleep(max(0.0, began + lead.at - time.monotonic()))
            posts.append(_post(lead, port, secret))
        return posts

    with ThreadPoolExecutor(AT_ONCE, "poster") as pool:
        posts = [post for share in pool.map(post_share, shares) for post in share]
    return sorted(posts, key=lambda post: post.lead.number)


def _post(lead: Lead, port: int, secret: str) -> Post:
    body = json.dumps({**lead.body, "secret": secret}).encode()
    post = Post(lead, "unanswered", time.time(), 0.0)
    # A connection for each: on a kept one nobody could tell a dead server's silence from a lost answer.
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)) as connection:
        try:
            connection.request("POST", PATH, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
        except ConnectionRefusedError:
            return replace(post, answer="refused", ended=time.time())
        except (OSError, http.client.HTTPException):
            return replace(post, ended=time.time())
    taken = 200 <= answer.status < 300
    return replace(post, answer="acknowledged" if taken else "unanswered", ended=time.time(), status=answer.status)
