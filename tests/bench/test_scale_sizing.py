"""The arithmetic of docs/scaling.md, checked by hand on round numbers."""

import pytest

from bench.scale import measured, sizing

GIVEN = sizing.Assumptions(
    sign_ins=0.0864, by_sms=0.5, flows=2, refreshes=1, peak=10, headroom=2, retention_days=100
)
"""At a million accounts: one sign-in a second in the mean of a day."""
NAMES = ("SMS sign-in", "password sign-in", "first SSO flow", "SSO flow", "refresh")
COST = {"web_ms": 10.0, "worker_ms": 1.0, "redis_ms": 0.5, "postgres_ms": 2.0}
FOUND = {
    "rounds": [
        {"operation": name, "accounts": accounts, "bytes_in": 100, "bytes_out": 200, **COST}
        for name in NAMES
        for accounts in (10_000, 10_000_000)
    ],
    "tables": {
        "10000000": [
            {"table": "account", "rows": 1, "table_bytes": 1, "index_bytes": 1, "per_account": 500},
            {
                "table": "sign_in",
                "rows": 10,
                "table_bytes": 600,
                "index_bytes": 400,
                "per_account": 100,
            },
            {
                "table": "audit_event",
                "rows": 9,
                "table_bytes": 9,
                "index_bytes": 9,
                "per_account": 9,
            },
        ]
    },
    "event": {"bytes": 1000},
    "session": {
        "grown_by_each_of_100000": {"s": 1000.0, "f": 2000.0, "acct:sessions": 100.0},
        "lives_seconds": {"s": 1800, "f": 86_400, "acct:sessions": 86_400 * 30},
    },
}


def test_cores_are_rates_times_costs_times_peak_and_headroom() -> None:
    needed = sizing.cores(FOUND, GIVEN, 1_000_000)

    # one sign-in, two flows and one refresh a second: 4 × 10 ms, × 10 × 2
    assert needed["web"] == pytest.approx(0.8)
    assert needed["postgres"] == pytest.approx(0.16)


def test_traffic_is_bits_in_the_busiest_second() -> None:
    assert sizing.traffic(FOUND, GIVEN, 1_000_000)["bytes_out"] == pytest.approx(4 * 200 * 8 * 10)


def test_disk_holds_what_is_kept_and_no_longer() -> None:
    taken = sizing.disk(FOUND, GIVEN, 1_000_000)

    assert taken["accounts"] == pytest.approx(600e6)
    assert taken["sign_ins"] == pytest.approx(86_400 * 365 * 100)
    # a sign-in, half of them with a message, two codes, two sets of tokens, a refresh
    assert taken["audit"] == pytest.approx((0.5 + 1 + 2 + 2 + 1) * 86_400 * 100 * 1000)


def test_memory_is_what_is_made_a_second_times_how_long_it_lives() -> None:
    taken = sizing.memory(FOUND, GIVEN, 1_000_000)

    assert taken["s"] == pytest.approx(1800 * 1000)
    assert taken["f"] == pytest.approx(2 * 86_400 * 2000)


def test_an_account_is_remembered_once_however_often_it_signs_in() -> None:
    assert sizing.memory(FOUND, GIVEN, 1_000_000)["acct:sessions"] == pytest.approx(1e6 * 100)


def test_a_ratio_is_the_median_of_rounds_with_its_interval() -> None:
    middle, low, high = measured.ratio([1.1, 1.0, 1.2, 1.0, 1.1], [1.0, 1.0, 1.0, 1.0, 1.0])

    assert middle == 1.1
    assert low <= middle <= high
