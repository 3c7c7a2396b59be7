"""Many at once: the same thing tried from many threads in one moment."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from tests.actors import Citizen

MANY = 24
COOKIES = ("sso", "browser", "form")


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each call came to, all begun together; a failure of one is a failure of the test."""
    together = threading.Barrier(len(calls))
    found: list[Any] = [None] * len(calls)
    failed: list[BaseException] = []

    def run(number: int) -> None:
        together.wait()
        try:
            found[number] = calls[number]()
        except BaseException as error:  # handed to the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return found


def tabs(citizen: Citizen, count: int = MANY) -> list[Citizen]:
    """The same browser at the same page, so often that each can go on by itself."""
    made = []
    for _ in range(count):
        tab = Citizen(citizen.app, citizen.phone, citizen.address, citizen.page)
        for name in COOKIES:
            if cookie := citizen.browser.get_cookie(f"hutong_{name}"):
                tab.browser.set_cookie(cookie.key, cookie.value)
        made.append(tab)
    return made


def won(those: Sequence[Citizen], page: str) -> list[Citizen]:
    """Who arrived at ``page``; and nobody saw us break."""
    assert all(each.status < 500 or "HT-0001" in each.text for each in those)
    return [each for each in those if each.at == page]
