"""A clerk who has never seen the receive page finishes a case with few presses."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.journeys.desk import MATERIALS, Receiving

MOST_EFFORT = 30  # presses and fills beyond the applicant's own data


@pytest.mark.article("C2")
class TestEffort:
    def test_four_papers_take_thirty_presses_at_most(self, page_as: Callable[[str], Page]) -> None:
        clerk = Receiving(page_as("clerk.520103")).fill_all().pass_papers(*MATERIALS).receive()
        assert clerk.effort <= MOST_EFFORT
