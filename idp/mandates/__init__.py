"""Acting for an organisation: mandates are offered, accepted, delegated and revoked.

Nobody grants more than they have: not for other matters, not elsewhere, not for longer. What is
revoked ends at once, and with it all that was granted under it.
"""

from idp.mandates.acting import REAL_NAME, REAL_PERSON, act, coming, held, in_force
from idp.mandates.ending import end_of, revoke
from idp.mandates.errors import (
    AnothersOrganisation,
    BeyondYours,
    Dissolved,
    EndImpossible,
    EndsAfterYours,
    MayNotDelegate,
    NamedOtherwise,
    NameNeeded,
    NoSuchOrganisation,
    NothingToDo,
    NotYours,
    OfferedTooOften,
    StartImpossible,
    TooManyAgents,
)
from idp.mandates.granting import BEIJING, Terms, accept, decline, offer
from idp.mandates.representing import Found, represent
from idp.mandates.standing import dissolve, register, rename, replace

__all__ = [
    "BEIJING",
    "REAL_NAME",
    "REAL_PERSON",
    "AnothersOrganisation",
    "BeyondYours",
    "Dissolved",
    "EndImpossible",
    "EndsAfterYours",
    "Found",
    "MayNotDelegate",
    "NameNeeded",
    "NamedOtherwise",
    "NoSuchOrganisation",
    "NotYours",
    "NothingToDo",
    "OfferedTooOften",
    "StartImpossible",
    "Terms",
    "TooManyAgents",
    "accept",
    "act",
    "coming",
    "decline",
    "dissolve",
    "end_of",
    "held",
    "in_force",
    "offer",
    "register",
    "rename",
    "replace",
    "represent",
    "revoke",
]
