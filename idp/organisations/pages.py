"""Every page of organisations: those one acts for, whom to act for, binding one."""

from idp.organisations import agents, binding, choosing, licence, transfer
from idp.organisations.views import bp

__all__ = ["agents", "binding", "bp", "choosing", "licence", "transfer"]
