"""What can go wrong in the protocol, and the pages for what a relying party may not be told."""

from authlib.oauth2 import OAuth2Error

from idp.errors import N_, IdpError


class UnknownClient(IdpError):
    """``client_id`` is missing, unknown or stopped: the portal's configuration is wrong."""

    code = "HT-1001"
    message = N_("应用未接入或已停用，无法登录。")
    next_step = N_("请联系您要访问的网站的管理单位，并告知下面的代码。")
    oauth_error = "invalid_client"


class UnregisteredRedirect(IdpError):
    """``redirect_uri`` is not, to the letter, one of the client's. Nothing was sent there."""

    code = "HT-1002"
    message = N_("应用的回调地址未登记，为保护您的安全，登录已停止。")
    next_step = N_("请联系您要访问的网站的管理单位，并告知下面的代码。")
    oauth_error = "invalid_request"


class MalformedRequest(IdpError):
    """The authorization request repeats parameters or has too many; it cannot be trusted."""

    code = "HT-1003"
    message = N_("登录请求格式不正确。")
    next_step = N_("请返回您要访问的网站，重新点击“登录”。")
    oauth_error = "invalid_request"


class UnsignedRequest(IdpError):
    """A signed authorization request is not the client's, was used before, or is not for us. The
    log names why: its cause is an OAuth error, ``invalid_request_object``.
    """

    code = "HT-1008"
    message = N_("登录请求的签名无效，为保护您的安全，登录已停止。")
    next_step = N_(
        "请返回您要访问的网站，重新点击“登录”；仍然不行的，请联系该网站并告知下面的代码。"
    )
    oauth_error = "invalid_request_object"


class KeysOutOfReach(IdpError):
    """The keys of a client that signs its requests cannot be fetched now (``jwks_uri``): too many
    such addresses hang. Nothing is known of the signature.
    """

    code = "HT-1009"
    message = N_("系统繁忙，暂时无法完成操作。")
    next_step = N_("请返回您要访问的网站，重新点击“登录”。")
    status = 503
    oauth_error = "temporarily_unavailable"


class RequestExpired(IdpError):
    """The stored authorization request is older than an interaction lives."""

    code = "HT-1004"
    message = N_("登录已超时，请重新登录。")
    next_step = N_("请返回您要访问的网站，重新点击“登录”。")
    status = 410
    oauth_error = "invalid_request"


class UnregisteredLogoutRedirect(IdpError):
    """``post_logout_redirect_uri`` is not the client's, or came without a proof of the client."""

    code = "HT-1005"
    message = N_("退出后的返回地址未登记，已停止跳转。")
    next_step = N_("您可以在个人中心退出登录，或关闭浏览器。")
    oauth_error = "invalid_request"


class InvalidHint(IdpError):
    """``id_token_hint`` is not an ID token of ours, or not for this client."""

    code = "HT-1006"
    message = N_("退出请求无效，您仍处于登录状态。")
    next_step = N_("您可以在个人中心退出登录。")
    oauth_error = "invalid_request"


class NothingHere(IdpError):
    """Nobody was found to be signed in where a session was needed."""

    code = "HT-1007"
    message = N_("您尚未登录。")
    next_step = N_("请返回您要访问的网站，点击“登录”。")
    status = 401
    oauth_error = "login_required"


class ProtocolError(OAuth2Error):
    """An OAuth error of ours; descriptions are fixed ASCII (RFC 6749 §4.1.2.1)."""


class LoginRequired(ProtocolError):
    error = "login_required"
    description = "End-User authentication is required"


class ConsentRequired(ProtocolError):
    error = "consent_required"
    description = "End-User consent is required"


class InteractionRequired(ProtocolError):
    error = "interaction_required"
    description = "End-User interaction is required"


class UnmetAuthenticationRequirements(ProtocolError):
    """OpenID Connect Core Unmet Authentication Requirements 1.0."""

    error = "unmet_authentication_requirements"
    description = "The required level of assurance was not reached"


class RequestNotSupported(ProtocolError):
    error = "request_not_supported"
    description = "The request parameter is not supported"


class RequestUriNotSupported(ProtocolError):
    error = "request_uri_not_supported"
    description = "The request_uri parameter is not supported"


class RegistrationNotSupported(ProtocolError):
    error = "registration_not_supported"
    description = "The registration parameter is not supported"


class InvalidToken(ProtocolError):
    """RFC 6750 §3.1."""

    error = "invalid_token"
    status_code = 401
    description = "The access token is invalid, expired or revoked"


class NoKeyToEncryptTo(ProtocolError):
    """The client registered an encrypted answer, and no key it could be encrypted to."""

    error = "invalid_client_metadata"
    description = "The client has no key of use enc for the registered algorithm"


class InsufficientScope(ProtocolError):
    error = "insufficient_scope"
    status_code = 403
    description = "The access token lacks the scope openid"
