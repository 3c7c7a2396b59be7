"""The texts of messages, for providers that take a text rather than a template."""

from collections.abc import Mapping

TEXTS = {
    "code": "您的验证码为{code}，{minutes}分钟内有效，请勿泄露给他人。如非本人操作，请忽略本短信。",
    "new_sign_in": "您的账号刚刚在新设备上登录。如非本人操作，请立即修改密码。",
    "phone_changed": "您的账号绑定的手机号码已更换。如非本人操作，请立即联系客服。",
    "password_changed": "您的账号密码已修改。如非本人操作，请立即找回密码。",
    "password_reset": "您的账号密码已重新设置。如非本人操作，请立即联系客服。",
}


def render(signature: str, kind: str, params: Mapping[str, str]) -> str:
    return f"【{signature}】{TEXTS[kind].format(**params)}"
