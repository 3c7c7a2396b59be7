"""The single sign-on session: read in ``session``, begun in ``starting``, going on in
``changing``, over in ``ending``.
"""

from idp.sessions.changing import SessionGone, act, regrade, stay_oneself
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
    spare,
)
from idp.sessions.session import (
    Acting,
    Home,
    Session,
    acting_of,
    current,
    is_over,
    left_behind,
    lifetime,
    list_of,
    of,
    refresh,
    relying_parties,
    touch,
)
from idp.sessions.starting import (
    AccountStopped,
    ProofVoid,
    remembered_for,
    start,
    still_offline,
)

__all__ = [
    "CUT_AGAIN",
    "AccountStopped",
    "Acting",
    "Ending",
    "Home",
    "ProofVoid",
    "Session",
    "SessionGone",
    "act",
    "acting_of",
    "bring_about",
    "claims_changed",
    "current",
    "cut",
    "cut_claims",
    "end",
    "end_all",
    "is_over",
    "left_behind",
    "lifetime",
    "list_of",
    "of",
    "promise",
    "refresh",
    "regrade",
    "relying_parties",
    "remembered_for",
    "spare",
    "start",
    "stay_oneself",
    "still_offline",
    "touch",
]
