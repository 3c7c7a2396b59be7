"""``python -m sandbox``: start the fake phone and the fake services."""

import argparse
from dataclasses import fields
from typing import Any

from werkzeug.serving import WSGIRequestHandler, run_simple

from sandbox import create_app
from sandbox.options import Options

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Quiet(WSGIRequestHandler):
    """Paths here name phone numbers: nothing is logged."""

    protocol_version = "HTTP/1.1"

    def log_request(self, *args: Any) -> None:
        pass


def main() -> None:
    arguments = vars(_parser().parse_args())
    host, port = arguments.pop("host"), arguments.pop("port")
    if host not in LOOPBACK:
        raise SystemExit("the sandbox listens on loopback only")
    app = create_app(Options(**{**arguments, "receipt_retries": _seconds(arguments)}))
    print(f"sandbox: http://{host}:{port}/phone", flush=True)
    run_simple(host, port, app, threaded=True, request_handler=Quiet)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8003)
    for field in fields(Options):
        name = "--" + field.name.replace("_", "-")
        if isinstance(field.default, tuple):
            text = ",".join(f"{seconds:g}" for seconds in field.default)
            parser.add_argument(name, default=text, help="seconds, comma-separated")
            continue
        kind = type(field.default)
        parser.add_argument(name, type=kind, default=field.default, help=f"({field.default})")
    return parser


def _seconds(arguments: dict[str, Any]) -> tuple[float, ...]:
    return tuple(float(part) for part in arguments["receipt_retries"].split(",") if part)


if __name__ == "__main__":
    main()
