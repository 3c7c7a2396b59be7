"""Every setting: its name, its type, its default and what it means.

Values come, weakest first, from the defaults below, ``config/<environment>.toml``,
the file named by ``HUTONG_CONFIG``, and ``HUTONG_SECTION__KEY`` in the environment;
``HUTONG_SECTION__KEY_FILE`` names a file that holds a secret. An unknown key stops
the start: a typo never silently does nothing. ``docs/settings.md`` is generated from
this module.
"""

import os
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self, cast
from urllib.parse import urlsplit
from uuid import UUID

from cryptography import x509
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from idp.current import OfTheApp

Environment = Literal["development", "demo", "testing", "production"]

ROOT = Path(__file__).parent.parent
PREFIX = "HUTONG_"


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Node(Section):
    """Who runs this node and what people see of it."""

    name: str = "互通"
    """The short name, shown beside the emblem."""
    title: str = "统一身份认证平台"
    """What the service is called on every page."""
    title_en: str = "Unified Identity Service"
    """The same in English."""
    motto: str = "一次认证，多点互联"
    """One line under the name on wide screens."""
    motto_en: str = "One authentication, many connections"
    """The same in English."""
    region: str = "000000"
    """The GB/T 2260 code of the region served; recorded with every event."""
    emblem: str = ""
    """A file under ``static/`` shown as the emblem; empty draws the built-in mark."""
    colour: str = "#0b4a9e"
    """The one colour for action. Contrast on white must be at least 4.5."""
    organiser: str = ""
    """主办单位, in the footer."""
    contact: str = ""
    """The hotline, in the footer and wherever a person is stuck."""
    icp: str = ""
    """ICP备案号, linked to the register."""
    police: str = ""
    """公安备案号, linked to the register."""
    site_code: str = ""
    """政府网站标识码."""
    languages: tuple[str, ...] = ("zh-CN", "en")
    """Languages on offer, the first one the default."""


class Dress(Section):
    """A city's own look for the pages its portals send people to; what is empty is the node's."""

    name: str = ""
    title: str = ""
    title_en: str = ""
    emblem: str = ""
    """A file under ``static/``."""
    colour: str = ""
    """Contrast on white at least 4.5."""


class Store(Section):
    """The two engines. Empty URLs mean the embedded ones under ``var_dir``."""

    database_url: SecretStr = SecretStr("")
    """``postgresql+psycopg://…``; empty: SQLite in WAL mode."""
    database_pool: int = Field(5, ge=1)
    """Connections a worker process holds at most."""
    database_timeout: timedelta = timedelta(seconds=5)
    """How long to wait for a connection, and for one statement."""
    redis_url: SecretStr = SecretStr("")
    """``redis://``, ``rediss://``, ``unix://``, ``redis+sentinel://host:port,host:port/name``
    or ``redis+cluster://host:port,host:port``; empty: the embedded Valkey."""
    redis_pool: int = Field(32, ge=1)
    """Connections a worker process holds at most, beside one for each of its threads."""
    redis_timeout: timedelta = timedelta(seconds=2)
    """How long to wait for an answer from Redis."""


class Serve(Section):
    """The web server."""

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = Field(1, ge=1)
    """Web processes."""
    threads: int = Field(8, ge=1)
    """Threads of each process; password checks and slow clients share them."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks whose ``X-Forwarded-*`` headers count. Default: nobody's."""
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0
    """The listener of its own for ``/metrics``; 0 turns it off."""
    max_body: int = 256 * 1024
    """Bytes of a request body at most."""


class Keys(Section):
    """Where the node's own secrets are."""

    file: Path = Path("keys.toml")
    """Master keys (TOML, mode 0600), relative to ``var_dir``. Made at the first start
    outside production; production refuses to start without it."""
    suite: Literal["intl", "gm"] = "intl"
    """The suite of the first master key; ``crypto add --suite`` makes one of the other."""
    sm2: bool = False
    """Let relying parties register for ID tokens signed with SM2 (``SGD_SM3_SM2``, GM/T 0125).
    Needs an OpenSSL 3 with SM2 on the machine; the keys are at ``/jwks-gm.json``."""
    signing_overlap: timedelta = timedelta(hours=1)
    """How long a new signing key is published before it signs."""
    signing_retired: timedelta = timedelta(days=1)
    """How long a retired signing key stays published; longer than any ID token lives."""


