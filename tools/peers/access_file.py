"""Write an MS Access database for the tests, out of one that Access itself wrote.

Usage: access_file.py BASE FILE [ROW...], a ROW being reference|text|text|amount|0-or-1. BASE is
the sample of the npm package node-adodb. Its table Users keeps its columns, except that
UserBirthday becomes Currency, and has these rows only. A FILE that ends in .accdb says it is one:
since Access 2000 both kinds lay their pages out alike.
"""

import struct
import sys

PAGE = 4096
DEFINITION, DATA = 25, 27
CURRENCY = 5


def encoded(row):
    """One row as Access stores it: fixed columns, texts, where they end, and what is null."""
    reference, first, second, amount, yes = row.split("|")
    whole, _, fraction = amount.partition(".")
    ten_thousandths = int(whole + fraction.ljust(4, "0"))
    fixed = struct.pack("<iq", int(reference), ten_thousandths)
    texts = [b"\xff\xfe" + text.encode("latin-1") for text in (first, second)]
    start = 2 + len(fixed)
    ends = [start, start + len(texts[0]), start + len(texts[0]) + len(texts[1])]
    offsets = struct.pack("<HHH", ends[2], ends[1], ends[0])
    present = 0b01111 | (int(yes) << 4)
    count = struct.pack("<H", len(texts))
    return struct.pack("<H", 5) + fixed + b"".join(texts) + offsets + count + bytes([present])


def main():
    base, path, *rows = sys.argv[1:]
    with open(base, "rb") as file:
        book = bytearray(file.read())
    if path.endswith(".accdb"):
        book[4:19] = b"Standard ACE DB"
        book[20] = 2
    definition = DEFINITION * PAGE
    columns = definition + 63 + 12 * struct.unpack_from("<I", book, definition + 51)[0]
    book[columns + 3 * 25] = CURRENCY
    struct.pack_into("<I", book, definition + 16, len(rows))
    page = bytearray(PAGE)
    page[:12] = book[DATA * PAGE : DATA * PAGE + 12]
    end = PAGE
    for number, row in enumerate(rows):
        stored = encoded(row)
        end -= len(stored)
        page[end : end + len(stored)] = stored
        struct.pack_into("<H", page, 14 + 2 * number, end)
    struct.pack_into("<H", page, 12, len(rows))
    struct.pack_into("<H", page, 2, end - 14 - 2 * len(rows))
    book[DATA * PAGE : (DATA + 1) * PAGE] = page
    with open(path, "wb") as file:
        file.write(book)


main()
