"""Which addresses programs ask, and which people do."""

_PROGRAMS = (
    *("/oauth/", "/.well-known/", "/jwks.json", "/jwks-gm.json"),
    *("/health/", "/sms/receipts/", "/login/mini-program/ticket", "/federation/", "/ssf/"),
)
_PEOPLE = ("/oauth/authorize", "/oauth/logout")


def for_programs(path: str) -> bool:
    """Whether whoever asks ``path`` reads JSON rather than pages."""
    return path.startswith(_PROGRAMS) and not path.startswith(_PEOPLE)