class Sessions(Section):
    """The single sign-on session."""

    idle: timedelta = timedelta(minutes=30)
    """A session nobody uses ends after this."""
    absolute: timedelta = timedelta(hours=12)
    """No session lives longer than this, however busy."""
    interaction: timedelta = timedelta(minutes=30)
    """How long a person may take on the way through sign-in."""


class Tokens(Section):
    """How long what we issue lives."""

    code: timedelta = timedelta(seconds=60)
    access: timedelta = timedelta(minutes=15)
    access_jwt: timedelta = Field(timedelta(minutes=5), le=timedelta(minutes=5))
    """JWT access tokens cannot be recalled from whoever verifies them alone: 5 minutes at most."""
    id: timedelta = timedelta(minutes=15)
    refresh: timedelta = timedelta(days=30)
    """A refresh family not used for this long ends."""
    refresh_retry: timedelta = timedelta(seconds=30)
    """A confidential client that lost the answer may ask again this long."""


class Login(Section):
    """Signing in."""

    methods: tuple[str, ...] = ("totp", "sms", "password", "passkey", "scan", "recovery_code")
    """Methods on offer, by name, in the order of the tabs. ``totp`` and ``recovery_code`` follow
    another proof, of who has them."""
    code_lifetime: timedelta = timedelta(minutes=5)
    code_tries: int = 5
    code_resend: timedelta = timedelta(seconds=60)
    phone_proof: timedelta = timedelta(days=90)
    """A number not proven for longer may have been re-issued: the code alone opens nothing."""
    captcha_after: int = 3
    """Failures from one place before a CAPTCHA is asked."""
    browser_failures: int = 5
    """Wrong passwords per (account, browser) before this browser waits."""
    address_failures: int = 20
    """Wrong passwords per (account, address range) of browsers never seen with the account."""
    password_settles: timedelta = timedelta(days=7)
    """A password set by a text message alone is no second factor beside one this long."""
    account_failures: int = 100
    """Wrong passwords a day before the password way of an account closes; other ways stay open."""
    range_failures: int = 300
    """Wrong passwords per address range, whatever the account, of browsers never seen with it."""
    throttle: timedelta = timedelta(minutes=15)
    """How long a throttled browser or address waits."""
    code_requests: int = 30
    """Codes asked for from one address range within ``throttle`` before a CAPTCHA is asked."""
    region_requests: int = 300
    """Ways to other regions that may begin in one address range within ``throttle``."""
    code_failures: int = 30
    """Wrong codes from one address range within ``throttle`` before a CAPTCHA is asked."""
    fresh: timedelta = timedelta(minutes=10)
    """How recent a sign-in must be to change a password, a user name or a phone."""
    scan: timedelta = timedelta(minutes=2)
    """How long a picture waits to be scanned, and once scanned for an answer."""
    closing: timedelta = timedelta(days=30)
    """How long an account whose only way in, its number, has gone stays frozen before it closes."""


class Passkeys(Section):
    """Passkeys (WebAuthn): ``login.methods`` turns them on."""

    trust_anchors: tuple[Path, ...] = ()
    """PEM files with the roots of makers whose word for their security keys is taken (packed and
    TPM attestation): a key of theirs that cannot leave its device reaches aal3. Without one
    nothing does."""
    models: tuple[UUID, ...] = ()
    """AAGUIDs of the models that reach aal3; empty: every model those makers vouch for."""
    most: int = Field(20, ge=1)
    """Passkeys of one account."""

    @model_validator(mode="after")
    def _anchors_are_certificates(self) -> Self:
        for file in self.trust_anchors:
            try:
                x509.load_pem_x509_certificates(file.read_bytes())
            except (OSError, ValueError):
                raise ValueError(f"trust_anchors: {file} holds no PEM certificates") from None
        return self


