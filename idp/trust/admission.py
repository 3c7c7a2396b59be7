"""Entities coming under this node, and leaving: proposed by one officer, approved by another.

What an entity says of itself is looked at once, under the key it handed over another way; from
then on we vouch for the keys kept here, and for no others.
"""

from collections.abc import Mapping
from typing import Any

from idp.audit import log as audit
from idp.audit.events import EntityChanged
from idp.errors import N_, IdpError
from idp.federation import constraints, entity_ids, lint, metadata, policies, statements
from idp.federation.constraints import FEDERATION_ENTITY
from idp.federation.errors import FederationError
from idp.federation.statements import Statement
from idp.outbound import Outbound
from idp.staff import Act
from idp.store import subordinates
from idp.store.engines import db
from idp.store.subordinates import ACTIVE, SUSPENDED, WAITING, WITHDRAWN, Subordinate
from idp.trust import documents
from idp.trust.service import Trust


class EntityUnknown(IdpError):
    """Nobody of this name was ever proposed here."""

    code = "HT-8211"
    message = N_("没有这个下级节点。")
    next_step = N_("请核对实体标识，或先登记该节点。")
    status = 404


class NotTheKey(IdpError):
    """The entity's configuration is signed with another key than the one handed over."""

    code = "HT-8212"
    message = N_("对方公布的密钥与登记的指纹不一致。")
    next_step = N_("请通过其他渠道向对方核对密钥指纹，在核实之前不要继续。")
    status = 409


class SameOfficer(IdpError):
    """Who proposed an entity cannot be the one who approves it."""

    code = "HT-8213"
    message = N_("登记和批准必须由两名不同的工作人员办理。")
    next_step = N_("请由另一名工作人员批准。")
    status = 403


class NotNow(IdpError):
    """The entity is not in a state from which this leads anywhere."""

    code = "HT-8214"
    message = N_("该节点当前的状态不能进行这项操作。")
    next_step = N_("请先查看该节点的状态。")
    status = 409


class RuleBroken(IdpError):
    """What would be stated of the entity is not allowed, or not every peer reads it alike."""

    code = "HT-8215"
    message = N_("这些限制或策略不符合规则：%(what)s")
    next_step = N_("请按提示修改后重新提交。")
    status = 400


class NotReadable(IdpError):
    """The entity's configuration could not be fetched, or breaks a rule."""

    code = "HT-8216"
    message = N_("读取不到对方的实体配置，或其内容不符合规则：%(what)s")
    next_step = N_("请让对方核对地址、证书和实体配置后再试。")
    status = 502


class NothingNew(IdpError):
    """The entity publishes the keys it had. A new one is seen about a minute after it is made."""

    code = "HT-8217"
    message = N_("对方公布的密钥没有变化。")
    next_step = N_("新密钥生成后约一分钟才会公布，请稍后再试。")
    status = 409


def configuration(trust: Trust, outbound: Outbound, entity: str, thumbprint: str) -> Statement:
    """What an entity publishes of itself, signed by the key of ``thumbprint`` (RFC 7638).

    Raises NotReadable or NotTheKey.
    """
    try:
        entity_id = entity_ids.parse(entity, trust.rules)
        token = documents.fetch(outbound, entity_ids.configuration_url(entity_id))
        found = statements.parse(token, trust.rules)
        statements.verify_configuration(found)
    except FederationError as error:
        raise NotReadable(what=str(error)) from None
    if found.sub != entity_id or len(entity_id) > subordinates.LONGEST:
        raise NotReadable(what="sub")
    if _thumbprint(found) != thumbprint:
        raise NotTheKey
    return found


def propose(
    trust: Trust, found: Statement, act: Act, limits: Mapping[str, Any], policy: Mapping[str, Any]
) -> Subordinate:
    """Put an entity on record, to be approved, and commit; one that left may come again.

    Raises NotNow for one that is here, and RuleBroken.
    """
    row = subordinates.locked(found.sub)
    if row is not None and row.status in {ACTIVE, SUSPENDED}:
        raise NotNow
    if row is None:
        row = Subordinate(entity_id=found.sub, metadata_={})
        db.session.add(row)
    row.constraints, row.metadata_policy = dict(limits), dict(policy)
    row.status, row.proposed_by, row.note = WAITING, act.officer, act.reason
    _take(row, found)
    _check(trust, row, found)
    _record(row, act)
    db.session.commit()
    return row


