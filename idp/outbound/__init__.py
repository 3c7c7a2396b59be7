"""Every call we make goes through one of two doors: operator and foreign."""

from idp.outbound.doors import Outbound
from idp.outbound.errors import OutboundFailed, OutboundRefused
from idp.outbound.operator import Operator
from idp.outbound.wire import Answer

__all__ = ["Answer", "Operator", "Outbound", "OutboundFailed", "OutboundRefused"]