class Sms(Section):
    """Text messages."""

    providers: tuple[str, ...] = ()
    """Providers in the order they are tried: names of the tables below."""
    signature: str = "互通"
    """短信签名, as filed with the carriers, without brackets."""
    aliyun: "Aliyun | None" = None
    tencent: "Tencent | None" = None
    gateway: "Gateway | None" = None
    callers: tuple[str, ...] = ()
    """Services that read a code out by a phone call, in the order they are tried: names of the
    tables below. None: no page offers a call."""
    aliyun_voice: "AliyunVoice | None" = None
    tencent_voice: "TencentVoice | None" = None
    number_calls: int = 3
    """Calls one number may receive a day, of strangers half; each counts as a code as well."""
    number_minute: int = 1
    number_hour: int = 5
    number_day: int = 10
    """Codes one number may receive; half of each is kept for browsers that proved it before."""
    device_day: int = 20
    """Codes one browser may ask for."""
    address_hour: int = 300
    """Codes one address range (/24, /56) may ask for: a hall behind one address must fit."""
    halls: tuple[str, ...] = ()
    """Networks of service halls, counted against ``hall_hour`` instead."""
    hall_hour: int = 3000
    day_budget: int = 100_000
    """Messages a day; at 80 % an alarm, at 100 % only browsers that proved a number before."""
    notice_day: int = 10
    """Notices (new sign-in, number changed) one number may receive a day."""
    refused_prefixes: tuple[str, ...] = ("140", "141", "144", "146", "1349", "1740")
    """Beginnings of numbers no person holds: internet of things, satellite."""
    receipt_path: SecretStr = SecretStr("")
    """The secret last part of the receipt URL; empty turns receipts off."""
    receipt_networks: tuple[str, ...] = ()
    """Networks receipts may come from; empty: whoever knows the secret path."""

    @property
    def behind_tls(self) -> bool:
        """Codes and our own secrets travel with each message; and no sandbox speaks TLS."""
        texts = (self.aliyun, self.tencent, self.gateway)
        tables = (*texts, self.aliyun_voice, self.tencent_voice)
        return _https(*(each.endpoint for each in tables if each))


class AliyunCloud(Section):
    """An account of Aliyun, for one product."""

    endpoint: str
    access_key_id: str
    access_key_secret: SecretStr


class TencentCloud(Section):
    """An account of Tencent Cloud, for one product."""

    endpoint: str
    secret_id: str
    secret_key: SecretStr
    region: str = "ap-guangzhou"


class Aliyun(AliyunCloud):
    endpoint: str = "https://dysmsapi.aliyuncs.com/"
    template: str
    """The approved template (``SMS_…``) with the one variable ``code``."""
    notices: dict[str, str] = {}
    """Approved templates of notices, by the notice's name; a notice without one is not sent."""


class Tencent(TencentCloud):
    endpoint: str = "https://sms.tencentcloudapi.com/"
    app_id: str
    template: str
    """The approved template id; ``{1}`` is the code."""
    notices: dict[str, str] = {}
    """Approved template ids of notices, by the notice's name; one without is not sent."""


class AliyunVoice(AliyunCloud):
    endpoint: str = "https://dyvmsapi.aliyuncs.com/"
    template: str
    """The approved template (``TTS_…``) of the kind verification code, with the variable
    ``code``."""
    shown_number: str = ""
    """The number people see, where the template was filed for one of one's own (专属模式); empty:
    one of Aliyun's (公共模式)."""


class TencentVoice(TencentCloud):
    endpoint: str = "https://vms.tencentcloudapi.com/"
    app_id: str


class Gateway(Section):
    """A plain provincial HTTP gateway: one JSON POST with a bearer token."""

    endpoint: str
    token: SecretStr


class Realname(Section):
    """Real-name verification."""

    verifiers: tuple[str, ...] = ()
    """Verifiers on offer, by name; of those that compare the same, the first that answers."""
    tencent: "TencentFaceid | None" = None
    tencent_rule: str = ""
    """The RuleId of the face check, from the console."""
    aliyun: "AliyunCloudauth | None" = None
    aliyun_scene: str = ""
    """The SceneId of the face check, from the console."""
    alipay: "AlipayApp | None" = None
    ncid: "NetworkCredential | None" = None
    lasts: dict[str, timedelta] = {}
    """How long evidence counts, by the level it reaches (``"2"`` to ``"4"``); without an entry
    it counts for ever."""
    account_day: int = 5
    """Checks one account may ask for within a day."""
    document_day: int = 5
    """Checks of one document within a day, whichever accounts ask."""

    @property
    def behind_tls(self) -> bool:
        """Names and numbers travel with each question, and people are sent on from here."""
        tables = (self.tencent, self.aliyun, self.alipay, self.ncid)
        pages = (self.ncid.app_url,) if self.ncid else ()
        return _https(*(each.endpoint for each in tables if each), *pages)


