"""WeChat (微信) as it is on the wire: its pages, its interfaces and the app on the fake phone.

Each path stands under ``/wechat`` as it does at open.weixin.qq.com and api.weixin.qq.com.
"""
