"""Pictures and films on disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from drive.camera.door import cv2


def save_picture(path: Path, image: np.ndarray) -> None:
    """Write a picture [height, width, 3]; the path's ending says which kind."""
    if not cv2.imwrite(str(path), image[..., ::-1]):
        raise OSError(f"the picture cannot be written to {path}")


def save_film(path: Path, frames: Iterable[np.ndarray], rate: float) -> None:
    """Write pictures of one size as a film, `rate` a second: VP8 in .webm, which browsers play."""
    writer = None
    for frame in frames:
        if writer is None:
            size = frame.shape[1], frame.shape[0]
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"VP80"), rate, size)
            if not writer.isOpened():
                raise OSError(f"the film cannot be written to {path}")
        writer.write(frame[..., ::-1])
    if writer is not None:
        writer.release()
