"""Taking an engine away from a running app."""

import flask

from idp.store.servers import Server


def lose_redis(app: flask.Flask) -> None:
    """From now on nobody answers where ``app`` asks."""
    app.extensions["redis"].close()
    app.extensions["redis"] = Server(unix_socket_path="/nonexistent/socket")
