"""Weather between the node and its engines: slow, lossy, cut, one-way, reset, forgotten."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.rig import Limits, Rig

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.timeout(300)]

WEATHER: dict[str, dict[str, object]] = {
    "50 ms late": {"delay": 0.05},
    "one packet in twenty lost": {"loss": 0.05},
    "nothing passes": {"held": True},
    "answers do not come back": {"answers_held": True},
    "reset within 0.3 s": {"resets": 0.3},
}


@pytest.mark.parametrize("engine", ["redis", "sql"])
@pytest.mark.parametrize("weather", WEATHER)
def test_bad_weather_is_weathered(proxied: Rig, engine: str, weather: str) -> None:
    wire = proxied.engines.proxies[engine]
    fault = wire.weather(**WEATHER[weather])
    result = proxied.through(f"{engine}: {weather}", fault, Limits(10, 30), lasts=5.0)
    assert result.wrong == ()


@contextmanager
def forgotten(rig: Rig, engine: str) -> Iterator[None]:
    """As a firewall forgets: half of each connection is gone, and new ones are let through."""
    rig.engines.proxies[engine].forget()
    yield


@pytest.mark.parametrize("engine", ["redis", "sql"])
def test_a_half_open_connection_is_noticed(proxied: Rig, engine: str) -> None:
    name = f"{engine}: connections half open"
    result = proxied.through(name, forgotten(proxied, engine), Limits(10, 30), lasts=1.0)
    assert result.wrong == ()
