"""Files that are whole or not on disk at all: written under another name, then moved.

A reader of the path sees what was there before or all that is new. A kill leaves the other name
behind, hidden and with the ending `.part`; a later writer of the same path removes it after a day.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

KEPT = (
    24 * 3600.0
)  # [s] a part that nothing has touched for so long belongs to a process that is gone


@contextmanager
def whole(path: Path, ending: str = ".part") -> Iterator[Path]:
    """A name beside the path to write to; at the end the file takes the path's place.

    Where the body raises, the part is removed and the path stays as it was. A link is followed; a
    device or a pipe is written to as it is. OSError as from `open`, naming the path.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        yield path
        return
    place = path.resolve()
    _sweep(place, ending)
    part = place.with_name(f".{place.name}.{secrets.token_hex(4)}{ending}")
    try:
        yield part
        os.replace(part, place)
    except OSError as error:
        if error.errno is None:
            raise OSError(str(error).replace(str(part), str(path))) from error
        raise naming(error, path) from error
    finally:
        with suppress(OSError):
            part.unlink()


def put(path: Path, content: bytes) -> None:
    """Write the whole file, or leave what is there."""
    with whole(path) as part:
        part.write_bytes(content)


def naming(error: OSError, path: Path) -> OSError:
    """The error, about this path: what a write raises names no file."""
    return OSError(error.errno, error.strerror, str(path))


def _sweep(path: Path, ending: str) -> None:
    """Remove parts of this path that kills have left behind."""
    with suppress(OSError):
        for part in path.parent.iterdir():
            ours = part.name.startswith(f".{path.name}.") and part.name.endswith(ending)
            if ours and time.time() - part.stat().st_mtime > KEPT:
                part.unlink()
