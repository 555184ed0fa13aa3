"""Web, worker and database are killed while cases are made: what was acknowledged is there, once."""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from tests.journeys.product import Product
from tongban.command import postgres, processes

CLIENTS = 4
KILLS = ("web", "worker", "postgres", "web", "worker")
BETWEEN = 1.0  # seconds of undisturbed work before each kill


@pytest.fixture
def product() -> Iterator[Product]:
    """A product with a durable database of its own."""
    made = Product()
    try:
        made.start()
        yield made
    finally:
        made.end()


class Client(threading.Thread):
    """A program that makes one case after another and asks again, with the same key, until it has its answer."""

    def __init__(self, address: str, token: str, is_over: threading.Event) -> None:
        super().__init__()
        self._http = httpx.Client(
            base_url=address, timeout=10, trust_env=False, headers={"Authorization": f"Bearer {token}"}
        )
        self._is_over = is_over
        self.acknowledged: list[tuple[str, str]] = []
        self.retries = 0
        self.unexpected: list[str] = []

    def run(self) -> None:
        while not self._is_over.is_set() and not self.unexpected:
            key = str(uuid.uuid4())
            number = self._open(key)
            if number:
                self.acknowledged.append((key, number))
        self._http.close()

    def _open(self, key: str) -> str:
        until = time.monotonic() + 40
        while time.monotonic() < until:
            try:
                answer = self._http.post("/api/v1/cases", json={}, headers={"Idempotency-Key": key})
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == 201:
                return str(answer.json()["number"])
            if answer is not None and answer.status_code < 500:
                self.unexpected.append(f"{answer.status_code} {answer.text[:500]}")
                return ""
            self.retries += 1
            time.sleep(0.1)
        self.unexpected.append(f"no answer for {key}")
        return ""


@pytest.mark.article("S3")
class TestKill:
    def test_what_was_acknowledged_is_there_once(self, product: Product) -> None:
        token = product.command("token", "clerk.520103")
        is_over = threading.Event()
        clients = [Client(product.address, token, is_over) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            for part in KILLS:
                time.sleep(BETWEEN)
                product.kill(part)
            assert processes.wait_until(product.is_ready, 30.0)
            time.sleep(BETWEEN)
        finally:
            is_over.set()
            for client in clients:
                client.join(60)

        assert [client.unexpected for client in clients] == [[]] * CLIENTS
        assert sum(client.retries for client in clients) > 0, "no kill was felt: the test proves nothing"
        numbers = [number for client in clients for _key, number in client.acknowledged]
        assert len(numbers) > 20
        assert [n for n, times in Counter(numbers).items() if times > 1] == []
        assert _cases(product) == sorted(numbers)
        assert "Healthy" in product.command("doctor")
        assert "The journal is whole" in product.command("verify")


def _cases(product: Product) -> list[str]:
    """Give the numbers of all cases in the database, each as often as it is there."""
    from tongban.kernel import ids

    cluster = postgres.Cluster(product.data / "postgres")
    with psycopg.connect(cluster.owner_url) as owner:
        return sorted(ids.number_of(row[0]) for row in owner.execute("SELECT id FROM cases_case"))
