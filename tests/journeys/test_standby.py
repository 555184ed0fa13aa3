"""The leading database server dies under load, the standby takes over, the old one comes back."""

import json
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.journeys.pair import Pair
from tests.journeys.product import Product
from tests.journeys.test_kill import CLIENTS, Client
from tongban.command import postgres, processes, running
from tongban.kernel import ids

SERVES_AGAIN_WITHIN = 8.0  # seconds from the promotion to the next acknowledged write


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    try:
        made.start()
        yield made
    finally:
        made.end()


@pytest.fixture
def product(pair: Pair) -> Iterator[Product]:
    made = Product(database=(pair.url(postgres.OWNER), pair.url(postgres.APP)))
    try:
        made.start()
        yield made
    finally:
        made.end()


def acknowledged(clients: list[Client]) -> list[str]:
    return [number for client in clients for _key, number in client.acknowledged]


def hears(product: Product) -> bool:
    """Tell whether the live process listens to a database."""
    with urllib.request.urlopen(f"http://127.0.0.1:{product.live_port}/live/health", timeout=5) as answer:
        return bool(json.load(answer)["listening"])


@pytest.mark.article("S3")
class TestStandby:
    def test_takes_over_and_nothing_acknowledged_is_lost_or_doubled(
        self, pair: Pair, product: Product
    ) -> None:
        token = product.command("token", "clerk.520103")
        before = set(processes.marked(running.MARK, str(product.data)))
        is_over = threading.Event()
        clients = [Client(product.address, token, is_over) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            assert processes.wait_until(lambda: len(acknowledged(clients)) > 20, 20.0)
            pair.kill_first()
            pair.promote_second()
            promoted = time.monotonic()
            count = len(acknowledged(clients))
            assert processes.wait_until(lambda: len(acknowledged(clients)) > count + 2, 20.0)
            took = time.monotonic() - promoted
            assert processes.wait_until(product.is_ready, 20.0)
            assert processes.wait_until(lambda: hears(product), 5.0)
            survivors = set(processes.marked(running.MARK, str(product.data)))

            pair.bring_first_back()
            kept_by_first = pair.cases_in(pair.first)
            product.kill("web")  # a process that never knew the old leader must not fall for it either
            count = len(acknowledged(clients))
            assert processes.wait_until(lambda: len(acknowledged(clients)) > count + 20, 20.0)
        finally:
            is_over.set()
            for client in clients:
                client.join(60)

        assert [client.unexpected for client in clients] == [[]] * CLIENTS
        assert sum(client.retries for client in clients) > 0, "nothing was felt: the test proves nothing"
        print(f"served again {took:.1f} s after the promotion")
        assert took < SERVES_AGAIN_WITHIN
        assert survivors == before, "a part was started anew instead of riding through"
        numbers = acknowledged(clients)
        assert [n for n, times in Counter(numbers).items() if times > 1] == []
        assert sorted(ids.number_of(i) for i in pair.cases_in(pair.second)) == sorted(numbers)
        assert pair.cases_in(pair.first) == kept_by_first, "the old leader was written to"
        assert "Healthy" in product.command("doctor")
        assert "The journal is whole" in product.command("verify")
