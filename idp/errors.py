"""What the IdP says when something fails, and to whom.

Every failure has three readers, each with words of its own: the citizen reads
``message`` and ``next_step`` on a page, the relying party reads ``oauth_error`` (ASCII,
RFC 6749 §5.2), and the operator finds ``code`` in the log and the docstring in
``docs/errors.md``, which is generated from these classes.
"""

from typing import Any, ClassVar


def N_(text: str) -> str:  # noqa: N802 - the name gettext's tools look for
    """Mark ``text`` for translation; it is translated where it is shown."""
    return text


class IdpError(Exception):
    """A failure we foresaw. Anything else is a bug and answers 500.

    Keyword arguments fill the ``%(name)s`` places of ``message`` and ``next_step``;
    they must never hold personal data that is not masked.
    """

    code: ClassVar[str]
    message: ClassVar[str]
    next_step: ClassVar[str] = N_("请返回上一步重试。")
    status: ClassVar[int] = 400
    oauth_error: ClassVar[str] = "access_denied"
    field: ClassVar[str] = ""
    """The form field the message belongs to, when it belongs to one."""

    def __init__(self, **params: Any):
        super().__init__(self.code)
        self.params = params


def catalogue(cls: type[IdpError] = IdpError) -> list[type[IdpError]]:
    """Every error class defined so far, by code."""
    found: list[type[IdpError]] = []
    for error in cls.__subclasses__():
        found.append(error)
        found.extend(catalogue(error))
    return sorted(found, key=lambda error: error.code)


class EngineUnavailable(IdpError):
    """SQL or Redis does not answer. Nothing was done; the log names the engine and the cause."""

    code = "HT-0001"
    message = N_("系统繁忙，暂时无法完成操作。")
    next_step = N_("您填写的内容没有丢失风险，请稍等片刻后刷新页面重试。")
    status = 503
    oauth_error = "temporarily_unavailable"
