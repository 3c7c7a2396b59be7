"""Sign-in methods, by name; ``login.methods`` in the settings turns them on and orders them."""

from idp.login.methods.base import LoginMethod
from idp.login.methods.password import Password
from idp.login.methods.sms import SmsCode

METHODS: dict[str, type[LoginMethod]] = {
    "sms": SmsCode,
    "password": Password,
}
