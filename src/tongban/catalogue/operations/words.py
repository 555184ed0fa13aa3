"""Everyday words by which people find items: added and removed by authorities and the coordination group (W5)."""

import datetime

from django.db import transaction

from tongban.catalogue import permissions, rules
from tongban.catalogue.models import CATALOGUE, Synonym
from tongban.directory import operations as directory
from tongban.journal import operations as journal
from tongban.kernel import text
from tongban.people.actors import Actor


@transaction.atomic
def add_synonym(*, word: str, means: str, by: Actor, at: datetime.datetime) -> Synonym:
    """Let people find items by another word of theirs (B1); a word that is known gets its new meaning.

    Raises:
        permissions.NotYourWords: the person holds no post at an authority or in the coordination group.
        rules.SynonymEmpty: with what to enter instead.
    """
    permissions.require_words(by)
    said, meant = text.clean(word).lower(), text.clean(means).lower()
    rules.check_synonym(said, meant)
    added = {"added_at": at, "added_by_name": by.name, "added_for": by.place}
    row, _is_new = Synonym.objects.update_or_create(
        word=said, defaults={"means": meant, "is_shipped": False, "is_off": False, **added}
    )
    _note_word("synonym_added", row, by=by, at=at)
    return row


@transaction.atomic
def remove_synonym(synonym_id: int, *, by: Actor, at: datetime.datetime) -> None:
    """Take a synonym off.

    Raises:
        permissions.NotYourWords: as with adding. rules.UnknownSynonym: there is no such word.
    """
    permissions.require_words(by)
    row = Synonym.objects.select_for_update().filter(id=synonym_id, is_off=False).first()
    if row is None:
        raise rules.UnknownSynonym()
    row.is_off, row.is_shipped = True, False
    row.save(update_fields=["is_off", "is_shipped"])
    _note_word("synonym_removed", row, by=by, at=at)


def _note_word(code: str, row: Synonym, *, by: Actor, at: datetime.datetime) -> None:
    directory.mark_changed(CATALOGUE)
    journal.append(
        CATALOGUE,
        0,
        code=code,
        article="W5",
        at=at,
        actor_id=by.id,
        actor=by.name,
        place=by.place,
        payload={"word": row.word, "means": row.means},
    )