def approve(entity: str, act: Act) -> Subordinate:
    """From now on this node vouches for it; commits. Raises SameOfficer."""
    row = _row(entity, WAITING)
    if row.proposed_by == act.officer:
        raise SameOfficer
    return _become(row, ACTIVE, act)


def suspend(entity: str, act: Act) -> Subordinate:
    """Say no more of it, until it is reinstated; commits."""
    return _become(_row(entity, ACTIVE), SUSPENDED, act)


def reinstate(entity: str, act: Act) -> Subordinate:
    return _become(_row(entity, SUSPENDED), ACTIVE, act)


def withdraw(entity: str, act: Act) -> Subordinate:
    """It has left; to come back it has to be proposed again. Commits."""
    return _become(_row(entity, WAITING, ACTIVE, SUSPENDED), WITHDRAWN, act)


def take_keys(trust: Trust, found: Statement, act: Act) -> Subordinate:
    """Vouch for the keys an entity publishes now, which it signed with one we vouch for already;
    commits. Raises NotTheKey, or NothingNew.
    """
    row = _row(found.sub, ACTIVE, SUSPENDED)
    known = {key["kid"] for key in row.jwks["keys"]}
    if found.signed.kid not in known:
        raise NotTheKey
    if known == set(found.keys.by_kid):
        raise NothingNew
    _take(row, found)
    _check(trust, row, found)
    _record(row, act, "keys")
    db.session.commit()
    return row


def drop_key(entity: str, kid: str, act: Act) -> Subordinate:
    """Vouch for one of its keys no longer: it was taken by somebody. Commits. Raises NotNow
    where it would have none left.
    """
    row = _row(entity, ACTIVE, SUSPENDED)
    left = [key for key in row.jwks["keys"] if key["kid"] != kid]
    if not left or len(left) == len(row.jwks["keys"]):
        raise NotNow
    row.jwks = {"keys": left}
    _record(row, act, "key_dropped")
    db.session.commit()
    return row


def _take(row: Subordinate, found: Statement) -> None:
    row.jwks = found.claims["jwks"]
    entity = found.metadata.get(FEDERATION_ENTITY, {})
    row.entity_types = [name for name in found.metadata if name != FEDERATION_ENTITY]
    row.intermediate = "federation_fetch_endpoint" in entity
    row.name = str(entity.get("organization_name", ""))[:255]


def _check(trust: Trust, row: Subordinate, found: Statement) -> None:
    """That what we would state holds together, and lets the entity be something."""
    claims = {"metadata_policy": row.metadata_policy, "metadata": row.metadata_}
    findings = lint.lint(claims, trust.own.policy)
    if findings:
        raise RuleBroken(what="; ".join(f"{each.rule} {each.where}" for each in findings))
    try:
        limit = constraints.parse(row.constraints)
        limit.check([found.sub])
        policy = policies.merge(trust.own.policy, policies.parse(row.metadata_policy))
        metadata.resolve(found.metadata, row.metadata_, [limit], policy)
    except FederationError as error:
        raise RuleBroken(what=str(error)) from None


def _become(row: Subordinate, status: str, act: Act) -> Subordinate:
    row.status = status
    _record(row, act)
    db.session.commit()
    return row


def _row(entity: str, *states: str) -> Subordinate:
    row = subordinates.locked(entity)
    if row is None:
        raise EntityUnknown
    if row.status not in states:
        raise NotNow
    return row


def _record(row: Subordinate, act: Act, change: str = "") -> None:
    audit.record(
        EntityChanged(
            entity=row.entity_id,
            status=change or row.status,
            officer=act.officer,
            reason=act.reason,
        )
    )


def _thumbprint(found: Statement) -> str:
    key = found.keys.find(found.signed.kid, found.signed.alg)
    return str(key.load().thumbprint())
