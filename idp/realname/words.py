"""What the ways of proving a name are called, on every page that names one."""

from idp.errors import N_

WAYS = {
    "register": (N_("姓名和证件号码"), N_("与公安人口库比对，几秒钟完成。")),
    "register_phone": (N_("姓名、证件号码和手机号"), N_("手机号须是您本人实名办理的。")),
    "register_bank_card": (
        N_("姓名、证件号码和银行卡"),
        N_("须是您本人的银行卡，在银行预留的手机号与您登录的手机号码相同。"),
    ),
    "appeal": (N_("工作人员核实"), N_("工作人员按您提交的材料核实。")),
    "hall": (N_("政务服务大厅当面核验"), N_("工作人员当面查验证件原件。")),
    "face": (
        N_("刷脸核验"),
        N_("在核验服务的页面上拍摄面部，与登记照片比对；本平台不留存照片。"),
    ),
    "network_credential": (
        N_("国家网络身份认证（网证）"),
        N_("在国家网络身份认证 App 中出示网证；不需要填写姓名和证件号码。"),
    ),
}
"""Each with what there is to know before choosing it."""

AGREED = {
    "register": N_(
        "我同意为实名认证，将姓名和证件号码交由权威数据源比对。"
        "这些属于敏感个人信息，加密保存，页面上只部分显示。"
    ),
    "register_phone": N_(
        "我同意为实名认证，将姓名、证件号码和手机号码交由通信运营商等权威数据源比对。"
        "这些属于敏感个人信息，加密保存，页面上只部分显示。"
    ),
    "register_bank_card": N_(
        "我同意为实名认证，将姓名、证件号码、手机号码和银行卡号交由银行卡核验机构比对。"
        "银行卡号属于敏感的金融账户信息，只用于这次核验，不会保存；"
        "其余信息加密保存，页面上只部分显示。"
    ),
    "face": N_(
        "我同意为确认是我本人，将姓名、证件号码和面部影像交由核验服务比对。"
        "面部影像属于敏感个人信息，只用于这次比对，本平台不留存。"
    ),
    "network_credential": N_(
        "我已年满 14 周岁，同意出示国家网络身份认证凭证（网证）。"
        "认证平台只告知是否通过，以及一个仅用于本平台的标识；不提供姓名和证件号码。"
    ),
}
"""What the person agrees to by the tick of each way: everything that is sent, and to whom."""

ORGANISATIONS = {
    "Tencent Cloud": N_("腾讯云"),
    "Alibaba Cloud": N_("阿里云"),
    "Alipay": N_("支付宝"),
    "National Network Identity Authentication Service": N_("国家网络身份认证公共服务"),
    "hall": N_("政务服务大厅"),
}
"""Who verifies, by the name portals are told (``[organizations]`` in config/levels.toml)."""
