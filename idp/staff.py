"""Who of the staff does something, and why: named with every act, and kept in the audit trail."""

from dataclasses import dataclass

from idp.errors import N_, IdpError

LONGEST_OFFICER, LONGEST_REASON = 64, 256


class OfficerUnnamed(IdpError):
    """An act of the staff without a staff number or a reason, or with one that is too long."""

    code = "HT-4402"
    message = N_("请填写经办人员工号和办理意见。")
    next_step = N_("工号最多 64 个字，办理意见最多 256 个字；都会记入审计日志。")


def number(officer: str) -> str:
    """The staff number as it is kept. Raises OfficerUnnamed."""
    if not 0 < len(officer.strip()) <= LONGEST_OFFICER:
        raise OfficerUnnamed
    return officer.strip()


@dataclass(frozen=True, slots=True)
class Act:
    """Who of the staff does something, and why; neither holds personal data of a citizen."""

    officer: str
    reason: str

    @classmethod
    def by(cls, officer: str, reason: str) -> "Act":
        """Raises OfficerUnnamed."""
        if not 0 < len(reason.strip()) <= LONGEST_REASON:
            raise OfficerUnnamed
        return cls(number(officer), reason.strip())
