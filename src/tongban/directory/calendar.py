"""The working calendar of a place: the country's days, overlaid by its province's, city's and own."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from tongban.kernel import worktime

WEEKEND = "周末"
DEFAULT_OPENS_AT = datetime.time(9, 0)
DEFAULT_CLOSES_AT = datetime.time(17, 0)


@dataclass(frozen=True)
class PlaceCalendar:
    """Working days and office hours of one division; satisfies `worktime.Calendar`.

    `exceptions` holds the days that are not what their weekday says, the most local rule having won.
    """

    code: str
    years: Mapping[int, str]
    exceptions: Mapping[datetime.date, worktime.Day]
    opens: datetime.time = DEFAULT_OPENS_AT
    closes: datetime.time = DEFAULT_CLOSES_AT

    def day(self, on: datetime.date) -> worktime.Day:
        """Say whether people work on a day, why, and by which source.

        Raises:
            worktime.NoCalendar: when no calendar covers the year.
        """
        if on.year not in self.years:
            raise worktime.NoCalendar(year=on.year)
        exception = self.exceptions.get(on)
        if exception:
            return exception
        if on.weekday() >= 5:
            return worktime.Day(working=False, reason=WEEKEND, source=self.years[on.year])
        return worktime.Day(working=True, reason="", source=self.years[on.year])

    def opens_at(self, on: datetime.date) -> datetime.time:
        return self.opens

    def closes_at(self, on: datetime.date) -> datetime.time:
        return self.closes
