"""What is known of a sign-in whose proof was good: one question to SQL, and one to Redis."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from idp import assurance, places, proofs, settings
from idp.risk import around
from idp.risk.rules import Facts
from idp.store import sign_ins, throttles
from idp.store.accounts import Account
from idp.store.sign_ins import Earlier
from idp.store.throttles import Counter
from idp.store.types import now
from idp.web.addresses import address_range
from idp.web.people import Here

_USUAL = 5
"""So many sign-ins in a row show what somebody usually proves."""
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


def gather(account: Account, amr: tuple[str, ...], here: Here) -> Facts:
    """Counts this sign-in: ask once for each."""
    past, moment = sign_ins.past(account.id, here.browser), now()
    region, earlier = places.here(), past.sign_ins
    return replace(
        _counted(account.id, here),
        new_browser=not past.knows_browser,
        new_region=_is_new(region, earlier, moment - settings.current.risk.history),
        journey_minutes=_journey(region, earlier, moment),
        number_days=_ago(account.number_since, moment),
        idle_days=_ago(earlier[0].at, moment) if earlier else None,
        below_usual=_is_below(assurance.aal_of(proofs.counted(account, {*amr})), earlier),
    )


def _counted(account_id: str, here: Here) -> Facts:
    limits, window = settings.current.login, settings.current.risk.window
    group, place = around.of(here.browser, here.address), address_range(here.address)
    failures = (
        throttles.everybody(account_id, limits.account_failures),
        throttles.from_range(account_id, place, limits.address_failures, limits.throttle),
    )
    mine = Counter.of(account_id, "sign-ins", 0, window)
    own, *used = throttles.note(mine, group.groups, account_id, failures)
    strangers, from_here = used[-2:]
    return replace(
        group.facts(used[:-2]), sign_ins=own, failures=strangers, failures_here=from_here
    )


def _is_new(region: str | None, earlier: Sequence[Earlier], since: datetime) -> bool | None:
    """Unknown also while no earlier sign-in says where it came from."""
    province = places.province(region)
    usual = {places.province(each.region) for each in earlier if each.at >= since} - {""}
    return province not in usual if province and usual else None


def _journey(region: str | None, earlier: Sequence[Earlier], moment: datetime) -> int | None:
    """Minutes since the last sign-in that says where it came from, where that was elsewhere."""
    province = places.province(region)
    last = next((each for each in earlier if places.province(each.region)), None)
    if not province or last is None or places.province(last.region) == province:
        return None
    return max(0, (moment - last.at) // _MINUTE)


def _is_below(aal: int, earlier: Sequence[Earlier]) -> bool | None:
    if len(earlier) < _USUAL:
        return None
    return aal < min(assurance.aal_of(each.methods) for each in earlier[:_USUAL])


def _ago(at: datetime | None, moment: datetime) -> int | None:
    return (moment - at) // _DAY if at else None