class TencentFaceid(TencentCloud):
    endpoint: str = "https://faceid.tencentcloudapi.com/"


class AliyunCloudauth(AliyunCloud):
    endpoint: str = "https://cloudauth.aliyuncs.com/"


class Carrier(Section):
    """Whether a number that was not proven for long went to somebody else."""

    checks: tuple[str, ...] = ()
    """Services that know, by name, in the order they are asked; without one nobody knows, and a
    code alone opens no account whose number was not proven for ``login.phone_proof``."""
    aliyun: "AliyunNumbers | None" = None
    number_day: int = 3
    """How often one number is asked about within a day."""

    @property
    def behind_tls(self) -> bool:
        """Numbers travel with each question."""
        return _https(*([self.aliyun.endpoint] if self.aliyun else []))


class AliyunNumbers(AliyunCloud):
    """Number encyclopaedia 号码百科."""

    endpoint: str = "https://dytnsapi.aliyuncs.com/"
    auth_code: SecretStr
    """授权码, from the console."""


class AlipayApp(Section):
    """An app on Alipay's open platform, with keys (not certificates) for signing."""

    endpoint: str = "https://openapi.alipay.com/gateway.do"
    """Browsers are sent there too."""
    app_id: str
    private_key: SecretStr
    """The app's RSA key, PEM."""
    alipay_public_key: str
    """Alipay's key for this app, PEM: what their answers are checked with."""


class AlipayLogin(AlipayApp):
    """The app people sign in with; its contract decides whether they are known by ``open_id``."""

    page: str = "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm"
    """Where browsers are sent."""


class Upstream(Section):
    """Who else may vouch for a person who signs in; a provider without a table is not offered."""

    wechat: "Wechat | None" = None
    alipay: "AlipayLogin | None" = None

    @property
    def behind_tls(self) -> bool:
        """Secrets of ours travel in every question, and people are sent on from here."""
        wechat = (self.wechat.api, self.wechat.pages) if self.wechat else ()
        alipay = (self.alipay.endpoint, self.alipay.page) if self.alipay else ()
        return _https(*wechat, *alipay)


class Wechat(Section):
    """微信: an app for each place people come from. All belong to one 开放平台 account, or a
    person who is bound in one of them is not known in the others.
    """

    api: str = "https://api.weixin.qq.com"
    pages: str = "https://open.weixin.qq.com"
    """Where browsers are sent."""
    website: "WechatApp | None" = None
    """网站应用, of the open platform: any browser, by a picture to scan."""
    official_account: "WechatApp | None" = None
    """服务号, verified: the browser inside WeChat."""
    mini_program: "WechatApp | None" = None
    """小程序."""


class WechatApp(Section):
    app_id: str
    secret: SecretStr
    """AppSecret."""


class NetworkCredential(Section):
    """国家网络身份认证公共服务, as the platform knows this organisation."""

    endpoint: str
    """The platform, for our server."""
    app_url: str
    """What opens the App, for a browser."""
    org_id: str
    app_id: str
    key: SecretStr
    """What both sides sign with."""


class Organisations(Section):
    """Legal persons: that they exist, and that somebody acts for them."""

    verifiers: tuple[str, ...] = ()
    """Verifiers on offer, by name."""
    aliyun: "AliyunCloudauth | None" = None
    aliyun_scene: str = "hutong"
    """The SceneCode checks are counted under: letters, digits and underscores."""
    licence: "Platform | None" = None
    """电子营业执照."""
    transfer: "Platform | None" = None
    """对公打款: whoever pays the small amounts for us."""
    account_day: int = 5
    """Checks of organisations one account may ask for within a day."""
    organisation_day: int = 5
    """Checks of one organisation within a day, whichever accounts ask."""

    @property
    def behind_tls(self) -> bool:
        return _https(*(t.endpoint for t in (self.aliyun, self.licence, self.transfer) if t))


class Platform(Section):
    """A platform spoken to in JSON that both sides sign."""

    endpoint: str
    app_id: str
    key: SecretStr


