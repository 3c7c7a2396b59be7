"""The verifiers of organisations on offer, by the name settings use."""

from idp.organisations.base import Verifier
from idp.organisations.verifiers.aliyun_enterprise import AliyunEnterprise
from idp.organisations.verifiers.business_licence import BusinessLicence
from idp.organisations.verifiers.micro_transfer import MicroTransfer

VERIFIERS: dict[str, type[Verifier]] = {
    "aliyun_enterprise": AliyunEnterprise,
    "business_licence": BusinessLicence,
    "micro_transfer": MicroTransfer,
}
