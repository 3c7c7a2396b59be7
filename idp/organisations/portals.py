"""At which portals a mandate holds: what may be chosen, what the form says, and their names."""

from idp.errors import N_, IdpError
from idp.mandates import BeyondYours
from idp.represented import ORGANISATION
from idp.store import clients
from idp.store.clients import Registration
from idp.store.organisations import Mandate
from idp.web import i18n


class PortalsUnclear(IdpError):
    """Neither all portals were chosen nor any one, or both were."""

    code = "HT-4250"
    message = N_("请选择授权用于哪些应用。")
    next_step = N_("请勾选“全部应用”，或者只勾选其中一些，两者不能同时选择。")
    oauth_error = "invalid_request"
    field = "client_ids"


class NoSuchPortal(IdpError):
    """A portal was chosen that is not here any more, or does not ask for whom people act."""

    code = "HT-4251"
    message = N_("所选应用不存在，或者不用于代表单位办事。")
    next_step = N_("请重新选择应用后再提交。")
    oauth_error = "invalid_request"
    field = "client_ids"


def offered(own: Mandate) -> list[Registration]:
    """Those a mandate may be limited to, by whoever holds ``own``."""
    return [each for each in clients.all_clients() if _asks(each) and own.holds_for(each.client_id)]


def read(own: Mandate, everywhere: bool, chosen: list[str]) -> list[str]:
    """Client ids for the terms; none: all that ``own`` holds for.

    Raises PortalsUnclear, NoSuchPortal or BeyondYours.
    """
    if everywhere == bool(chosen):
        raise PortalsUnclear
    for client_id in chosen:
        registration = clients.look_up(client_id)
        if registration is None or not _asks(registration):
            raise NoSuchPortal
        if not own.holds_for(client_id):
            raise BeyondYours
    return list(dict.fromkeys(chosen))


def names(client_ids: list[str]) -> list[str]:
    """In the language of the request; a portal that is no more goes by its id."""
    found = ((each, clients.look_up(each)) for each in client_ids)
    return [i18n.named(known).name if known else client_id for client_id, known in found]


def _asks(registration: Registration) -> bool:
    return registration.active and ORGANISATION in registration.scopes
