"""Who may do what about ratings and complaints: managers of the authority responsible, or of one above it."""

from tongban.directory.models import Authority
from tongban.kernel import refusals
from tongban.people.actors import Actor
from tongban.people.roles import Role


class NotYours(refusals.NotAllowed):
    """这件事由{place}负责，您没有那里的管理岗位。"""


def answers_for(actor: Actor, authority: Authority | None) -> bool:
    """Say whether somebody manages an authority's area; for none of them, whether they are the group."""
    if authority is None:
        return actor.has(Role.GROUP)
    return any(authority.division_id.startswith(prefix) for prefix in actor.managed_prefixes)


def require_answers_for(actor: Actor, authority: Authority | None) -> None:
    """Refuse whoever does not answer for an authority.

    Raises:
        NotYours.
    """
    if not answers_for(actor, authority):
        raise NotYours(place=authority.name if authority else "西南五省协调小组")