class Federation(Section):
    """This node among others: whom it trusts, who vouches for it, whom it vouches for (OpenID
    Federation 1.0/1.1). Its entity identifier is the issuer.
    """

    role: Literal["off", "leaf", "intermediate", "anchor"] = "off"
    """``off``: this node knows no others. An intermediate or an anchor vouches for entities
    below it."""
    superiors: tuple[str, ...] = ()
    """Entities that vouch for this one."""
    anchors: tuple["Anchor", ...] = ()
    """Whom this node trusts, whoever else it meets."""
    provider: bool = True
    """Whether other nodes may send people here to be signed in."""
    home: str = ""
    """The node that holds the accounts of this one's people (统分, 统建): they sign in, sign up and
    recover there, and nothing is asked of them here."""
    relying_party: bool = True
    """Whether this node sends people elsewhere to be signed in."""
    marks: tuple["Mark", ...] = ()
    """Trust marks given to this node, which it shows."""
    mark_issuers: dict[str, tuple[str, ...]] = {}
    """At an anchor, by trust mark type: who else may give marks of it."""
    mark_owners: dict[str, "MarkOwner"] = {}
    """At an anchor, by trust mark type: who owns it, and lets others give it."""
    delegations: dict[str, Path] = {}
    """By trust mark type: a file with its owner's leave to give marks of it, a signed JWT."""
    policy: Path | None = None
    """A JSON file with the metadata policy for everybody below this node; none:
    config/federation.json at an anchor, and nothing at an intermediate."""
    statement_life: timedelta = Field(timedelta(hours=24), gt=timedelta(minutes=1))
    """How long what this node states of itself and of others holds: how long an outage may last
    before others stop trusting it, and at the worst how long one that was suspended is trusted."""
    mark_life: timedelta = Field(timedelta(days=7), gt=timedelta(minutes=1))
    refresh: timedelta = timedelta(minutes=30)
    """How old what others stated may be before it is asked for again, a fifth more or less."""
    retry: timedelta = timedelta(seconds=60)
    """How soon somebody is asked again who did not answer, or was not trusted."""
    status_refresh: timedelta = timedelta(minutes=10)
    """How old the last word on a trust mark may be before it is asked for again."""
    status_life: timedelta = timedelta(hours=24)
    """How long a mark counts whose issuer no longer answers."""
    status_life_high: timedelta = timedelta(hours=1)
    """The same where it is to carry ial3 or more."""
    linking: str = ""
    """The national linking service: how it is known that an account elsewhere is the same person's
    as one here, without a number between them. None: only showing both accounts links them."""
    links: bool = False
    """Whether this node is that service."""
    linking_minute: int = Field(600, ge=1)
    """Questions one province may ask the service in a minute."""
    hub: str = ""
    """The node that brokers between provinces: the national mutual-recognition service."""
    routes: tuple[Literal["direct", "hub"], ...] = ("direct",)
    """How a person's home is reached, in this order: the next where one does not answer, or is not
    open to us."""
    max_hops: int = Field(2, ge=1)
    """How many nodes may stand between a portal and the node that signs the person in."""
    ceilings: dict[str, str] = {}
    """By entity: the highest level this node believes of it (``ial2``), or ``deny``, whatever its
    marks say."""

    @property
    def on(self) -> bool:
        return self.role != "off"

    @property
    def vouches(self) -> bool:
        """Whether there are entities below this node."""
        return self.role in {"intermediate", "anchor"}


class Anchor(Section):
    entity_id: str
    keys: Path
    """A file with the anchor's public JWK Set, which came to the operator another way."""
    profile: Literal["strict", "interop"] = "strict"
    """``interop`` lets relying parties under this anchor leave out PAR, PKCE and the type of their
    request objects, and name the token endpoint as audience: for peers that cannot do otherwise."""
    pins: tuple["Pin", ...] = ()

    @property
    def strict(self) -> bool:
        return self.profile == "strict"


class Pin(Section):
    """What this node lets be vouched for below an entity, whatever the anchor allows."""

    below: str
    permitted: tuple[str, ...] | None = None
    """Host names; with a leading dot, any name under it."""
    excluded: tuple[str, ...] = ()
    max_path_length: int | None = None
    allowed_entity_types: tuple[str, ...] | None = None


class Mark(Section):
    type: str
    issuer: str


class MarkOwner(Section):
    entity_id: str
    keys: Path
    """A file with the owner's public JWK Set."""


