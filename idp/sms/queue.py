"""The worker's turn at the message queue, inside an application context."""

import flask


def work_once(block_ms: int) -> int:
    """Send what is queued, waiting for a job at most ``block_ms``; how many were handled."""
    handled: int = flask.current_app.extensions["idp"].sms.work_once(block_ms)
    return handled
