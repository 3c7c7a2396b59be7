"""Text messages: codes and notices, several providers, one set of limits."""

from idp.sms.providers import PROVIDERS
from idp.sms.sender import Sent, Sms, Status

__all__ = ["PROVIDERS", "Sent", "Sms", "Status"]
