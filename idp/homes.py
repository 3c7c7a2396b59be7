"""What a node's word of its people is worth as time goes on, and what ends with it."""

from idp import sessions
from idp.assurance import Level
from idp.broker.answering import least
from idp.broker.errors import PeerAway, PeerRefused
from idp.services import services
from idp.sessions import Home
from idp.store import peer_links
from idp.store.types import now


def stands_for(home: Home) -> Level | None:
    """What another node's word is worth now; None once that node, or the one that saw the person,
    is not trusted any more.
    """
    try:
        ceiling = services.broker.ceiling(home.issuer, home.authority)
    except (PeerRefused, PeerAway):
        return None
    return least(Level(home.ial, home.aal), ceiling)


def end_untrusted() -> int:
    """End the sessions of people whose home is not trusted any more; how many ended. Of whom a home
    has not seen itself it says so when it trusts the one that has no more.
    """
    ended = 0
    for issuer in peer_links.issuers():
        try:
            services.broker.ceiling(issuer, issuer)
        except PeerRefused:
            ended += end_all_of(issuer, "home_not_trusted")
        except PeerAway:  # nobody has said that it is not trusted
            continue
    return ended


def end_all_of(issuer: str, reason: str) -> int:
    """End every session a home has begun here; how many ended."""
    since = now() - services.settings.sessions.absolute
    accounts = {*peer_links.accounts_of(issuer, since)}
    return sum(end(issuer, account_id, reason) for account_id in accounts)


def end(issuer: str, account_id: str, reason: str, *, sid: str = "", above: int = 0) -> int:
    """End those of an account that stand on a home's word, and commit: one of them where ``sid``
    is the home's name for it, those that count for more than ``above`` (ial); how many ended.
    """
    begun = [
        session
        for session in sessions.list_of(account_id)
        if (home := session.home) is not None
        and home.issuer == issuer
        and sid in {"", home.sid}
        and home.ial > above
    ]
    for session in begun:
        sessions.end(session, reason=reason, keep_offline=False)
    return len(begun)
