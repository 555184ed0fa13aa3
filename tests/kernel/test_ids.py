import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.kernel import ids

IDS = st.integers(0, 2**55 - 1)


class TestNewId:
    def test_begins_with_its_day_and_differs_from_the_next(self) -> None:
        at = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)
        made = {ids.new_id(at) for _ in range(200)}
        tomorrow = ids.first_id_of(at.date() + datetime.timedelta(days=1))
        assert len(made) == 200
        assert all(ids.first_id_of(at.date()) <= id_ < tomorrow for id_ in made)

    @given(st.dates(datetime.date(2020, 1, 1), datetime.date(2109, 9, 17)))
    def test_fits_a_bigint_and_the_written_form_for_ninety_years(self, on: datetime.date) -> None:
        assert 0 <= ids.first_id_of(on) < 2**55


class TestNumberOf:
    @given(IDS)
    def test_is_read_back(self, id_: int) -> None:
        assert ids.id_of(ids.number_of(id_)) == id_

    @given(IDS)
    def test_has_three_groups_of_characters_that_are_hard_to_mistake(self, id_: int) -> None:
        groups = ids.number_of(id_).split("-")
        assert [len(group) for group in groups] == [4, 4, 4]
        assert not set("".join(groups)) & set("ILOU")

    @given(IDS)
    def test_is_read_in_any_case_and_grouping_and_with_letters_for_digits(self, id_: int) -> None:
        number = ids.number_of(id_)
        for typed in (
            number.lower(),
            number.replace("-", ""),
            f"  {number.replace('-', ' ')} ",
            number.replace("1", "I"),
            number.replace("1", "l"),
            number.replace("0", "o"),
        ):
            assert ids.id_of(typed) == id_


class TestIdOf:
    @given(IDS, st.data())
    def test_refuses_every_single_wrong_character(self, id_: int, data: st.DataObject) -> None:
        text = ids.number_of(id_).replace("-", "")
        place = data.draw(st.integers(0, len(text) - 1))
        for character in ids.ALPHABET:
            if character != text[place]:
                with pytest.raises(ids.BadNumber):
                    ids.id_of(text[:place] + character + text[place + 1 :])

    @given(IDS)
    def test_refuses_every_swap_of_neighbours(self, id_: int) -> None:
        text = ids.number_of(id_).replace("-", "")
        for place in range(len(text) - 1):
            swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
            if swapped != text:
                with pytest.raises(ids.BadNumber):
                    ids.id_of(swapped)

    @pytest.mark.parametrize("number", ["", "0A7K", "0A7K-29QX-M4TRR", "0A7K-29QX-M4T!", "中" * 12])
    def test_says_which_number_is_wrong(self, number: str) -> None:
        with pytest.raises(ids.BadNumber) as refusal:
            ids.id_of(number)
        assert f"“{number}”" in refusal.value.message
