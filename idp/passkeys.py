"""Passkeys: what is asked of an authenticator, and whether its answer is good (WebAuthn Level 3).

The challenge in the answer names what was asked: it stands in Redis under itself, bound to who was
asked, and is spent by the first answer.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    generate_challenge,
    generate_user_handle,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from idp import notices
from idp.attestation import Trust, is_trusted
from idp.audit import events
from idp.audit import log as audit
from idp.errors import N_, IdpError
from idp.settings import Settings
from idp.store import accounts, ephemeral, passkeys
from idp.store.engines import db
from idp.store.passkeys import Passkey

LIFETIME = timedelta(minutes=5)
"""How long somebody has to answer their authenticator; a page waits longer (``ASKED_FOR``)."""
ASKED_FOR = timedelta(minutes=30)
"""A page that offers passkeys beside other ways asks when it is opened."""
_LONGEST = 16_384
_LONGEST_ID = 1023
"""Bytes of a credential's id (§7.1)."""


class PasskeyRefused(IdpError):
    """The answer of the authenticator is not to what was asked, or does not verify."""

    code = "HT-3011"
    message = N_("通行密钥没有通过验证。")
    next_step = N_("请再试一次；仍不行的，请换一种方式。")
    status = HTTPStatus.FORBIDDEN


class PasskeyUnknown(IdpError):
    """A passkey nobody has here: taken away, or of another site. Its ``credential_id`` is told to
    the browser, which may forget it.
    """

    code = "HT-3012"
    message = N_("这个通行密钥没有绑定账号，可能已被移除。")
    next_step = N_("请换一种方式登录；可以在设备的密码管理中删除这个通行密钥。")
    status = HTTPStatus.FORBIDDEN


class PasskeyCopied(IdpError):
    """The counter of a passkey went back: there are two of it."""

    code = "HT-3013"
    message = N_("这个通行密钥可能被复制，已停用。")
    next_step = N_("请换一种方式登录，移除这个通行密钥并检查账号的安全记录。")
    status = HTTPStatus.FORBIDDEN


class PasskeyAskedTooLongAgo(IdpError):
    """The challenge is over, was answered already, or was asked of somebody else."""

    code = "HT-3014"
    message = N_("操作时间过长，或者已经提交过。")
    next_step = N_("请再试一次。")
    status = HTTPStatus.GONE


class PasskeyHere(IdpError):
    """The authenticator's key is registered already."""

    code = "HT-3015"
    message = N_("这个通行密钥已经添加过了。")
    next_step = N_("请直接使用它登录，或换一个设备添加。")
    status = HTTPStatus.CONFLICT


@dataclass(frozen=True, slots=True)
class Site:
    """Who asks: the part of the web that a passkey is for (§5.1.2)."""

    rp_id: str
    """A domain; "" where there are no passkeys: the operator wants none, or the node has but an
    address, which is none (§5.1.2)."""
    origin: str
    name: str
    trust: Trust

    @classmethod
    def of(cls, settings: Settings) -> "Site":
        parts = urlsplit(settings.issuer)
        return cls(
            rp_id=_domain(parts.hostname or "") if "passkey" in settings.login.methods else "",
            origin=f"{parts.scheme}://{parts.netloc}",
            name=settings.node.title,
            trust=Trust.of(settings.passkeys),
        )


def ask_new(site: Site, holder: str, has: list[Passkey], known_as: str) -> str:
    """Options for a new passkey, as JSON (§5.4); ``holder`` alone may answer them.

    ``has``: the account's, none of which is made a second time. ``known_as``: what the
    authenticator shows of the account.
    """
    handle = has[0].user_handle if has else bytes_to_base64url(generate_user_handle())
    challenge = _remember("passkey-new", {"holder": holder, "handle": handle}, LIFETIME)
    direct, no = AttestationConveyancePreference.DIRECT, AttestationConveyancePreference.NONE
    options = webauthn.generate_registration_options(
        rp_id=site.rp_id,
        rp_name=site.name,
        user_id=base64url_to_bytes(handle),
        user_name=known_as,
        user_display_name=known_as,
        challenge=challenge,
        timeout=int(LIFETIME.total_seconds() * 1000),
        attestation=direct if site.trust.roots else no,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_named(has),
    )
    return webauthn.options_to_json(options)


def new(site: Site, holder: str, answer: str) -> Passkey:
    """The passkey an authenticator made (§7.1), not yet anybody's.

    Raises PasskeyAskedTooLongAgo or PasskeyRefused.
    """
    with _refusing():
        given = parse_registration_credential_json(_bounded(answer))
        challenge = _challenge(given.response.client_data_json)
    asked = _answered("passkey-new", challenge, holder)
    with _refusing():
        made = webauthn.verify_registration_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
        decoded_public_key_to_cryptography(decode_credential_public_key(made.credential_public_key))
    if len(made.credential_id) > _LONGEST_ID:
        raise PasskeyRefused
    return Passkey(
        credential_id=bytes_to_base64url(made.credential_id),
        user_handle=asked["handle"],
        public_key=bytes_to_base64url(made.credential_public_key),
        sign_count=made.sign_count,
        backup_eligible=made.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        backed_up=made.credential_backed_up,
        attested=is_trusted(made.attestation_object, made.aaguid, site.trust),
        aaguid=made.aaguid,
        transports=[str(each.value) for each in given.response.transports or ()],
    )


