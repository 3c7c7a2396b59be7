"""Who appears in the demo: people and portals. All of them are invented."""

from dataclasses import dataclass

PASSWORD = "Huaishu-Menkou-58"
"""Everybody's, and no secret: this is why the demo listens on loopback only."""


@dataclass(frozen=True)
class Person:
    name: str
    phone: str
    note: str
    note_en: str
    id_number: str
    """Of a place no person was ever registered in."""
    username: str = ""
    registered: bool = True
    proved: bool = False
    """Whether a living face was seen at an earlier time."""


@dataclass(frozen=True)
class Company:
    code: str
    """Unified social credit code, of a place no organisation was ever registered in."""
    name: str
    legal_person: str
    legal_person_number: str


COMPANIES = (
    Company("91110000MA00000077", "甲省胡同商贸有限公司", "王建国", "110000194910010034"),
    Company("92440100MA00TE5T20", "甲省槐树门口早点铺", "李秀英", "110000199003070028"),
)
"""Known to the registers; whoever is named may bind them."""

PEOPLE = (
    Person(
        "王建国",
        "13800000001",
        "退休职工，习惯用短信验证码登录",
        "Retired, signs in by text message",
        "110000194910010034",
        "wangjianguo",
        proved=True,
    ),
    Person(
        "李秀英",
        "13800000002",
        "单位职工，用账号密码登录",
        "Employed, signs in with a password",
        "110000199003070028",
        "lixiuying",
        proved=True,
    ),
    Person(
        "陈㛃",
        "13800000003",
        "姓名含生僻字（㛃）",
        "A rare character in the name",
        "110000200808080085",
        "chenjie",
    ),
    Person(
        "张𠮷祥",
        "13800000004",
        "姓名含扩展区汉字（𠮷）",
        "A character beyond the basic plane",
        "440000198512311119",
        "zhangjixiang",
    ),
    Person(
        "赵雪",
        "13800000005",
        "还没有账号：用这个号码体验注册",
        "No account yet: register with this number",
        "330000199506150020",
        registered=False,
    ),
)


ELSEWHERE = {
    "yi": (
        Person(
            "林晓彤",
            "13900000001",
            "乙省居民，账号在乙省",
            "Lives in province 乙, account there",
            "44000019920202002X",
            "linxiaotong",
            proved=True,
        ),
        Person(
            "李秀英",
            "13900000002",
            "曾在乙省工作，在那里也有账号",
            "Worked in province 乙, has an account there too",
            "110000199003070028",
            "lixiuying",
            proved=True,
        ),
    ),
    "bing": (
        Person(
            "何文斌",
            "13900000003",
            "丙省居民，账号在丙省",
            "Lives in province 丙, account there",
            "510000198808080012",
            "hewenbin",
            proved=True,
        ),
    ),
    "jiazhou": (
        Person(
            "周美玲",
            "13900000004",
            "甲州市居民，账号在市里",
            "Account with the city of 甲州",
            "330000197505050029",
            "zhoumeiling",
        ),
    ),
}
"""Who has an account at another node of the demo, by the node."""


@dataclass(frozen=True)
class PortalPart:
    slug: str
    name: str
    name_en: str
    organiser: str
    motto: str
    hotline: str
    scope: str
    legal_basis: str
    purpose: str
    statute: str = ""
    claims: tuple[str, ...] = ()
    minimum_acr: str = ""
    tiles: tuple[tuple[str, str], ...] = ()


PORTALS = (
    PortalPart(
        slug="shebao",
        name="社会保险网上服务大厅",
        name_en="Social Insurance Online Services",
        organiser="甲省人力资源和社会保障厅",
        motto="社保业务，网上办、就近办",
        hotline="12333",
        scope="openid profile phone",
        legal_basis="consent",
        purpose="办理社会保险参保、缴费和待遇业务",
        tiles=(
            ("个人参保证明", "打印、核验参保缴费证明"),
            ("养老保险缴费", "灵活就业人员参保登记与缴费"),
            ("养老金资格认证", "足不出户办理领取待遇资格认证"),
            ("社会保障卡", "申领、补换、挂失与解挂"),
            ("工伤与失业待遇", "待遇申领进度与发放记录"),
            ("关系转移接续", "跨省就业，社保跟着走"),
        ),
    ),
    PortalPart(
        slug="gjj",
        name="住房公积金网上业务厅",
        name_en="Housing Provident Fund Online",
        organiser="甲州市住房公积金管理中心",
        motto="安居有保障，公积金掌上办",
        hotline="12329",
        scope="openid phone",
        legal_basis="statutory",
        purpose="办理住房公积金缴存、提取和贷款业务",
        statute="《住房公积金管理条例》第十三条",
        claims=("phone_number", "phone_number_verified"),
        tiles=(
            ("账户余额与明细", "查询缴存余额和每月入账明细"),
            ("租房提取", "无房职工按月提取支付房租"),
            ("贷款申请与进度", "额度试算、申请与审批进度"),
            ("异地转移接续", "换城市工作，账户余额随人转"),
            ("还贷签约", "按月冲还贷签约与变更"),
            ("缴存证明", "下载异地贷款缴存使用证明"),
        ),
    ),
    PortalPart(
        slug="budongchan",
        name="不动产登记网上大厅",
        name_en="Real Estate Registration Online",
        organiser="甲州市不动产登记中心",
        motto="一窗受理，登记更省心",
        hotline="12345",
        scope="openid phone",
        legal_basis="statutory",
        purpose="办理不动产登记、查询和证明业务",
        statute="《不动产登记暂行条例》第十六条",
        claims=("phone_number", "phone_number_verified"),
        minimum_acr="ial3.aal2",
        tiles=(
            ("房屋转移登记", "二手房买卖网签后的过户申请"),
            ("抵押登记", "贷款抵押设立与注销"),
            ("登记资料查询", "本人名下不动产查询与证明"),
            ("不动产权证书", "电子证照申领与核验"),
        ),
    ),
    PortalPart(
        slug="qiye",
        name="企业综合服务平台",
        name_en="Business Services Online",
        organiser="甲省市场监督管理局",
        motto="企业的事，一站办好",
        hotline="12315",
        scope="openid organisation",
        legal_basis="statutory",
        purpose="为企业和个体工商户办理登记、年报和许可业务",
        statute="《市场主体登记管理条例》第六条",
        claims=("organisation", "mandate"),
        tiles=(
            ("变更登记", "名称、住所、经营范围变更"),
            ("年度报告", "企业年报填报与公示"),
            ("许可申请", "食品经营等许可的申请与延续"),
            ("注销登记", "简易注销与一般注销"),
        ),
    ),
)
