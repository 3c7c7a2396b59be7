"""Why something another entity says is not believed: one class a subject, one word a reason."""


class FederationError(Exception):
    """``reason`` is a fixed word for code and logs; ``about`` names the member or the entity."""

    LONGEST = 200

    def __init__(self, reason: str, about: str = ""):
        super().__init__(reason, about)
        self.reason = reason
        # Others chose these words: they must not break a line of a log, nor fill it.
        self.about = (about if about.isprintable() else ascii(about))[: self.LONGEST]

    def __str__(self) -> str:
        return f"{type(self).__name__}: {self.reason} {self.about}".rstrip()


class InvalidIdentifier(FederationError):
    """Not an entity identifier."""


class InvalidKeys(FederationError):
    """A JWK Set that is broken, weak, ambiguous or private."""


class InvalidJwt(FederationError):
    """Not a signed JWT of the type it was taken for."""


class InvalidSignature(FederationError):
    """The signature is not by the key it has to be by."""


class InvalidStatement(FederationError):
    """An entity statement whose claims break a rule."""


class PolicyError(FederationError):
    """A metadata policy that is malformed or contradicts itself, or metadata that breaks it."""


class ConstraintViolated(FederationError):
    """A chain that a superior's constraints, or our own pins, do not allow."""


class InvalidChain(FederationError):
    """Statements that do not lead from the subject to a trust anchor of ours."""


class InvalidMetadata(FederationError):
    """Metadata that must not be used, whoever vouches for it."""


class InvalidTrustMark(FederationError):
    """A trust mark that proves nothing about the entity that shows it."""


class InvalidAnswer(FederationError):
    """What a federation endpoint signed is not what it was asked for."""


class InvalidRegistration(FederationError):
    """An explicit registration that is not between the two who make it."""


class Unreachable(FederationError):
    """A document that could not be had; ``transient`` if it may be there a moment later."""

    def __init__(self, reason: str, about: str = "", *, transient: bool = True):
        super().__init__(reason, about)
        self.transient = transient
