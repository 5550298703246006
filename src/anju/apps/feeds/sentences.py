"""What the intake says of files and rows, in the language of whoever reads it: pages, API and commands ask here. Its sentences are English and
hold names, numbers and cells; each is known by its shape, and what no shape fits is shown as it was said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from django.utils.translation import get_language, gettext

from anju.core.contracts.model import Contract
from anju.lake.files import FileRefused

HEAD = re.compile(r"^(?P<title>\S[^:]*?) (?P<name>[a-z][a-z0-9_]*): (?P<rest>.*)$", re.DOTALL)  # '年级 grade: 三 is not a whole number'

# What is said of a cell, after its column.
CELLS = (
    "is empty, and must not be", "is less than %(n)s", "is more than %(n)s", "%(cell)s is not a day: write 2023-09-26",
    "%(cell)s is not a time: write 2023-09-26 08:30", "%(cell)s can be read as two days: write 2023-09-26", "%(cell)s is not a whole number",
    "%(cell)s is not a number with at most 4 places", "%(cell)s is not a share: write 0.85 or 85%%", "%(cell)s is not an exact amount",
    "%(cell)s is neither yes nor no: write 是 or 否", "%(cell)s is not one of %(codes)s", "%(cell)s holds something else than %(codes)s",
    "%(cell)s is not a %(kind)s", "nobody in the register has this number", "no household of this code", "no place of this code",
    "a spreadsheet has turned the number into a figure and lost its end: format the column as text",
    "a resident identity number has 18 characters (15 in old records), this has %(n)s", "only digits are allowed, and X in the last place",
    "the check digit does not fit and the last places are 0: a spreadsheet has lost the end, format the column as text",
    "the check digit does not fit: one of the digits is wrong", "digits 7 to 14 are not a date of birth", "it is empty",
)  # fmt: skip

# What is said of a cell of a register, or of any file by a mapping.
REGISTERS = (
    "an answer is not in the mapping, which knows %(codes)s and %(n)s more", "an answer is not in the mapping, which knows %(codes)s",
    "%(cell)s is not in the mapping, which knows %(codes)s and %(n)s more", "%(cell)s is not in the mapping, which knows %(codes)s",
    "is not in the mapping, which knows %(codes)s and %(n)s more", "is not in the mapping, which knows %(codes)s", "%(cell)s is no age",
    "%(cell)s is no age in months", "%(years)s years and %(months)s months do not agree",
    "an age needs the day it was given on, and that is empty or no day", "%(cell)s is neither yes nor no to %(code)s",
    "is neither yes nor no to %(code)s", "is not a day", "more than one row of %(file)s has this %(key)s: which one is meant?",
    "no row of %(file)s has this %(key)s", "says %(said)s, and %(n)s persons are recorded", "no head is recorded", "%(n)s heads are recorded",
    "is empty: a household needs the place it lives in", "only an id_change gives another number", "is empty: an id_change needs the new number",
    "is the old number", "the same key stands here twice with different content", "the same number stands here in two households",
    "is not the day of birth in the identity number", "is empty: the person belongs to no household", "is too large",
    "is longer than %(n)s characters", "is the number of somebody who is no member of the household",
    "is recorded as dead, which a register does not undo", "another person of the same name and day of birth has another number",
    "is a day still to come", "is before the day of birth: nobody dies before being born", "is before the day of birth",
    "a death on another day was taken in before", "the new number is another person's: the two are to be joined by hand",
    "the register has another day of birth",
)  # fmt: skip

# What is said of a row, a file, or a delivery.
WHOLE = (
    "%(keys)s: the same key stands here twice with different content", "%(keys)s: a row of the same key was taken in from this file before",
    "happened after it was received: check the date", "cannot be read", "cannot be read: %(why)s: a quote inside a cell must be doubled",
    "has %(n)s cells where the header has %(m)s: a column has slipped, or a cell holds an unquoted comma",
    "has %(n)s cells where the header has %(m)s: a column has slipped, or the row was cut off",
    "%(n)s rows where the last delivery had %(m)s: more than %(share)s are gone",
    "nothing is said of %(units)s and more, which the last delivery covered", "nothing is said of %(units)s, which the last delivery covered",
    "read as %(encoding)s", "read as columns", "read as JSON lines", "read the sheet '%(sheet)s'", "%(n)s rows above the header skipped",
    "%(n)s further sheets were not read", "%(n)s empty rows and rows of totals skipped", "columns not known and left out: %(names)s",
    "%(day)s: %(n)s rows taken in that were mended", "%(day)s: %(n)s rows taken in whose people were not known before",
    "'%(name)s' is no feed that is delivered as a file", "name one of these", "'%(name)s' is no management unit",
    "nobody of this code is known to deliver", "name one of these with --unit", "'%(name)s' cannot be the column '%(column)s'",
    "%(feed)s has no such column", "name one of its columns", "there is no receipt %(n)s", "the sheet was written by another deployment",
    "ask for the rows anew: anju feeds refused", "receipt %(n)s was withdrawn", "receipt %(n)s has expired with its rows set aside",
    "there is nothing left to mend", "send the rows in a file of their own", "'%(name)s' is no sheet of rows set aside",
    "it has no column that says which row it mends", "send it as a delivery of its own, or download the sheet anew",
    "the sheet mends receipt %(n)s", "it was sent to mend receipt %(n)s", "send it to its own receipt",
    "open the receipt whose rows they are, and send the sheet there", "'%(name)s' is not kept any more", "uploads are kept for %(n)s days",
    "choose the file again", "'%(name)s' holds no JSON lines", "no line of it is an object {…}", "write one object per line, without [ ]",
    "'%(name)s' has nested columns: %(names)s", "a cell must be one value", "flatten them into columns of their own",
    "'%(name)s' cannot be read", "export it again", "'%(name)s' has a line of more than %(n)s bytes", "line %(n)s",
    "write one object per line", "'%(name)s' is damaged UTF-8", "'%(name)s' is neither UTF-8 nor GB18030", "byte %(n)s cannot be read",
    "save it as CSV UTF-8 and send it again", "'%(name)s' is UTF-16", "only UTF-8 and GB18030 are read",
    "a quote is not closed, or it is no CSV", "'%(name)s' cannot be read as a table",
    "a quote opened on line %(n)s is not closed by line %(m)s", "close it or remove it, and send the file again", "'%(name)s' holds NUL bytes",
    "it is not text, or is damaged", "export it again as CSV UTF-8", "'%(name)s' is a folder", "a delivery is one file",
    "name the files in it, one by one", "there is no file '%(name)s'", "nothing stands at this path, or a link that leads nowhere",
    "check the path", "'%(name)s' is empty", "it has no bytes at all", "'%(name)s' has %(n)s bytes", "at most %(n)s are taken",
    "at most %(n)s are taken at once", "send it in parts", "'%(name)s' is of no kind we read", "its name ends in none of these",
    "save it as one of them", "'%(name)s' is not a workbook", "it begins like text, or is damaged", "if it is a CSV, name it .csv",
    "'%(name)s' is not a Parquet file", "its first bytes are not PAR1", "'%(name)s' is a workbook, not a %(kind)s file",
    "'%(name)s' is an old workbook, not a %(kind)s file", "'%(name)s' is a Parquet file, not a %(kind)s file",
    "'%(name)s' is a packed file, not a %(kind)s file", "'%(name)s' is a PDF, not a %(kind)s file", "its first bytes say so",
    "name it %(kind)s", "send the table itself", "%(feed)s needs columns that the file does not have: %(names)s", "the file has: %(names)s",
    "add them, or say which of the file's columns they are", "the file has no column '%(name)s'", "it has: %(names)s", "name one of them",
    "these are rows set aside of a receipt, to be mended", "as a delivery of their own they would displace the others",
    "send the sheet as it is: anju feeds import FILE", "two columns of the file are '%(name)s'", "'%(one)s' and '%(other)s'",
    "remove or rename one of them",
    "rename or remove one of them", "this is not %(feed)s", "its columns are those of %(feed)s", "send it as %(feed)s",
    "who sends this %(feed)s?", "it is delivered by management unit", "say --unit CODE", "no row of '%(name)s' can be used",
    "the commonest reason: %(reason)s", "is this the right file?", "'%(name)s' has no rows, and does not say of which period",
    "nothing can be told from it", "send the rows, or for events in which nothing happened name the period: --period 2023-09",
    "'%(name)s' has %(n)s rows", "'%(name)s' does not say of every row which one it mends", "on line %(lines)s",
    "leave the column '%(column)s' as it was; send new rows in a file of their own", "'%(name)s' mends %(n)s receipts",
    "a sheet is of one delivery, and not empty", "send one sheet for each", "'%(name)s' mends a row twice",
    "two of its rows have the same number", "remove one of them", "the sheet has lost the column %(names)s", "a row is mended whole",
    "mend the sheet as it was written", "'%(name)s' has no header that we know", "its first row reads: %(cells)s", "its first rows are empty",
    "keep the row of column names", "'%(name)s' has %(n)s columns", "at most %(n)s cells and %(m)s columns are taken",
    "send only the feed's columns", "'%(name)s' names a column twice", "twice: %(names)s", "its first sheet has no cells",
    "put the table on the first sheet", "'%(name)s' spreads its cells over %(n)s rows and %(m)s columns",
    "delete the empty rows and columns beyond the table, or send it as CSV", "'%(name)s' is protected by a password",
    "it cannot be opened without it", "it cannot be opened", "remove the password and send it again",
    "'%(name)s' cannot be opened as a workbook", "it is damaged or cut off: %(why)s", "open it, save it again as .xlsx, and send that",
    "'%(name)s' unpacks to %(n)s bytes", "send the table as CSV, or in parts", "it is a packed folder of something else",
)  # fmt: skip

# What is said of registers and surveys as a whole.
REGISTRATION = (
    "a register of %(day)s cannot have come on %(came)s", "it speaks of a day still to come", "check --as-of",
    "registers received on %(day)s cannot be taken in after those of %(last)s", "it would change what was known on past days",
    "say the day they speak of (--as-of), and leave out when they came",
    "%(n)s villages of origin are in no list we have: the town or county they lay in is taken",
    "columns that the mapping does not use: %(names)s",
    "%(feed)s is held: %(reason)s",
)  # fmt: skip

# Where a command's words are no help: to whoever does not sit at a command line.
INSTEAD = {
    "name one of these with --unit": "choose one of these",
    "ask for the rows anew: anju feeds refused": "download the sheet anew from its receipt",
    "send the sheet as it is: anju feeds import FILE": "open the receipt whose rows they are, and send the sheet there",
    "say --unit CODE": "choose the unit that sends it",
    "send the rows, or for events in which nothing happened name the period: --period 2023-09":
        "send the rows, or for events in which nothing happened say which period it is about",
}  # fmt: skip


@lru_cache(maxsize=1)
def _shapes() -> tuple[tuple[re.Pattern[str], str, bool], ...]:
    """(shape, sentence, whether it is of a cell). Names in quotes hold no quote, numbers no letters."""
    found = []
    for of_cell, sentences in ((True, (*REGISTERS, *CELLS)), (False, (*WHOLE, *REGISTRATION))):
        for sentence in sentences:
            parts = re.split(r"%\((\w+)\)s", sentence.replace("%%", "%"))
            shape = "".join(
                f"(?P<{part}>{r'[0-9,]+' if part in ('n', 'm') else '.+?'})" if n % 2 else re.escape(part) for n, part in enumerate(parts)
            )
            found.append((re.compile(shape, re.DOTALL), sentence, of_cell))
    return tuple(found)


def _known(text: str, *, of_cell: bool, commands: bool = False) -> str | None:
    for shape, sentence, cells in _shapes():
        found = shape.fullmatch(text) if cells is of_cell else None
        if found is not None:
            parts = {name: said(part) if name == "reason" else part for name, part in found.groupdict().items()}
            return str(gettext(sentence if commands else INSTEAD.get(sentence, sentence)) % parts)
    return None


def said(text: str, titles: Mapping[str, str] | None = None, *, commands: bool = False) -> str:
    """A sentence of the intake, or several joined by '; ' as the reasons of one row are. `titles`: what columns are called. `commands`: its
    reader can give commands."""
    whole = _one(text, titles or {}, commands)
    parts = [_one(part, titles or {}, commands) or part for part in text.split("; ")] if whole is None else [whole]
    return ("；" if _zh() else "; ").join(parts)


def said_of_rows(text: str, contract: object, *, codes: bool = False) -> str:
    """Why a row was set aside, with the columns called as its contract calls them, where there still is one. `codes`: and with their names."""
    columns = contract.columns if isinstance(contract, Contract) else ()
    titles = {column.name: column.title.zh if _zh() else column.title.en for column in columns}
    return said(text, {name: f"{title} ({name})" if codes else title for name, title in titles.items()})


def said_of_cell(text: str) -> str:
    """Why a cell was set aside or is doubtful, where its column is said beside it; or with the column of a contract before it."""
    column, _, rest = text.partition(": ")
    found = _known(rest, of_cell=True) if column.isidentifier() else None
    if found is not None:
        return f"{column}{'：' if _zh() else ': '}{found}"
    return _known(text, of_cell=True) or said(text, commands=True)


def told(refused: FileRefused, *, commands: bool = False) -> tuple[str, str, str]:
    """Of a file that cannot be taken: what, why, and what to do."""
    what, why, remedy = (said(text, commands=commands) for text in (refused.what, refused.why, refused.remedy))
    return what, why, remedy


def _zh() -> bool:
    return (get_language() or "").startswith("zh")


def is_known(text: str) -> bool:
    """Whether the text has a shape of its own, so that it can be said in another language."""
    return _known(text, of_cell=False) is not None or _known(text, of_cell=True) is not None


def _one(text: str, titles: Mapping[str, str], commands: bool) -> str | None:
    found = _known(text, of_cell=False, commands=commands)
    head = HEAD.match(text) if found is None else None
    rest = _known(head["rest"], of_cell=True) if head is not None else None
    if head is None or rest is None:
        return found
    return f"{titles.get(head['name'], head['title'])}{'：' if _zh() else ': '}{rest}"


def columns_of(reason: str, names: frozenset[str]) -> frozenset[str]:
    """Which columns a reason is about: those it names."""
    return frozenset(name for name in names if re.search(rf"(?:^|[\s,;]){re.escape(name)}(?:: |, )", reason))
