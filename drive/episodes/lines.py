"""The one reader of files that hold JSON lines: plain, gzip or Zstandard, as editors and kills leave them.

A byte order mark, blanks, carriage returns and empty lines are passed over. A last line without its
newline is a line if it parses; else it was cut by a kill.
"""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import BinaryIO

import orjson

ENDINGS = (".jsonl", ".jsonl.gz", ".jsonl.zst")
LARGEST = 8 << 20  # bytes; a longer line is no line of ours
MARK = b"\xef\xbb\xbf"  # a byte order mark
BLANK = b" \t\r\n"
GZIP, ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"  # what such files begin with
BROKEN = (OSError, EOFError, zlib.error)  # raised by a compressed file that is damaged
DAMAGED = "{} is damaged: it cannot be decompressed"


class LogError(ValueError):
    """A file holds no JSON lines that can be read; the message says why in one sentence."""


def opened(path: Path) -> BinaryIO:
    """The file, decompressed as its first bytes say. LogError where it cannot be read."""
    try:
        with open(path, "rb") as file:
            begin = file.read(4)
        if begin.startswith(GZIP):
            return gzip.open(path, "rb")
        return _zstandard(path) if begin == ZSTANDARD else open(path, "rb")
    except IsADirectoryError:
        raise LogError(f"{path} is a folder, not a log") from None
    except OSError as error:
        raise LogError(f"{path} cannot be read: {error.strerror or error}") from None


def _zstandard(path: Path) -> BinaryIO:
    try:
        import zstandard
    except ImportError as error:
        raise LogError(f"it takes zstandard to read {path}: pip install 'whydrive[zst]'") from error
    reader = zstandard.ZstdDecompressor().decompressobj()
    try:
        whole = reader.decompress(path.read_bytes())
    except zstandard.ZstdError as error:
        raise LogError(DAMAGED.format(path)) from error
    if not reader.eof:
        raise LogError(DAMAGED.format(path))
    return io.BytesIO(whole)


def rows(path: Path) -> tuple[list[tuple[int, dict]], bool]:
    """(number in the file, data) of every line, and whether its last line was cut and is left out."""
    with opened(path) as file:
        try:
            raw = file.read()
        except BROKEN as error:
            raise LogError(DAMAGED.format(path)) from error
    *whole, rest = raw.removeprefix(MARK).split(b"\n")
    lines = [
        (number, parsed(line, f"{path}, line {number}"))
        for number, line in enumerate(whole, 1)
        if line.strip(BLANK)
    ]
    if not rest.strip(BLANK):
        return lines, False
    try:
        return [*lines, (len(whole) + 1, parsed(rest, ""))], False
    except LogError:
        return lines, True


def first(path: Path) -> dict:
    """The first line that is not empty. LogError where it is no JSON object."""
    with opened(path) as file:
        try:
            for number, line in enumerate(iter(lambda: file.readline(LARGEST + 1), b""), 1):
                line = line.removeprefix(MARK) if number == 1 else line
                if line.strip(BLANK):
                    return parsed(line, f"{path}, line {number}")
        except BROKEN as error:
            raise LogError(DAMAGED.format(path)) from error
    raise LogError(f"{path} is empty")


def last(path: Path) -> dict | None:
    """The last line that is not empty; None where it is no JSON object."""
    try:
        with opened(path) as file:
            if isinstance(file, gzip.GzipFile) or not file.seekable():
                data = file.read()
            else:
                file.seek(0, 2)
                file.seek(max(0, file.tell() - LARGEST))
                data = file.read()
        return parsed(data.rstrip(BLANK).rsplit(b"\n", 1)[-1].removeprefix(MARK), str(path))
    except (*BROKEN, LogError):
        return None


def parsed(line: bytes, place: str) -> dict:
    """A line as data. LogError where it is no JSON object, or too long."""
    if len(line) > LARGEST:
        raise LogError(f"{place}: {len(line)} bytes are too long for a line of a log")
    try:
        data = orjson.loads(line.strip(BLANK))
    except ValueError:
        raise LogError(f"{place}: not a line of a rationale log (no JSON)") from None
    if not isinstance(data, dict):
        raise LogError(f"{place}: not a line of a rationale log")
    return data


def stem(path: Path) -> str:
    """The name of a file of lines without its ending."""
    ending = next(
        (end for end in sorted(ENDINGS, key=len)[::-1] if path.name.endswith(end)), path.suffix
    )
    return path.name.removesuffix(ending)
