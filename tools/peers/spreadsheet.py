"""Write a workbook for the tests, by the packages openpyxl (.xlsx) and odfpy (.ods).

Usage: spreadsheet.py FILE. Row 1 is empty, row 2 the header, row 5 empty again; a second sheet
has a table of its own.
"""

import datetime
import sys

HEADER = ["account", "paid", "amount", "reference", "cleared", "note"]
ROWS = [
    [],
    HEADER,
    ["A-100", datetime.date(2026, 11, 20), 55.94, 4711, True, "beside the table"],
    ["Ä-200", "2026-11-21", "1,234.50", "00042", False, ""],
    [],
    [300, datetime.date(2026, 11, 22), 55.945, " R-3 ", "", ""],
]
SECOND = [["only"], ["here"]]


def write_xlsx(path):
    import openpyxl

    book = openpyxl.Workbook()
    first = book.active
    first.title = "First"
    for number, cells in enumerate(ROWS, start=1):
        for column, value in enumerate(cells, start=1):
            if value != "":
                first.cell(row=number, column=column, value=value)
    second = book.create_sheet("Second")
    for cells in SECOND:
        second.append(cells)
    book.save(path)


def write_ods(path):
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    def cell(value):
        if value == "":
            return TableCell()
        if isinstance(value, bool):
            made = TableCell(valuetype="boolean", booleanvalue=str(value).lower())
        elif isinstance(value, datetime.date):
            made = TableCell(valuetype="date", datevalue=value.isoformat())
        elif isinstance(value, (int, float)):
            made = TableCell(valuetype="float", value=repr(value))
        else:
            made = TableCell(valuetype="string")
        made.addElement(P(text=str(value)))
        return made

    document = OpenDocumentSpreadsheet()
    for name, rows in [("First", ROWS), ("Second", SECOND)]:
        table = Table(name=name)
        for cells in rows:
            row = TableRow()
            for value in cells or [""]:
                row.addElement(cell(value))
            table.addElement(row)
        document.spreadsheet.addElement(table)
    document.save(path)


write = write_xlsx if sys.argv[1].endswith(".xlsx") else write_ods
write(sys.argv[1])
