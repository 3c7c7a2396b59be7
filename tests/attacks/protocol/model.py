"""What must work and what must not, told without looking at the provider.

Times are seconds of the clock everybody goes by. Close to an end nothing is predicted
(``None``): the machine that runs the test takes time of its own.
"""

from dataclasses import dataclass, field

CODE, SPENT, ACCESS = 60, 600, 15 * 60
RETRY, REFRESH = 30, 30 * 24 * 3600
IDLE, ABSOLUTE = 30 * 60, 12 * 3600
BLUR = 4.0
"""Seconds around an end that are left open."""


@dataclass(repr=False)
class Account:
    active: bool = True
    sessions: list["Session"] = field(default_factory=list)


@dataclass(repr=False)
class Party:
    """A relying party."""

    public: bool
    active: bool = True


@dataclass(repr=False)
class Session:
    account: Account
    started: float
    used: float
    cookie: str = ""
    cut: bool = False
    families: list["Family"] = field(default_factory=list)
    codes: list["Code"] = field(default_factory=list)

    def lives(self, now: float) -> bool | None:
        if self.cut:
            return False
        return before(now, min(self.used + IDLE, self.started + ABSOLUTE))

    def end(self, *, offline_too: bool = False) -> None:
        self.cut = True
        for family in self.families:
            if offline_too or not family.offline:
                family.dead = True

    def withdraw(self, party: Party) -> None:
        """What one party was given in this session ends, codes on their way included."""
        for given in (*self.families, *self.codes):
            if given.party is party:
                given.dead = True


@dataclass(repr=False)
class Code:
    text: str
    party: Party
    session: Session
    issued: float
    offline: bool
    family: "Family | None" = None
    spent: float = 0
    dead: bool = False

    def works(self, now: float) -> bool | None:
        if self.family is not None or self.dead or not self.party.active:
            return False
        return both(before(now, self.issued + CODE), self.session.lives(now))

    def shown_again(self, now: float) -> None:
        """By its own party: the family it bore ends, as long as anybody remembers."""
        if self.family is not None and before(now, self.spent + SPENT) is not False:
            self.family.dead = True

    def is_remembered(self, now: float) -> bool | None:
        return self.family is not None and before(now, self.spent + SPENT)


@dataclass(repr=False)
class Family:
    party: Party
    session: Session
    offline: bool
    moved: float
    """When its counter moved."""
    used: float
    refresh: list[str] = field(default_factory=list)
    """Its refresh tokens, the current one last."""
    access: list["Access"] = field(default_factory=list)
    dead: bool = False

    def lives(self, now: float) -> bool | None:
        """Whether anything of it may be used at all."""
        if self.dead or not self.party.active:
            return False
        return before(now, self.used + REFRESH)

    def refreshes(self, now: float, back: int) -> bool | None:
        """Whether its refresh token ``back`` steps before the current one is taken."""
        good = both(self.lives(now), self.offline or self.session.lives(now))
        if back == 0:
            return good
        if back > 1 or self.party.public:
            return False
        return both(good, before(now, self.moved + RETRY))

    def betrays(self, now: float, back: int) -> bool | None:
        """Whether showing that token ends the family."""
        if back == 0 or not self.party.active:
            return False
        if back > 1 or self.party.public:
            return True
        late = before(now, self.moved + RETRY)
        return None if late is None else not late


@dataclass(repr=False)
class Access:
    text: str
    until: float
    revoked: bool = False

    def works(self, now: float, family: Family) -> bool | None:
        return both(not self.revoked, family.lives(now), before(now, self.until))


def before(now: float, end: float) -> bool | None:
    return None if abs(now - end) < BLUR else now < end


def both(*said: bool | None) -> bool | None:
    """False as soon as one is; None while one is unknown."""
    if any(each is False for each in said):
        return False
    return None if None in said else True