class Signals(Section):
    """Security events between nodes, and to portals that listen (SSF 1.0, CAEP, RISC)."""

    delivery: Literal["push", "poll"] = "push"
    """How this node wants to hear of others: they push, or it fetches every fifteen seconds, where
    nobody may come in."""
    heartbeat: timedelta = Field(timedelta(minutes=5), ge=timedelta(seconds=1))
    """How often who listens here is shown that the stream is alive; three times as long without a
    word from somebody we listen to is a silence the doctor tells of."""
    overdue: timedelta = timedelta(minutes=15)
    """How long a receiver may leave an event untaken before the doctor tells."""


class Captcha(Section):
    """Self-hosted proof of work (altcha), asked only when risk says so."""

    cost: int = 5_000
    """Iterations a browser spends per counter tried."""
    lifetime: timedelta = timedelta(minutes=10)
    wait: timedelta = timedelta(seconds=20)
    """How long somebody without a script waits instead."""
    waits: int = 60
    """Such waits one address range may use within ``login.throttle``."""


class Risk(Section):
    """What makes a sign-in risky, and what then."""

    rules: Path = ROOT / "config" / "risk.toml"
    """The table of rules; a copy may stand anywhere."""
    regions: Path = Path("regions.table")
    """Regions by address range, relative to ``var_dir``: made by ``regions import``. Without it
    every region is unknown, and no sign-in comes from an unusual place."""
    history: timedelta = timedelta(days=90)
    """How long a sign-in makes its region a usual one."""
    window: timedelta = timedelta(hours=1)
    """Within which sign-ins, and the accounts of a browser or an address range, are counted."""


class Agreements(Section):
    """Versions in force. A new one is asked for at the next sign-in."""

    terms: str = "2026-11"
    """服务协议."""
    privacy: str = "2026-11"
    """隐私政策."""
    realname: str = "2026-11"
    """实名认证服务协议: asked for when a name is proved, not at sign-in."""
    children: str = "2026-11"
    """儿童个人信息保护规则: accepted by the guardian of a child under fourteen."""
    terms_still_good: tuple[str, ...] = ()
    """Older versions of the 服务协议 whose acceptance still counts: what changed since takes
    nothing from anybody. Who accepted none of them is asked again."""
    privacy_still_good: tuple[str, ...] = ()
    """The same of the 隐私政策. Not after a change of purpose, kinds or recipients: then PIPL
    art. 14 wants consent anew."""

    def in_force(self) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
        """Each by name, version, and the older versions that count as well."""
        return (
            ("terms", self.terms, self.terms_still_good),
            ("privacy", self.privacy, self.privacy_still_good),
            ("realname", self.realname, ()),
            ("children", self.children, ()),
        )


class Outbound(Section):
    """Calls we make."""

    timeout: timedelta = timedelta(seconds=3)
    """For one call to a configured provider."""
    foreign_timeout: timedelta = timedelta(seconds=3)
    """For one call to an address a relying party registered."""
    foreign_size: int = 256 * 1024
    """Bytes we read from such an address at most."""
    foreign_connections: int = Field(default=16, ge=1)
    """Calls to such addresses a process makes at a time."""
    operator_connections: int = Field(default=16, ge=1)
    """Connections a process holds to one configured provider."""
    breaker_failures: int = Field(default=5, ge=1)
    """Failures in a row after which a configured provider is left alone."""
    breaker_rest: timedelta = timedelta(seconds=10)
    """How long it is left alone before one call tries again."""


class Development(Section):
    """What a developer's machine needs and production must not have."""

    allow_loopback: bool = False
    """Let the foreign door reach 127.0.0.0/8 and ::1; the node itself must listen on loopback."""
    ca_bundle: Path | None = None
    """An extra CA file for the foreign door."""
    sandbox_url: str = ""
    """The sandbox's base URL; production refuses to start with one."""


class Audit(Section):
    retention: timedelta = Field(timedelta(days=400), ge=timedelta(days=183))
    """Law asks for six months at least."""
    backlog: int = 100_000
    """Events waiting to be copied to SQL before the node calls itself unready."""


