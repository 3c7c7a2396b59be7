"""django-oauth-toolkit as its tutorial sets it up, with OpenID Connect on.

In its favour: client secrets are not hashed, because its default hashes them like passwords on
every call of the token endpoint; and whoever is signed in has agreed (``skip_authorization``).
"""

import os
import secrets
from pathlib import Path

import django
from django.conf import settings

KEY = Path(os.environ["KEY_FILE"]).read_text("ascii")

settings.configure(
    SECRET_KEY=secrets.token_hex(32),
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="app",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["DATABASE"],
            "USER": "bench",
            "HOST": os.environ["DATABASE_HOST"],
            "PORT": os.environ["DATABASE_PORT"],
            "CONN_MAX_AGE": None,
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "oauth2_provider",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    LOGIN_URL="/login",
    SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    USE_TZ=True,
    OAUTH2_PROVIDER={
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": KEY,
        "OIDC_ISS_ENDPOINT": f"{os.environ['ISSUER']}/o",
        "SCOPES": {"openid": "OpenID Connect"},
        "DEFAULT_SCOPES": ["openid"],
        "PKCE_REQUIRED": True,
    },
)
django.setup()

from django.contrib.auth import login  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect  # noqa: E402
from django.urls import include, path  # noqa: E402
from oauth2_provider.models import Application  # noqa: E402


def sign_in(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        page = '<form method="post"><input name="username"><button id="go">Go</button></form>'
        return HttpResponse(page)
    user, _ = User.objects.get_or_create(username=request.POST["username"])
    login(request, user)
    return HttpResponseRedirect(request.GET["next"])


urlpatterns = [path("login", sign_in), path("o/", include("oauth2_provider.urls"))]


def set_up() -> None:
    """The tables and the three clients of the bench."""
    call_command("migrate", verbosity=0)
    kinds = {
        "portal": Application.GRANT_AUTHORIZATION_CODE,
        "keeper": Application.GRANT_AUTHORIZATION_CODE,
        "service": Application.GRANT_CLIENT_CREDENTIALS,
    }
    for client_id, grant_type in kinds.items():
        Application.objects.create(
            client_id=client_id,
            client_secret=os.environ["SECRET"],
            hash_client_secret=False,
            client_type=Application.CLIENT_CONFIDENTIAL,
            authorization_grant_type=grant_type,
            redirect_uris=os.environ["REDIRECT_URI"],
            skip_authorization=True,
            algorithm=Application.RS256_ALGORITHM,
        )


set_up()
app = get_wsgi_application()