def ask(site: Site, holder: str, only: Iterable[Passkey] = ()) -> str:
    """Options for a sign-in, as JSON (§5.5): by any passkey here, or ``only`` by these."""
    challenge = _remember("passkey-ask", {"holder": holder}, ASKED_FOR)
    options = webauthn.generate_authentication_options(
        rp_id=site.rp_id,
        challenge=challenge,
        timeout=int(LIFETIME.total_seconds() * 1000),
        allow_credentials=_named(only),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


@dataclass(frozen=True, slots=True)
class Shown:
    """A passkey that has signed what was asked, and what it says of itself."""

    passkey: Passkey
    sign_count: int
    backed_up: bool


def show(site: Site, holder: str, answer: str, *, named: bool = False) -> Shown:
    """Judge the answer to ``ask`` (§7.2), which says whose it is unless somebody's own were asked
    for (``named``).

    Raises PasskeyAskedTooLongAgo, PasskeyUnknown, PasskeyRefused or PasskeyCopied.
    """
    with _refusing():
        given = parse_authentication_credential_json(_bounded(answer))
        challenge = _challenge(given.response.client_data_json)
    _answered("passkey-ask", challenge, holder)
    credential_id = bytes_to_base64url(given.raw_id)
    found = passkeys.by_credential(credential_id)
    if found is None:
        raise PasskeyUnknown(credential_id=credential_id)
    handle = given.response.user_handle
    if (handle is None and not named) or (
        handle and bytes_to_base64url(handle) != found.user_handle
    ):
        raise PasskeyRefused
    with _refusing():
        shown = webauthn.verify_authentication_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=base64url_to_bytes(found.public_key),
            credential_current_sign_count=0,  # judged below: a copy is more than a refusal
            require_user_verification=True,
        )
    copyable = shown.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    counted = found.sign_count or shown.new_sign_count
    went_back = counted and shown.new_sign_count <= found.sign_count
    if copyable != found.backup_eligible:  # what it said when it was made never changes
        raise PasskeyRefused
    if found.copied_at is not None or went_back:
        _close(found)
        raise PasskeyCopied
    return Shown(found, shown.new_sign_count, shown.credential_backed_up)


def _close(passkey: Passkey) -> None:
    """Neither it nor its copy signs in any more; the person is told. Commits."""
    if not passkeys.found_copied(passkey):
        return
    audit.record(events.PasskeyCopied(account=passkey.account_id, factor=passkey.id))
    account = accounts.by_id(passkey.account_id)
    if account is not None:
        notices.tell(account, "passkey_copied")
    db.session.commit()


def amr_of(passkey: Passkey) -> tuple[str, ...]:
    """RFC 8176: the key, and that it has verified its user."""
    return ("hwk" if passkey.hardware else "swk", "mfa")


@contextmanager
def _refusing() -> Iterator[None]:
    """Whatever is wrong with what somebody sent is a refusal: at malformed keys and certificates
    the library lets through what those it stands on raise.
    """
    try:
        yield
    except Exception:
        raise PasskeyRefused from None


def _challenge(client_data: bytes) -> bytes:
    """What was signed for. Raises ValueError of a page within another site's (§7.1, §7.2)."""
    said = parse_client_data_json(client_data)
    if said.cross_origin:
        raise ValueError
    return said.challenge


def _remember(kind: str, value: dict[str, str], lifetime: timedelta) -> bytes:
    challenge = generate_challenge()
    ephemeral.put(kind, bytes_to_base64url(challenge), value, lifetime)
    return challenge


def _answered(kind: str, challenge: bytes, holder: str) -> dict[str, Any]:
    """What was asked, once."""
    try:
        asked = ephemeral.spend(kind, bytes_to_base64url(challenge))
    except ephemeral.AlreadySpent:
        raise PasskeyAskedTooLongAgo from None
    if asked is None or asked["holder"] != holder:
        raise PasskeyAskedTooLongAgo
    return asked


def _named(found: Iterable[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=base64url_to_bytes(each.credential_id), transports=_transports(each.transports)
        )
        for each in found
    ]


def _transports(names: list[str]) -> list[AuthenticatorTransport]:
    known = {each.value: each for each in AuthenticatorTransport}
    return [known[name] for name in names if name in known]


def _bounded(answer: str) -> dict[str, Any]:
    """Raises ValueError."""
    found = json.loads(answer) if len(answer) <= _LONGEST else None
    if not isinstance(found, dict):
        raise ValueError
    return found


def _domain(host: str) -> str:
    try:
        ip_address(host)
    except ValueError:
        return host
    return ""
