"""What codes kept in our tables are called, wherever a person reads them."""

from idp import notices
from idp.cases import TOPICS
from idp.errors import N_
from idp.guardians import RELATIONS
from idp.places import INTRANET
from idp.stops import KINDS
from idp.web.i18n import translate

ROLES = {"operator": N_("系统管理员"), "clerk": N_("政务服务大厅工作人员")}
"""Of the staff, where nothing says a number."""
PARTS = {**ROLES, "child": N_("孩子"), "guardian": N_("监护人")}
"""As what somebody appears in a row."""
REASONS = {
    "displaced": N_("另一个账号已证明这个证件属于其本人"),
    "taken_away": N_("经工作人员核实，不属于账号持有人"),
    "changed": N_("姓名或证件已变更"),
    "guardian_replaced": N_("监护人已更换"),
    "merge_undone": N_("账号合并已撤销"),
    "merged": N_("账号已合并"),
    "voided": N_("核验结果已作废"),
    "withdrawn": N_("监护人撤回了同意"),
    "superseded": N_("由新的同意代替"),
    "case_over": N_("受理编号已过期"),
    "case_refused": N_("工作人员没有通过"),
    "account_closed": N_("账号已注销"),
    "account_closing": N_("账号申请注销"),
    "account_stopped": N_("账号已停用"),
    "acting_changed": N_("切换了办事身份"),
    "ended_by_person": N_("本人退出"),
    "signed_out": N_("本人退出"),
    "signed_out_everywhere": N_("本人在所有设备上退出"),
    "identity_displaced": N_("实名信息已停用"),
    "identity_taken_away": N_("实名信息已移除"),
    "level_lowered": N_("身份级别已降低"),
    "number_lost": N_("手机号码已由他人使用"),
    "number_lost_closed": N_("手机号码已由他人使用，账号已关闭"),
    "password_changed": N_("密码已修改"),
    "home_not_trusted": N_("登录所用的异地账号，其所在地区不再获得信任"),
    "peer_unlinked": N_("解除了异地账号的关联"),
    "linked_removed": N_("解除了微信或支付宝的绑定"),
    "passkey_removed": N_("移除了通行密钥"),
    "two_factor": N_("改为每次登录都要两种验证方式"),
    "totp_removed": N_("身份验证器已移除"),
    "password_reset": N_("密码已重新设置"),
    "phone_changed": N_("手机号码已更换"),
    "mandate_revoked": N_("单位授权已撤销"),
    "revoked": N_("已撤销"),
    "not_me": N_("机主表示不是本人操作"),
    "recovered": N_("账号已找回"),
    "secured": N_("账号恢复使用"),
    "waited": N_("等待期满"),
    "dissolved": N_("单位已注销"),
    "replaced": N_("单位的法定代表人已变更"),
    "not_representative": N_("登记的法定代表人不是账号持有人"),
    "code_reused": N_("登录凭证被重复使用"),
    "refresh_reused": N_("登录凭证被重复使用"),
    "mismatch": N_("与登记信息不一致"),
    "no_record": N_("没有查到登记信息"),
    "invalid": N_("核验方没有受理"),
    "rate_limited": N_("核验次数过多"),
    "unavailable": N_("核验服务暂时不可用"),
}
"""Why something was ended or refused. What an officer wrote is shown as it was written."""
CODES = {
    **notices.SAID,
    **RELATIONS,
    **REASONS,
    "consent": N_("您已同意"),
    "statutory": N_("法定职责"),
    "ok": N_("成功"),
    "refused": N_("未成功"),
    "failed": N_("未成功"),
    "sms": N_("短信验证码"),
    "pwd": N_("账号密码"),
    "terms": N_("用户服务协议"),
    "privacy": N_("隐私政策"),
    "realname": N_("实名认证"),
    "appeal": N_("申诉"),
    "recover": N_("找回账号"),
    "number": N_("登录后更换手机号码"),
    "promised": N_("正在发送"),
    "sent": N_("已发出"),
    "not_sent": N_("未能发出"),
    "pending": N_("等待中"),
    "done": N_("已完成"),
    "cancelled": N_("已取消"),
    "change": N_("更名或换证"),
    "children": N_("儿童个人信息保护规则"),
    "consented": N_("等待大厅确认"),
    "active": N_("已确认"),
    "ended": N_("已结束"),
    "legal_representative": N_("法定代表人"),
    "agent": N_("经办人"),
    "offered": N_("等待接受"),
    "accepted": N_("已接受"),
    "declined": N_("已谢绝"),
    "case": N_("受理材料"),
    "looked_up": N_("按手机号码查找账号"),
    "identity": N_("实名信息"),
    "open": N_("待办"),
    "decided": N_("已办结"),
    "lapsed": N_("已过期"),
    "confirmed": N_("已确认"),
    "hall": N_("政务服务大厅"),
    "certificate": N_("数字证书"),
    "aliyun_enterprise": N_("阿里云"),
    "business_licence": N_("电子营业执照系统"),
    "micro_transfer": N_("对公汇款服务"),
}
"""Every other word of the tables a person takes along."""


def reason(code: str) -> str:
    """A reason as a text to be translated; an officer's own words as they are."""
    return REASONS.get(code, code)


def cause(code: str) -> str:
    """Why an account was stopped, as a text to be translated."""
    return KINDS.get(code, code)


def topic(code: str) -> str:
    """What an appeal is about, as a text to be translated."""
    return TOPICS.get(code, code)


_NOWHERE = N_("地点未知")
_REGIONS = {INTRANET: N_("内网"), "": _NOWHERE}


def region(found: str | None) -> str:
    """Where a sign-in came from; "" where there was no table to ask."""
    return "" if found is None else translate(_REGIONS[found]) if found in _REGIONS else found


def where(terminal: str, found: str | None) -> str:
    """A device and its region."""
    return " · ".join(filter(None, (terminal, region(found))))
