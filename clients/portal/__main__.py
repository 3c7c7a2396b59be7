"""``python -m clients.portal --config shebao.toml`` serves one portal on loopback."""

import argparse
import logging
import sys
from pathlib import Path

from werkzeug.serving import make_server

from clients.portal.app import create_app
from clients.portal.settings import PortalSettingsError, load


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m clients.portal", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="the portal's TOML file")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    # Request lines carry authorization codes: they do not belong in a log.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    try:
        app = create_app(load(given.config))
        server = make_server(given.host, given.port, app, threaded=True)
    except PortalSettingsError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{app.config['PORTAL'].name}: {app.config['PORTAL'].base_url}/", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
