"""The same province, portals and people as the protocol's tests."""

from tests.oidc.conftest import gjj, people, register, shebao, wang

__all__ = ["gjj", "people", "register", "shebao", "wang"]
