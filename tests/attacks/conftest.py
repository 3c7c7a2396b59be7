"""The province of the flows, with attackers in it."""

import pytest

from tests.actors import Citizen
from tests.attacks.people import GOOD, Citizens
from tests.flows.conftest import changes, citizen, citizens, configured, sandbox

__all__ = ["changes", "citizen", "citizens", "configured", "sandbox"]


@pytest.fixture
def wang(citizens: Citizens) -> Citizen:
    """Somebody with an account, a number and a password."""
    return citizens("13900000001").signs_up(username="wang_xm", password=GOOD)
