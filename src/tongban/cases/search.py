"""Find cases among those that somebody sees: by number, identity number, or the beginning of a name."""

import re
import unicodedata
from collections.abc import Sequence

from django.db.models import Q

from tongban.cases import queries
from tongban.cases.models import Case, CaseApplicant
from tongban.directory import queries as directory
from tongban.kernel import ids, keyring
from tongban.kernel import text as text_of
from tongban.people.actors import Actor
from tongban.people.roles import Role

IDENTITY_AT_MOST = 1000  # an agent may have handed in for many
NAMED_AT_MOST = 5000  # of a name borne by more, a page is found among the newest of whoever sees many cases
FEW_WINDOWS = 8
_GROUPING = re.compile(r"[\s\-‐-―]")
_IDENTITY = re.compile(r"[0-9A-Z]{6,20}", re.ASCII)


def looks_like_identity(words: str) -> bool:
    """Tell whether what was typed may be the number of a document that proves an identity: it stands in no address.

    Twelve characters are a business number, whole or mistyped; no document of identity has twelve.
    """
    text = plain(words)
    if not _IDENTITY.fullmatch(text) or len(text) == ids.LENGTH + 1:
        return False
    return sum(character.isdigit() for character in text) >= 6


def plain(words: str) -> str:
    """Give a number as it is kept, however it was typed."""
    return _GROUPING.sub("", unicodedata.normalize("NFKC", text_of.clean(words))).upper()


def find(actor: Actor, words: str, *, after: int | None = None) -> list[Case]:
    """Find visible cases by number, identity number, or the beginning of a name; newest first, 50 a page.

    Args:
        after: the id of the last case of the page before.
    """
    text = plain(words) if looks_like_identity(words) else text_of.clean_name(words)
    seen = queries.visible_to(actor)
    last = seen.filter(id=after).values_list("opened_at", flat=True).first() if after is not None else None
    asked = Q()
    if last is not None:
        asked &= Q(opened_at__lte=last) & (Q(opened_at__lt=last) | Q(id__lt=after))
    rows = seen.select_related(*queries.SHOWN).order_by(*queries.NEWEST)
    bear = _found_first(text) if text else None
    if bear is not None:
        return list(rows.filter(asked, id__any=bear)[: queries.PAGE])
    if text:
        asked &= Q(applicant__name__startswith=text)
    if actor.is_system or actor.is_applicant:
        return list(rows.filter(asked)[: queries.PAGE])
    newest = _newest_of_each(_parts_read(actor), asked)
    found = sorted(queries.among(actor, newest).values(), key=lambda case: (case.opened_at, case.id))
    return found[::-1]


def _parts_read(actor: Actor) -> list[Q]:
    """Give what somebody may see piece by piece, a small place window by window, each in the order of its index.

    By the digits of its code the newest cases of all places would be read, until enough of a small one are found.
    """
    others = tuple(post for post in actor.posts if post.role != Role.MANAGER)
    parts = queries.parts_seen(Actor(actor.id, actor.name, others))
    for prefix in actor.managed_prefixes:
        windows = directory.windows_under(prefix, most=FEW_WINDOWS)
        if windows is None:
            parts += queries.parts_of_place(prefix)
        else:
            parts += [part for window in windows for part in queries.parts_of_window(window)]
    return parts


def _found_first(text: str) -> list[int] | None:
    """Give the few cases that can be meant, whoever may see them: found by an index before anything else.

    None: that many bear the name that the newest are soon found among those that somebody sees.
    """
    try:
        return [ids.id_of(text)]
    except ids.BadNumber:
        pass
    bear = _bearing(text)
    if bear:
        return bear
    # Said again that it is not empty, as of identity numbers: the index leaves the empty out.
    named = CaseApplicant.objects.exclude(name="").filter(name__startswith=text)
    # Whether there are that many is read from the index alone: a tenth of the time that it takes to fetch them.
    if named.values_list("name", flat=True)[NAMED_AT_MOST : NAMED_AT_MOST + 1]:
        return None
    return list(named.values_list("case_id", flat=True)[: NAMED_AT_MOST + 1])


def _newest_of_each(parts: Sequence[Q], asked: Q) -> list[int]:
    """Give the ids among which the newest page is: the newest of each part, read in the order of its index.

    One query over all parts at once would read everything that a window ever received, and sort it.
    """
    pages = [
        Case.objects.filter(part, asked).order_by(*queries.NEWEST).values("id", "opened_at")[: queries.PAGE]
        for part in parts
    ]
    if not pages:
        return []
    first, *others = pages
    rows = first.union(*others).order_by(*queries.NEWEST) if others else first
    return [row["id"] for row in rows[: queries.PAGE]]


def _bearing(text: str) -> list[int]:
    """Give the cases that bear an identity number, found by its digest."""
    digest = keyring.current().lookup_digest(text)
    found: list[int] = []
    for column in ("identity_digest", "agent_identity_digest"):
        # Said again, so that a plan made before the value is known may use the index, which leaves the empty out.
        rows = CaseApplicant.objects.exclude(**{column: b""}).filter(**{column: digest})
        found += rows.order_by("-case_id").values_list("case_id", flat=True)[:IDENTITY_AT_MOST]
    return found
