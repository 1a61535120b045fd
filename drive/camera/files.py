"""Pictures and films on disk."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from drive.camera.door import cv2


def save_picture(path: Path, image: np.ndarray) -> None:
    """Write a picture [height, width, 3]; the path's ending says which kind."""
    if not cv2.imwrite(str(path), image[..., ::-1]):
        raise OSError(f"the picture cannot be written to {path}")


def packed(image: np.ndarray, quality: int = 80) -> bytes:
    """A picture [height, width, 3] as WebP, in memory. quality: 1 to 100."""
    done, data = cv2.imencode(".webp", image[..., ::-1], (cv2.IMWRITE_WEBP_QUALITY, quality))
    if not done:
        raise OSError("the picture cannot be coded")
    return data.tobytes()


def pixels(image: np.ndarray) -> bytes:
    """A grey picture [height, width] as PNG, in memory: the very same pixels."""
    done, data = cv2.imencode(".png", image)
    if not done:
        raise OSError("the picture cannot be coded")
    return data.tobytes()


def save_film(path: Path, frames: Iterable[np.ndarray], rate: float) -> None:
    """Write pictures of one size as a film, `rate` a second: VP8 in .webm, which browsers play.

    One picture is coded while the next is drawn. OSError where the path cannot be written, or the disk did not take every picture.
    """
    writer, count, coding = None, 0, None
    with ThreadPoolExecutor(1, thread_name_prefix="film") as thread:
        try:
            for frame in frames:
                writer = writer or _writer(path, frame, rate)
                if coding is not None:
                    coding.result()
                coding = thread.submit(writer.write, cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
                count += 1
        finally:
            if writer is not None:
                thread.submit(writer.release).result()
    if writer is not None and _length(path) != count:
        raise OSError(f"the film cannot be written to {path}: the disk took a part of it only")


def _writer(path: Path, frame: np.ndarray, rate: float) -> cv2.VideoWriter:
    size = frame.shape[1], frame.shape[0]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"VP80"), rate, size)
    if not writer.isOpened():
        raise OSError(f"the film cannot be written to {path}")
    return writer


def _length(path: Path) -> int:
    """How many pictures a film says that it holds: OpenCV writes this last, and tells of no failure."""
    reader = cv2.VideoCapture(str(path))
    try:
        return round(reader.get(cv2.CAP_PROP_FRAME_COUNT))
    finally:
        reader.release()
