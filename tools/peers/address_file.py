"""How a test server tells its starter where it listens."""

import os


def announce(path, port):
    """Write the address in one step, so that a reader never sees half of it."""
    with open(path + ".part", "w", encoding="ascii") as part:
        part.write(f"127.0.0.1:{port}")
    os.replace(path + ".part", path)
