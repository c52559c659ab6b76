"""Accept mail by SMTP on a free loopback port and put each message into a folder as one file.

Files are named 000001.eml, 000002.eml, … in order of arrival and appear whole. The sender and the
receivers named by SMTP itself are written on top as X-Envelope-From and X-Envelope-To.

Usage: mail_sink.py ADDRESS_FILE FOLDER
"""

import asyncio
import itertools
import os
import sys

from aiosmtpd.smtp import SMTP

from address_file import announce


class IntoFolder:
    def __init__(self, folder):
        self.folder = folder
        self.numbers = itertools.count(1)

    async def handle_DATA(self, server, session, envelope):
        head = f"X-Envelope-From: {envelope.mail_from}\r\n"
        head += "".join(f"X-Envelope-To: {address}\r\n" for address in envelope.rcpt_tos)
        path = os.path.join(self.folder, f"{next(self.numbers):06}.eml")
        with open(path + ".part", "wb") as part:
            part.write(head.encode() + envelope.content)
        os.replace(path + ".part", path)
        return "250 Message accepted"


async def main(address_file, folder):
    handler = IntoFolder(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="localhost", enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    announce(address_file, server.sockets[0].getsockname()[1])
    await server.serve_forever()


asyncio.run(main(sys.argv[1], sys.argv[2]))
