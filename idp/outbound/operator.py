"""The operator's door: to the providers our settings name."""

from collections.abc import Mapping
from http import HTTPStatus

import httpcore

from idp.outbound.addresses import parse
from idp.outbound.breaker import Breaker
from idp.outbound.errors import OutboundFailed
from idp.outbound.wire import Answer, Call, Limits, exchange


class Operator:
    """Calls to one provider: a bounded pool, a time limit and a breaker of its own."""

    def __init__(self, pool: httpcore.ConnectionPool, limits: Limits, breaker: Breaker):
        self._pool = pool
        self._limits = limits
        self.breaker = breaker

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        return self._call(Call("GET", parse(url), headers or {}))

    def post(
        self, url: str, *, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        return self._call(Call("POST", parse(url), headers or {}, content))

    def close(self) -> None:
        self._pool.close()

    def _call(self, call: Call) -> Answer:
        self.breaker.enter()
        try:
            answer = exchange(self._pool, call, self._limits)
        except OutboundFailed:
            self.breaker.record(worked=False)
            raise
        self.breaker.record(worked=answer.status < HTTPStatus.INTERNAL_SERVER_ERROR)
        return answer
