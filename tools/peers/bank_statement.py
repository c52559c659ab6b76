"""Read a bank file by other people's programs, for the tests: the package pycamt for camt.053,
mt-940 for MT940.

Usage: bank_statement.py FILE; prints a line `amount|currency|day|end-to-end reference` for each
payment that came in, in the order of the file.
"""

import sys
from decimal import Decimal


def camt(path):
    from pycamt.parser import Camt053Parser

    for entry in Camt053Parser.from_file(path).get_transactions():
        if entry["CreditDebitIndicator"] == "CRDT":
            amount = entry.get("TxAmt") or entry["Amount"]
            yield amount, entry["Currency"], entry["BookingDate"], entry.get("EndToEndId") or ""


def mt940(path):
    import mt940 as package

    for entry in package.parse(path):
        data = entry.data
        if data["status"] == "C":
            day = data.get("entry_date") or data["date"]
            amount = data["amount"]
            yield amount.amount, amount.currency, day, data.get("end_to_end_reference") or ""


read = camt if sys.argv[1].endswith(".xml") else mt940
for amount, currency, day, reference in read(sys.argv[1]):
    print(f"{Decimal(amount):.2f}|{currency}|{str(day)[:10]}|{reference}")
