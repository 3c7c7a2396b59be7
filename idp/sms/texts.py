"""The texts of messages, for providers that take a text rather than a template.

Notices of what the holder alone should have done end in a link, ``{site}/n/{token}``. In a template
filed with a provider the node's address is part of the text, since no variable may hold one; the
one variable is ``token`` (Aliyun ``${token}``, Tencent ``{1}``), twelve letters and digits.
"""

from collections.abc import Mapping

LINK = "{site}/n/{token}"
TEXTS = {
    "code": "您的验证码为{code}，{minutes}分钟内有效，请勿泄露给他人。如非本人操作，请忽略本短信。",
    "new_sign_in": "您的账号在新设备上登录。不是您？" + LINK,
    "risky_sign_in": "您的账号在不常用的地点或设备登录。不是您？" + LINK,
    "phone_changed": "您账号的手机号码已更换。不是您？" + LINK,
    "password_changed": "您的账号密码已修改。不是您？" + LINK,
    "linked_added": "您的账号绑定了微信或支付宝。不是您？" + LINK,
    "linked_removed": "您的账号解除了微信或支付宝。不是您？" + LINK,
    "peer_linked": "您的账号关联了一个异地账号。不是您？" + LINK,
    "peer_unlinked": "您的账号解除了一个异地账号的关联。不是您？" + LINK,
    "passkey_added": "您的账号添加了一个通行密钥。不是您？" + LINK,
    "passkey_removed": "您的账号移除了一个通行密钥。不是您？" + LINK,
    "passkey_copied": "您账号的一个通行密钥可能被复制，已停用。请登录移除并检查安全记录。",
    "two_factor_off": "您的账号登录不再要求两种验证。不是您？" + LINK,
    "notices_off": "您的账号关闭了部分短信通知。不是您？" + LINK,
    "totp_added": "您的账号添加了身份验证器。不是您？" + LINK,
    "totp_removed": "您的账号移除了身份验证器。不是您？" + LINK,
    "recovery_codes_made": "您的账号生成了新的恢复码。不是您？" + LINK,
    "recovery_code_used": "您的账号用恢复码通过了验证。不是您？" + LINK,
    "password_reset": "您的密码已重新设置。不是您？" + LINK,
    "recovery_begun": "有人申请找回您的账号。不是您？" + LINK,
    "recovery_soon": "您的账号即将由申请人找回。不是您？" + LINK,
    "recovery_done": "您的账号已找回并更换号码。不是您？" + LINK,
    "number_asked": "您的账号申请更换手机号码。不是您？" + LINK,
    "number_soon": "您账号的手机号码即将更换。不是您？" + LINK,
    "recovery_asked": "您申请找回账号已受理，等待期满后请凭申请编号到“找回账号”继续办理。",
    "recovery_ready": "您申请找回的账号明天起可以继续办理，请备好申请编号。如非本人操作，请忽略。",
    "recovery_cancelled": "找回账号的申请已取消。如有疑问，请携带证件到政务服务大厅办理。",
    "account_frozen": "您的账号已冻结，所有登录已退出。请登录并按提示重新设置密码后恢复使用。",
    "account_secured": "您的账号已解除冻结并重新设置密码。如非本人操作，请立即联系客服。",
    "identity_displaced": "另一个账号已证明您实名认证的证件属于其本人，您账号的实名信息已停用。"
    "如证件是您的，请登录后在“实名信息”中申诉。",
    "identity_removed": "经工作人员核实，您账号的实名信息已移除。"
    "如有疑问，请登录后在“实名信息”中查看和申诉。",
    "level_lowered": "经工作人员核实，您账号的身份级别已降低，相关登录已退出。"
    "请登录后在“实名信息”中查看原因，可以重新认证或申诉。",
    "identity_changed": "您账号的姓名或证件已在政务服务大厅变更。如非本人办理，请立即联系客服。",
    "accounts_merged": "您的两个账号已合并为一个，7天内可撤销。如非本人操作，请立即联系客服。",
    "merge_undone": "您的账号合并已撤销，两个账号恢复原样。如非本人操作，请立即联系客服。",
    "account_stopped": "您的账号已停用。原因和恢复办法请登录查看，或到政务服务大厅办理。",
    "account_restored": "您的账号已恢复使用。如有疑问，请联系客服。",
    "case_decided": "您提交的申请已有处理结果，请登录后在“我的申请”中查看。",
    "guardian_withdrew": "监护人已撤回对您实名认证的同意，实名信息已停用。"
    "如有疑问，请联系监护人或客服。",
    "mandate_offered": "有单位邀请您代表其办事，请登录后在“我的单位”中查看。",
    "mandate_revoked": "您代表单位办事的授权已终止，相关登录已退出。",
    "representative_appointed": "您已登记为单位的法定代表人，请登录后在“我的单位”中查看。",
    "closing_asked": "您已申请注销账号，账号现已停用。反悔或非本人操作，请在冷静期内登录撤销。",
    "closing_soon": "您申请注销的账号将于明天注销，注销后无法恢复。如需保留，请立即登录撤销。",
    "closing_taken_back": "注销申请已撤销，账号恢复使用。如非本人操作，请立即联系客服。",
    "account_erased": "您的账号已注销，个人信息已删除。感谢您的使用。",
    "information_exported": "您账号的全部个人信息刚刚被下载。如非本人操作，请立即修改密码。",
}
LINKED = frozenset(name for name, text in TEXTS.items() if text.endswith(LINK))
NOTICES = tuple(name for name in TEXTS if name != "code")
"""What providers that take templates need one for, each."""


def render(signature: str, kind: str, params: Mapping[str, str]) -> str:
    return f"【{signature}】{TEXTS[kind].format(**params)}"
