"""The checks an operator has turned on, asked in order until one knows."""

from datetime import datetime, timedelta

from idp.carrier.base import Answer
from idp.carrier.checks import CHECKS
from idp.crypto.sealing import Sealer
from idp.outbound import Outbound
from idp.settings import Settings, SettingsError
from idp.store import throttles
from idp.store.throttles import Counter

_DAY = timedelta(days=1)


class Carrier:
    """Built once. With no check turned on every answer is UNKNOWN (DESIGN §3)."""

    def __init__(self, settings: Settings, sealer: Sealer, outbound: Outbound):
        names = settings.carrier.checks
        if unknown := [name for name in names if name not in CHECKS]:
            known = ", ".join(CHECKS)
            raise SettingsError(f"carrier.checks: {unknown[0]!r} is none of {known}")
        self._checks = [CHECKS[name].from_settings(settings, outbound) for name in names]
        self._number_day, self._sealer = settings.carrier.number_day, sealer

    def answer(self, number: str, since: datetime) -> Answer:
        """Whether ``number`` (E.164) went to somebody else after ``since``.

        Counted before it is asked: each question costs, and carriers refuse who repeats it.
        """
        if not self._checks:
            return Answer.UNKNOWN
        index = self._sealer.index("phone", number)
        if throttles.take([Counter.of(index, "carrier", self._number_day, _DAY)]).refused_by:
            return Answer.UNKNOWN
        answers = (check.answer(number, since) for check in self._checks)
        return next((each for each in answers if each is not Answer.UNKNOWN), Answer.UNKNOWN)
