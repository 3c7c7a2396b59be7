"""What fails in the audit trail; the operator's and the auditor's to look into."""

from idp.errors import N_, IdpError


class AuditBroken(IdpError):
    """The audit trail is not whole: nothing is cut from it. ``audit verify`` names the place."""

    code = "HT-7101"
    message = N_("审计日志校验未通过。")
    next_step = N_("请联系安全管理员核查，暂不要清理日志。")
    status = 500
    oauth_error = "server_error"
