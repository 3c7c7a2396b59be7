"""What a provider is that vouches for a person, and whom it names.

A view sends the browser to ``authorize_url`` with a ``new_state`` it keeps for that browser. The
browser comes back with ``state`` and the parameter ``code_field`` names; ``code_from`` reads it and
``person`` says who it was. That alone never opens an account: it names one that was bound.
"""

import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Self

from idp.outbound import Outbound
from idp.settings import Settings
from idp.upstream.errors import Declined

STATE_LENGTH = 128
_STATE = re.compile(rf"[a-zA-Z0-9]{{1,{STATE_LENGTH}}}")
_CODE_LENGTH = 512


class Surface(StrEnum):
    """Where the person stands when they are asked."""

    WEBSITE = "website"
    """In any browser; the provider shows a picture to scan, or its own sign-in page."""
    INSIDE = "inside"
    """In the browser inside the provider's own app."""
    MINI_PROGRAM = "mini_program"
    """In a program inside the provider's app; there is no address to send it to."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who an upstream says somebody is."""

    app_id: str
    """The app the openid belongs to."""
    openid: str
    unionid: str = ""
    """The same for all apps of one operator; "" where the app has none."""


class Upstream(ABC):
    """One provider, configured. Every failure is one of ``idp.upstream.errors``."""

    name: ClassVar[str]
    """Who holds the account, as ``wechat``: a unionid is unique within it."""
    label: ClassVar[str]
    code_field: ClassVar[str]
    """The parameter of the callback that carries the code."""

    @classmethod
    @abstractmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self | None:
        """None where it is not configured. Raises SettingsError for what makes no sense."""

    @abstractmethod
    def surface(self, user_agent: str) -> Surface | None:
        """Where a person with this browser is asked; None: not here, as things are configured."""

    @abstractmethod
    def authorize_url(self, surface: Surface, redirect_uri: str, state: str) -> str:
        """Where the browser goes, to the letter. Raises ValueError for a ``state`` or a
        ``redirect_uri`` the provider would spoil.
        """

    @abstractmethod
    def person(self, surface: Surface, code: str, state: str) -> Person:
        """Who allowed it. The same code with the same ``state`` answers alike for a while, for
        browsers ask a callback twice.
        """

    def code_from(self, callback: Mapping[str, str]) -> str:
        """Raises Declined where there is none."""
        code = callback.get(self.code_field, "")
        if not code or len(code) > _CODE_LENGTH:
            raise Declined
        return code


def new_state() -> str:
    """What ties a callback to the browser it began in: letters and digits, 256 bits."""
    return secrets.token_hex(32)


def refuse_spoilt(redirect_uri: str, state: str) -> None:
    """Raises ValueError for what does not come back as it was sent: WeChat keeps only letters and
    digits of a state, and writes the code before a ``#``.
    """
    if not _STATE.fullmatch(state):
        raise ValueError(f"a state has 1 to {STATE_LENGTH} letters and digits")
    if not redirect_uri or "#" in redirect_uri:
        raise ValueError("a redirect URI has no fragment")
