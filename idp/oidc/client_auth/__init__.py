"""How a client proves who it is. A new method is a module here and a line in CLIENT_AUTH."""

from idp.oidc.client_auth import none, private_key_jwt, secret_basic, secret_post

CLIENT_AUTH = {
    "client_secret_basic": secret_basic.authenticate,
    "client_secret_post": secret_post.authenticate,
    "private_key_jwt": private_key_jwt.authenticate,
    "none": none.authenticate,
}
