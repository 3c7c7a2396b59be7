"""The provider as it is, with the demo's page beside it: ``serve --app demo.wsgi:app``."""

from demo.page import bp
from idp import create_app, settings

app = create_app(settings.load())
app.register_blueprint(bp)