class Retention(Section):
    """How long what is no longer needed is kept; the audit trail has a term of its own."""

    sign_ins: timedelta = timedelta(days=365)
    """Sign-ins shown to the person they belong to."""
    notices: timedelta = Field(timedelta(days=365), ge=timedelta(days=7))
    """Notices sent to a person, shown to that person; the links of some are good for a week."""
    browsers: timedelta = timedelta(days=400)
    """Browsers an account was used from, since they were last seen."""
    cases: timedelta = timedelta(days=365)
    """What somebody stated for a decision of the staff, since its slip ran out: longer than the
    decision can be taken to court (行政诉讼法 art. 46, six months)."""
    evidence: timedelta = timedelta(days=365)
    """Verifications that count no more, since their term ended or somebody decided so."""
    identities: timedelta = timedelta(days=1096)
    """Names an account once had, and guardians' consents, since they ended: while somebody may
    claim damages for their use (民法典 art. 188, three years)."""
    mandates: timedelta = timedelta(days=1096)
    """Mandates that were revoked or declined, or ran out, since then, and offers nobody answered;
    for the same reason."""
    reads: timedelta = timedelta(days=1096)
    """Who of the staff read something of a person, shown to that person."""
    closed: timedelta = timedelta(days=1096)
    """What law has kept of an erased account, nothing of it naming its person: agreements accepted,
    and which portals were told what kinds of information (网络数据安全管理条例 art. 12)."""
    deliveries: timedelta = timedelta(days=90)
    """Delivered or given-up messages to portals and people, and the record of their tries."""
    transfers: timedelta = timedelta(days=30)
    """Small amounts paid to organisations' accounts, whose sum nobody has entered."""


class Rights(Section):
    """What people may ask of their own data (个人信息保护法 chapter 4)."""

    cooling_off: timedelta = Field(timedelta(days=15), gt=timedelta(0))
    """How long an account its holder asked to close stays suspended, and can be had back, before
    it is erased. GB/T 35273 wants the whole done within 15 working days."""
    exports_day: int = Field(5, ge=1)
    """How often in a day a person may download everything held about them."""
    pdf_font: Path = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
    """What PDFs are written in (Debian's ``fonts-noto-cjk``); without the file none are offered."""
    pdf_face: int = 2
    """Which face of a collection: that of Simplified Chinese."""


class Recovery(Section):
    """Getting an account back with another number, and what its holder may say to that."""

    wait: timedelta = Field(timedelta(days=3), gt=timedelta(0))
    """How long everybody who can still get in is told before the account is given back."""
    wait_named: timedelta = Field(timedelta(days=1), gt=timedelta(0))
    """The same of an account whose person has shown a face before, or more (ial3)."""
    open: timedelta = Field(timedelta(days=7), gt=timedelta(0))
    """How long afterwards it may be brought to its end."""


