"""Sign-in methods, by name; ``login.methods`` in the settings turns them on and orders them."""

from idp.login.methods.base import LoginMethod
from idp.login.methods.passkey import Passkey
from idp.login.methods.password import Password
from idp.login.methods.recovery_code import RecoveryCode
from idp.login.methods.scan import ScanByPhone
from idp.login.methods.sms import SmsCode
from idp.login.methods.totp import Totp

METHODS: dict[str, type[LoginMethod]] = {
    "sms": SmsCode,
    "password": Password,
    "passkey": Passkey,
    "scan": ScanByPhone,
    "totp": Totp,
    "recovery_code": RecoveryCode,
}
