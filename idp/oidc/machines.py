"""What programs are answered, whichever adapter received them: Flask's or ``wsgi``."""

from idp.oidc.adapters import EPOCH
from idp.oidc.endpoints import Endpoint
from idp.oidc.http import Request, Response
from idp.store import clients


def answer(endpoint: Endpoint, request: Request) -> Response:
    """``endpoint``'s answer, readable by the pages of public clients where that is meant."""
    EPOCH.set(None)  # what this thread has read for another request is not ours to go by
    given = endpoint.answer(request)
    if endpoint.cors and request.origin:
        given = given.plus(*cors(request.origin))
    return given


def cors(origin: str) -> tuple[tuple[str, str], ...]:
    """Only origins that public clients registered, and never with credentials."""
    if origin not in clients.web_origins(EPOCH.get()):
        return (("Vary", "Origin"),)
    return (("Access-Control-Allow-Origin", origin), ("Vary", "Origin"))