class Settings(Section):
    environment: Environment = "development"
    issuer: str = "http://localhost:8000"
    """The one base URL, never taken from a request."""
    var_dir: Path = ROOT / "var"
    """Everything the embedded engines and the first start write."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "text"] = "json"

    node: Node = Node()
    dresses: dict[str, Dress] = {}
    """Looks other than the node's own, by a name that clients are registered with (``dress``), or
    by the entity identifier of a node that sends its people here."""
    store: Store = Store()
    serve: Serve = Serve()
    keys: Keys = Keys()
    sessions: Sessions = Sessions()
    tokens: Tokens = Tokens()
    login: Login = Login()
    passkeys: Passkeys = Passkeys()
    sms: Sms = Sms()
    carrier: Carrier = Carrier()
    realname: Realname = Realname()
    organisations: Organisations = Organisations()
    upstream: Upstream = Upstream()
    federation: Federation = Federation()
    signals: Signals = Signals()
    captcha: Captcha = Captcha()
    risk: Risk = Risk()
    agreements: Agreements = Agreements()
    outbound: Outbound = Outbound()
    development: Development = Development()
    audit: Audit = Audit()
    retention: Retention = Retention()
    rights: Rights = Rights()
    recovery: Recovery = Recovery()

    @property
    def secure(self) -> bool:
        """Whether people reach us over TLS: decides cookie names and HSTS."""
        return self.issuer.startswith("https://")

    @property
    def keys_file(self) -> Path:
        return self.var_dir / self.keys.file

    @property
    def regions_file(self) -> Path:
        return self.var_dir / self.risk.regions

    @property
    def database_url(self) -> str:
        return self.store.database_url.get_secret_value() or f"sqlite:///{self.var_dir}/hutong.db"

    @property
    def redis_url(self) -> str:
        return self.store.redis_url.get_secret_value() or f"unix://{self.redis_socket}"

    @property
    def redis_socket(self) -> Path:
        return self.var_dir / "valkey" / "valkey.sock"

    @property
    def embedded_redis(self) -> bool:
        return not self.store.redis_url.get_secret_value()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        parts = urlsplit(self.issuer)
        odd = parts.query or parts.fragment or self.issuer.endswith("/")
        if parts.scheme not in {"http", "https"} or odd:
            raise ValueError("issuer must be a URL without query, fragment or final slash")
        loopback = self.serve.host in {"127.0.0.1", "::1", "localhost"}
        if self.development.allow_loopback and not loopback:
            raise ValueError("development.allow_loopback needs serve.host on loopback")
        if "hub" in self.federation.routes and not self.federation.hub:
            raise ValueError("federation.routes has hub: name it in federation.hub")
        if self.federation.role == "anchor" and self.federation.superiors:
            raise ValueError("federation.superiors: an anchor has none")
        if self.federation.role in {"leaf", "intermediate"} and not self.federation.superiors:
            raise ValueError("federation.superiors must name who vouches for this node")
        if self.environment == "demo" and not loopback:
            raise ValueError("the demo listens on loopback only")
        if self.environment == "production":
            self._production_is_real(parts.scheme)
        return self

    def _production_is_real(self, scheme: str) -> None:
        database = self.store.database_url.get_secret_value()
        bare = [f"sms.{name}" for name in self.sms.providers if not getattr(self.sms, name, None)]
        wrong = {
            "issuer must be https": scheme != "https",
            "store.database_url must name PostgreSQL": not database.startswith("postgresql"),
            "store.redis_url must name Redis or Valkey": self.embedded_redis,
            "development.allow_loopback must be off": self.development.allow_loopback,
            "development.sandbox_url must be empty": bool(self.development.sandbox_url),
            "sms.providers must name at least one": not self.sms.providers,
            "sms: every endpoint must be https": not self.sms.behind_tls,
            "carrier: every endpoint must be https": not self.carrier.behind_tls,
            "realname: every endpoint must be https": not self.realname.behind_tls,
            "organisations: every endpoint must be https": not self.organisations.behind_tls,
            "upstream: every endpoint must be https": not self.upstream.behind_tls,
            f"sms.providers needs the tables {', '.join(bare)}": bool(bare),
        }
        if reasons := [reason for reason, applies in wrong.items() if applies]:
            raise ValueError("; ".join(reasons))


current = cast(Settings, OfTheApp("settings"))
"""The settings of the app at work, for the layers below ``services``."""


class SettingsError(Exception):
    """The settings do not make sense; the text says which and why."""


def load(**changes: Any) -> Settings:
    """Read all sources; ``changes`` win over them (tests and the command line)."""
    found = _environment(os.environ)
    name = changes.get("environment") or found.get("environment") or "development"
    layers = [_toml(ROOT / "config" / f"{name}.toml", required=False)]
    if extra := os.environ.get(f"{PREFIX}CONFIG"):
        layers.append(_toml(Path(extra), required=True))
    merged: dict[str, Any] = {"environment": name}
    for layer in (*layers, found, changes):
        _merge(merged, layer)
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise SettingsError(_explain(error)) from None


def _https(*urls: str) -> bool:
    return all(url.startswith("https://") for url in urls)


def _toml(path: Path, *, required: bool) -> dict[str, Any]:
    if not required and not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None


def _environment(environ: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, raw in environ.items():
        if not name.startswith(PREFIX) or name == f"{PREFIX}CONFIG":
            continue
        path, value = name.removeprefix(PREFIX).lower(), raw
        if path.endswith("_file") and path != "keys__file":
            path, value = path.removesuffix("_file"), Path(raw).read_text("utf-8").strip()
        *sections, key = path.split("__")
        place = found
        for section in sections:
            place = place.setdefault(section, {})
        place[key] = tuple(value[1:-1].split(",")) if value.startswith("[") else value
    return found


def _merge(into: dict[str, Any], layer: dict[str, Any]) -> None:
    for key, value in layer.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = dict(value) if isinstance(value, dict) else value


def _explain(error: ValidationError) -> str:
    """Name each wrong setting; never print its value, which may be a secret."""
    lines = (f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors())
    return "\n".join(lines)
