"""Who may change the catalogue."""

from tongban.kernel import refusals
from tongban.people.actors import Actor
from tongban.people.roles import Role


class NotYourWords(refusals.NotAllowed):
    """日常说法由各级政务服务管理机构和协调小组维护，您的岗位不在其中。"""


def may_keep_words(by: Actor) -> bool:
    """Tell whether somebody may add and remove everyday words (W5)."""
    return by.has(Role.MANAGER) or by.has(Role.GROUP)


def require_words(by: Actor) -> None:
    """Refuse everyday words from anybody else."""
    if not may_keep_words(by):
        raise NotYourWords()
