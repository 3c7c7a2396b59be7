"""The single sign-on session: read in ``session``, begun in ``starting``, over in ``ending``."""

from idp.sessions.ending import (
    CUT_AGAIN,
    Ending,
    bring_about,
    claims_changed,
    cut,
    cut_claims,
    end,
    end_all,
    promise,
)
from idp.sessions.session import (
    Session,
    current,
    lifetime,
    list_of,
    of,
    refresh,
    relying_parties,
    touch,
)
from idp.sessions.starting import AccountStopped, ProofVoid, start, still_offline

__all__ = [
    "CUT_AGAIN",
    "AccountStopped",
    "Ending",
    "ProofVoid",
    "Session",
    "bring_about",
    "claims_changed",
    "current",
    "cut",
    "cut_claims",
    "end",
    "end_all",
    "lifetime",
    "list_of",
    "of",
    "promise",
    "refresh",
    "relying_parties",
    "start",
    "still_offline",
    "touch",
]
