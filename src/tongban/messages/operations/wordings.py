"""The wording of messages: what every installation begins with, and what administrators publish."""

import datetime
import tomllib
from pathlib import Path

from django.db import IntegrityError, transaction

from tongban.messages import queries, rules, wording
from tongban.messages.models import Template
from tongban.people.actors import SYSTEM, Actor

FILE = Path(__file__).resolve().parents[1] / "data/texts.toml"
FIRST = 1


def load_defaults(*, at: datetime.datetime) -> int:
    """Publish the shipped wording where there is none yet, for every way; loading again changes nothing."""
    shipped = tomllib.loads(FILE.read_text(encoding="utf-8"))
    there = set(Template.objects.filter(version=FIRST).values_list("kind", "channel", "language"))
    rows = []
    for kind, channel, language in queries.places_of_wordings():
        if (kind, channel, language) in there:
            continue
        words = shipped[kind].get(language)
        if words is None:
            continue  # written in Chinese until somebody publishes a wording in this language
        wording.check(words["title"], words["text"], kind=kind, channel=channel)
        rows.append(
            Template(
                kind=kind,
                channel=channel,
                language=language,
                version=FIRST,
                title=words["title"],
                text=words["text"],
                published_at=at,
                published_by_name=SYSTEM.name,
            )
        )
    Template.objects.bulk_create(rows)
    return len(rows)


def checked(kind: str, channel: str, language: str, *, title: str, text: str) -> tuple[str, str]:
    """Give a wording as it would be published.

    Raises:
        rules.UnknownWording, rules.SameWords, and whatever `wording.check` refuses.
    """
    now = queries.newest(kind, channel, language)
    title = wording.clean(title, keep_lines=False)
    text = wording.clean(text, keep_lines=channel == "email")
    wording.check(title, text, kind=kind, channel=channel)
    if (title, text) == (now.title, now.text):
        raise rules.SameWords(fields={"text": rules.SameWords().message})
    return title, text


def publish(
    kind: str,
    channel: str,
    language: str,
    *,
    title: str,
    text: str,
    after: int,
    by: Actor,
    at: datetime.datetime,
) -> Template:
    """Publish a new version of a wording; messages that are written already keep theirs.

    Args:
        after: the version that was edited; another one published since is a conflict.

    Raises:
        rules.ChangedMeanwhile: somebody else published a version since.
    """
    title, text = checked(kind, channel, language, title=title, text=text)
    if queries.newest(kind, channel, language).version != after:
        raise rules.ChangedMeanwhile()
    row = Template(
        kind=kind,
        channel=channel,
        language=language,
        version=after + 1,
        title=title,
        text=text,
        published_at=at,
        published_by_id=by.id,
        published_by_name=by.name,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise rules.ChangedMeanwhile() from None
    return row
