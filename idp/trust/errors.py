"""Why another entity is not trusted by this node, beside what its statements prove."""

from idp.federation.errors import FederationError


class Denied(FederationError):
    """This node's operator has shut the entity out, whatever others say of it."""


class Unmarked(FederationError):
    """The entity does not bear the trust mark that what it wants needs."""
