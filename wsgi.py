"""The provider for any WSGI server. It never starts an engine: ``serve`` does."""

import idp
from idp import settings

app = idp.create_app(settings.load())
