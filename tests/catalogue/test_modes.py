"""The handling modes that a procedure offers: by the list, or by the standard in force at a place (B2, C1)."""

import datetime

import pytest

from tests.catalogue import drafting
from tongban.catalogue import queries
from tongban.catalogue.models import AcceptanceStandard, Procedure, Stage

pytestmark = pytest.mark.django_db
TODAY, TOMORROW = datetime.date(2026, 3, 2), datetime.date(2026, 3, 3)


class TestModesOf:
    @pytest.mark.article("B2", "C1", "P22")
    def test_gives_what_the_list_says_unless_the_place_has_its_own(self, at: datetime.datetime) -> None:
        row = Procedure.objects.get(key=drafting.PROCEDURE)
        assert queries.modes_of(row, on=TODAY) == ("collected", "online")
        said = drafting.content(modes=["collected"])
        drafting.publish(drafting.SICHUAN, at=at, effective_from_on=TOMORROW, said=said)
        assert queries.modes_of(row, on=TODAY, code="510100000000") == ("collected", "online")
        assert queries.modes_of(row, on=TOMORROW, code="510100000000") == ("collected",)
        assert queries.modes_of(row, on=TOMORROW, code="520100000000") == ("collected", "online")

    @pytest.mark.article("C8", "P22")
    def test_offers_many_complete_standards_wholly_online(self) -> None:
        complete = AcceptanceStandard.objects.filter(is_sample=True, stage=Stage.FIVE_PROVINCES)
        rows = Procedure.objects.filter(id__in=complete.values("procedure_id"))
        assert sum("online" in queries.modes_of(row, on=TODAY) for row in rows) >= 30
