"""Who acts: one of the staff with the posts held now, an applicant for whom they act, or the system itself."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from tongban.people.roles import ADMINISTRATORS, AT_WINDOW, Role


@dataclass(frozen=True)
class HeldPost:
    """A post in force: a role, and the window or authority (with its division's code) where it is held."""

    role: Role
    window_id: int | None = None
    authority_id: int | None = None
    place: str = ""
    division_code: str = ""
    division_prefix: str = ""


class PartyKind(StrEnum):
    OWN = "own"
    ENTERPRISE = "enterprise"
    RELATIVE = "relative"


@dataclass(frozen=True)
class Party:
    """In whose name an applicant acts: their own, that of an enterprise or of a relative.

    `digest` is that of the identity number or credit code; empty while nobody has checked who it is, and then
    it opens nothing. `items` are the numbers of the items that the mandate covers; None: every matter.
    """

    kind: PartyKind
    id: int
    name: str
    digest: bytes = b""
    items: frozenset[int] | None = None
    mandate_id: int | None = None

    @property
    def key(self) -> str:
        """The name by which addresses and sessions speak of it, e.g. `enterprise-7`."""
        return f"{self.kind}-{self.id}"

    def covers(self, item_id: int | None) -> bool:
        """Say whether a matter is within the mandate."""
        return self.items is None or item_id in self.items


@dataclass(frozen=True)
class Standing:
    """What an applicant may act for: all of it, and the one for whom they act now."""

    parties: tuple[Party, ...]
    acting: Party
    is_checked: bool  # somebody has checked who the applicant is


@dataclass(frozen=True)
class Actor:
    """Somebody who does something, as every operation's `by` wants it."""

    id: int | None
    name: str
    posts: tuple[HeldPost, ...] = ()
    standing: Standing | None = None  # of an applicant; staff have none

    @property
    def is_applicant(self) -> bool:
        return self.standing is not None

    @property
    def party(self) -> Party:
        """The one for whom an applicant acts now."""
        assert self.standing is not None
        return self.standing.acting

    def acting_for(self, key: str) -> Self:
        """Give the same applicant acting for one of those for whom they may; anybody else's key is their own."""
        assert self.standing is not None
        found = next((p for p in self.standing.parties if p.key == key), self.standing.parties[0])
        return replace(self, standing=replace(self.standing, acting=found))

    @property
    def is_system(self) -> bool:
        return self.id is None

    @property
    def window_ids(self) -> frozenset[int]:
        """The windows where this person is a clerk or lead."""
        return frozenset(p.window_id for p in self.posts if p.window_id and p.role in AT_WINDOW)

    @property
    def lead_window_ids(self) -> frozenset[int]:
        return frozenset(p.window_id for p in self.posts if p.window_id and p.role == Role.LEAD)

    @property
    def department_ids(self) -> frozenset[int]:
        """The departments for which this person approves."""
        return frozenset(p.authority_id for p in self.posts if p.authority_id and p.role == Role.APPROVER)

    @property
    def managed_prefixes(self) -> tuple[str, ...]:
        """The leading digits of the divisions that this person's authorities run."""
        return tuple(p.division_prefix for p in self.posts if p.role == Role.MANAGER)

    @property
    def oversees(self) -> bool:
        """Whether this person works for an authority or for the coordination group."""
        return self.has(Role.MANAGER) or self.has(Role.GROUP)

    @property
    def place(self) -> str:
        """Where this person works, for the record."""
        return self.posts[0].place if self.posts else ""

    @property
    def is_administrator(self) -> bool:
        """Whether this is one of the three administrators, who see nothing of cases."""
        return any(p.role in ADMINISTRATORS for p in self.posts)

    def has(self, role: Role) -> bool:
        return any(p.role == role for p in self.posts)


SYSTEM = Actor(id=None, name="系统")
