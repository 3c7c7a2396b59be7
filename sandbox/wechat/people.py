"""People whose WeChat fails in a chosen way, by the number of their phone."""

from sandbox.wechat.errcodes import ERRCODES

PREFIX = "1990007"
"""And the errcode's line in the table: whatever code this person allows, it is answered so."""
FLAKY, DOWN, SLOW, BROKEN, SNAPSHOT, TEXT, FOREIGN, NUMERIC, HASTY = (
    f"{PREFIX}900{n}" for n in range(1, 10)
)
SAID = {
    FLAKY: "微信先两次答复“系统繁忙”，第三次正常",
    DOWN: "微信断开连接，没有应答",
    SLOW: "微信应答缓慢（--slow 秒），随后正常",
    BROKEN: "微信返回502网页",
    SNAPSHOT: "公众号页面总是以快照方式打开（虚拟用户）",
    TEXT: "微信错误码40029以字符串给出",
    FOREIGN: "小程序取得的手机号码是香港号码",
    NUMERIC: "小程序取得的国家代码是数字而不是字符串",
    HASTY: "公众号授权页面提示操作太频繁（10009）",
}
FAILURES = {f"{PREFIX}{n:04}": errcode for n, errcode in enumerate(ERRCODES, start=1)}


def number_for(errcode: int) -> str:
    return next(number for number, failure in FAILURES.items() if failure == errcode)
