"""Run localstripe on a free loopback port and write its address to a file.

Started by its own command, localstripe listens on every interface and keeps its state in a file
of a fixed name that everybody may read; neither is acceptable on a shared machine.

Usage: localstripe_on_loopback.py ADDRESS_FILE
"""

import socket
import sys

from aiohttp import web
from localstripe import resources
from localstripe.server import app

from address_file import announce


def main():
    resources.Store.dump_to_disk = lambda store: None
    listener = socket.create_server(("127.0.0.1", 0))
    announce(sys.argv[1], listener.getsockname()[1])
    web.run_app(app, sock=listener, access_log=None, print=None)


main()
