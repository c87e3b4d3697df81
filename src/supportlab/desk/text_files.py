"""Text files brought to clean UTF-8, with every record counted before an engine reads them."""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from supportlab.desk.config import FileOptions
from supportlab.errors import listed

__all__ = [
    "PreparedText",
    "TextFault",
    "count_by_csv_module",
    "detect_delimiter",
    "header_names",
    "prepare_text",
    "with_one_line_end",
]

CHUNK = 1 << 22
# A quoted field longer than this is taken for a quote that nobody closed.
LONGEST_FIELD = 1 << 24
DELIMITERS = (",", ";", "\t", "|")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNREADABLE = (EOFError, zlib.error, gzip.BadGzipFile)


class TextFault(Exception):
    """A text file that cannot be read, with the rule it breaks and the cure."""

    def __init__(self, rule: str, cure: str, row: int | None = None) -> None:
        super().__init__(cure)
        self.rule = rule
        self.cure = cure
        self.row = row


@dataclass(frozen=True)
class PreparedText:
    """A UTF-8 file without byte order mark, and how many records it holds, if that is plain."""

    path: Path
    n_records: int
    header: str
    is_balanced: bool
    has_mixed_ends: bool


def prepare_text(path: Path, options: FileOptions, folder: Path, *, quotes: bool) -> PreparedText:
    """
    Check a text file's bytes, count its records, and write it anew where it is no plain UTF-8.

    Parameters
    ----------
    path : Path
        The file, gzip-compressed where its name ends in ``.gz``.
    options : FileOptions
        Encoding and quote character declared for it.
    folder : Path
        Private folder for the copy, made only where one is needed.
    quotes : bool
        Whether quotes can hold line ends (CSV) or not (JSON lines).

    Returns
    -------
    PreparedText
        The file to read, with the records counted, the header among them.

    Raises
    ------
    TextFault
        For bytes that are not in the encoding, NUL characters, a compressed file cut short, or
        an empty file.
    """
    encoding, bom = _encoding(_start(path), options)
    is_plain = path.suffix.lower() != ".gz" and not bom and encoding == "utf-8"
    copy = None if is_plain else folder / f"{path.name}.utf8"
    counter = _RecordCounter(options.quote if quotes else None)
    with _opened(path) as stream, _target(copy) as target:
        stream.read(len(bom))
        for chunk in _utf8_chunks(stream, encoding, counter, declared=bool(options.encoding)):
            counter.feed(chunk)
            if target:
                target.write(chunk)
    counter.finish()
    if not counter.n_records:
        raise TextFault("empty_file", "The file is empty; a table needs at least its header.")
    return PreparedText(
        copy or path,
        counter.n_records,
        counter.first_record,
        counter.is_balanced,
        counter.has_mixed_ends,
    )


def detect_delimiter(header: str, known: tuple[str, ...], options: FileOptions) -> str:
    """Return the declared delimiter, or that which splits the header into most known names."""
    if options.delimiter:
        return options.delimiter

    def score(delimiter: str) -> tuple[int, int]:
        names = header_names(header, delimiter, options)
        return len(set(names) & set(known)), len(names)

    # max() keeps the first of equals, so a header of one column is comma-separated.
    return max(DELIMITERS, key=score)


def header_names(header: str, delimiter: str, options: FileOptions) -> list[str]:
    """Return the column names of a header record, without blanks around them."""
    rows = list(csv.reader([header], delimiter=delimiter, quotechar=options.quote))
    return [name.strip() for name in rows[0]] if rows else []


def count_by_csv_module(path: Path, delimiter: str, options: FileOptions) -> int:
    """Count records, blank lines apart, by Python's own reader: a slow second opinion."""
    _allow_long_fields()
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream, delimiter=delimiter, quotechar=options.quote)
        return sum(1 for row in reader if row)


def with_one_line_end(
    text: PreparedText, delimiter: str, options: FileOptions, folder: Path
) -> PreparedText:
    """Return a CSV whose lines all end alike, written anew where they do not."""
    if not text.has_mixed_ends:
        return text
    target = folder / f"{text.path.name}.ends"
    with (
        text.path.open(encoding="utf-8", newline="") as stream,
        target.open("w", encoding="utf-8", newline="") as copy,
    ):
        _allow_long_fields()
        reader = csv.reader(stream, delimiter=delimiter, quotechar=options.quote, strict=True)
        writer = csv.writer(copy, delimiter=delimiter, quotechar=options.quote, lineterminator="\n")
        try:
            n_records = sum(1 for row in reader if row and writer.writerow(row))
        except csv.Error as error:
            cure = f"Quotes do not match, or one is never closed ({error})."
            raise TextFault("broken_quotes", cure, reader.line_num) from error
    return replace(text, path=target, n_records=n_records, is_balanced=True)


def _allow_long_fields() -> None:
    # Python's default is shorter than a long conversation in one field.
    csv.field_size_limit(LONGEST_FIELD)


def _opened(path: Path) -> IO[bytes]:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]
    return path.open("rb")


def _start(path: Path) -> bytes:
    with _opened(path) as stream:
        return _read(stream, 4)


