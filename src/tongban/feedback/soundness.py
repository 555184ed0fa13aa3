"""Nothing waits for nobody: every open rectification, appeal and complaint has a bearer and a running clock (C12)."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from tongban.feedback.states import DUTIES
from tongban.kernel import ids

_OPEN = """
WITH open AS (
    SELECT id, 'rectification' AS part FROM feedback_rectification WHERE state IN ('open', 'rectified')
    UNION ALL SELECT id, 'appeal' FROM feedback_appeal WHERE outcome = ''
    UNION ALL SELECT id, 'complaint' FROM feedback_complaint WHERE state = 'open'
)
SELECT o.id, o.part, 'nobody owes it' FROM open o
WHERE NOT EXISTS (SELECT 1 FROM duties_duty d WHERE d.case_id = o.id AND d.done_at IS NULL)
UNION ALL
SELECT o.id, o.part, 'the clock of ' || d.kind || ' stands still' FROM open o
JOIN duties_duty d ON d.case_id = o.id WHERE d.done_at IS NULL AND d.due_at IS NULL
UNION ALL
SELECT d.case_id, 'feedback', d.kind || ' is still owed, but nothing is open' FROM duties_duty d
WHERE d.done_at IS NULL AND d.kind = ANY(%s) AND NOT EXISTS (SELECT 1 FROM open o WHERE o.id = d.case_id)
UNION ALL
SELECT r.id, 'rating', 'bad, and no rectification was opened' FROM feedback_rating r
WHERE r.level <= 2 AND NOT EXISTS (SELECT 1 FROM feedback_rectification x WHERE x.rating_id = r.id)
"""


@dataclass(frozen=True)
class Ailment:
    """What breaks the promise: of which kind it is, its number, and in words what is wrong."""

    part: str
    number: str
    what: str


def examine() -> Iterator[Ailment]:
    """Give each exception to: whatever is open has somebody who owes it and a clock."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, [list(DUTIES)])
        for id_, part, what in cursor.fetchall():
            yield Ailment(part, ids.number_of(id_), what)
