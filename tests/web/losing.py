"""Taking an engine away from a running app."""

import flask
import redis


def lose_redis(app: flask.Flask) -> None:
    """From now on nobody answers where ``app`` asks."""
    app.extensions["redis"].close()
    app.extensions["redis"] = redis.Redis(unix_socket_path="/nonexistent/socket")