def _read(stream: IO[bytes], size: int) -> bytes:
    try:
        return stream.read(size)
    except _UNREADABLE as error:
        cure = f"The compressed file is cut short or damaged ({error}); fetch it again."
        raise TextFault("truncated_file", cure) from error


class _Nothing:
    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def _target(copy: Path | None) -> IO[bytes] | _Nothing:
    return copy.open("wb") if copy else _Nothing()


def _encoding(start: bytes, options: FileOptions) -> tuple[str, bytes]:
    for bom, encoding in _BOMS:
        # UTF-32's mark begins with UTF-16's, so the longer one is tried first.
        if start.startswith(bom):
            return encoding, bom
    return options.encoding or "utf-8", b""


def _utf8_chunks(
    stream: IO[bytes], encoding: str, counter: _RecordCounter, *, declared: bool
) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    while True:
        chunk = _read(stream, CHUNK)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            raise _bad_bytes(error, encoding, counter, declared=declared) from error
        clean = text.encode("utf-8", "surrogatepass")
        if b"\0" in clean:
            raise _nul(clean, counter)
        if clean:
            yield clean
        if not chunk:
            return


def _bad_bytes(
    error: UnicodeDecodeError, encoding: str, counter: _RecordCounter, *, declared: bool
) -> TextFault:
    counter.feed(error.object[: error.start].decode(encoding, "replace").encode())
    shown = error.object[max(0, error.start - 10) : error.end + 5]
    cure = f"Bytes that are not {encoding}: {listed([shown])}. "
    cure += (
        f"The declared encoding {encoding} is not that of the file."
        if declared
        else "Save the file as UTF-8, or declare its encoding in desk.toml, "
        'as [files.<table>] encoding = "cp1252".'
    )
    return TextFault("bad_encoding", cure, counter.data_row)


def _nul(clean: bytes, counter: _RecordCounter) -> TextFault:
    counter.feed(clean[: clean.index(b"\0")])
    cure = (
        "NUL characters: the file is damaged, or it is UTF-16 without a byte order mark; "
        'then declare [files.<table>] encoding = "utf-16-le" in desk.toml.'
    )
    return TextFault("nul_character", cure, counter.data_row)


class _RecordCounter:
    """Count records of UTF-8 bytes that come in chunks; quoted line ends are no ends."""

    def __init__(self, quote: str | None) -> None:
        self.n_records = 0
        self.first_record = ""
        self._quote = quote.encode() if quote else b""
        self.is_balanced = True
        mark = re.escape(self._quote)
        self._quoted = re.compile(b"%b[^%b]*%b" % (mark, mark, mark)) if quote else None
        part = b"(?:%b[^%b]*%b|[^\r\n%b])+" % ((mark,) * 4) if quote else b"[^\r\n]+"
        self._first = re.compile(b"[\r\n]*(%b)[\r\n]" % part)
        self._line = b""
        self._open = b""
        self._head = b""
        self._ends: tuple[int, ...] = (0, 0, 0)

    @property
    def has_mixed_ends(self) -> bool:
        """Whether lines end in different ways, which engines take for broken quotes."""
        return sum(count > 0 for count in self._ends) > 1

    @property
    def data_row(self) -> int:
        """Number of the data row that is being read, from 1."""
        return max(self.n_records, 1)

    def feed(self, chunk: bytes) -> None:
        """Count the records that end in this chunk."""
        if not self.first_record:
            self._read_head(chunk)
        text = self._open + chunk
        self._open = b""
        if self._quoted:
            # A closed quoted field becomes a letter: it is content, and its line ends vanish.
            text = self._quoted.sub(b"q", text)
            opening = text.find(self._quote)
            if opening >= 0:
                text, self._open = text[:opening], text[opening:]
        if text.endswith(b"\r") and not self._open:
            # Its line feed may come with the next chunk.
            text, self._open = text[:-1], b"\r"
        self._count_ends(text)
        if len(self._open) > LONGEST_FIELD:
            self.is_balanced, self._open = False, b""
        lines = (self._line + text).replace(b"\r", b"\n").split(b"\n")
        self._line = lines.pop()
        self.n_records += sum(1 for line in lines if line)

    def finish(self) -> None:
        """Count the last record, which may have no line end."""
        self.is_balanced = self.is_balanced and not self._open.strip(b"\r")
        self.n_records += bool(self._line or self._open.strip(b"\r"))
        if not self.first_record:
            lines = self._head.decode("utf-8", "replace").splitlines()
            self.first_record = next((line for line in lines if line), "")

    def _count_ends(self, text: bytes) -> None:
        both = text.count(b"\r\n")
        found = (both, text.count(b"\n") - both, text.count(b"\r") - both)
        self._ends = tuple(a + b for a, b in zip(self._ends, found, strict=True))

    def _read_head(self, chunk: bytes) -> None:
        self._head += chunk
        record = self._first.match(self._head)
        if record:
            self.first_record = record.group(1).decode("utf-8", "replace")
        elif len(self._head) > LONGEST_FIELD:
            raise TextFault("no_header", "The first line is too long to be a header.")
