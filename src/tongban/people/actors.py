"""Who acts: a person with the posts held now, or the system itself."""

from dataclasses import dataclass

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


@dataclass(frozen=True)
class Actor:
    """Somebody who does something, as every operation's `by` wants it."""

    id: int | None
    name: str
    posts: tuple[HeldPost, ...] = ()

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
