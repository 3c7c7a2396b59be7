"""What a person reads whose sign-in was stopped: plain, at every width, with a way on."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.person import Person
from tests.browser.test_real_names import VIEWS

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("view", VIEWS)
def test_a_stopped_sign_in_says_what_to_do(
    person: Callable[..., Person], view: dict[str, Any]
) -> None:
    somebody = person(**view)
    somebody.open(f"{somebody.live.issuer}/login/")
    somebody.open(somebody.page.url.replace("/login/?", "/login/held?"))
    somebody.look()

    said = somebody.said()
    assert "HT-2051" in said
    assert "分钟后再试" in said
    somebody.press("#recover")
    assert "/recover/" in somebody.page.url
