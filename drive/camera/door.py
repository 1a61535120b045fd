"""The import of OpenCV; its failure says which system packages are missing."""

try:
    import cv2
except ImportError as error:
    raise OSError(
        f"OpenCV cannot start ({error}); on Debian: apt-get install libgl1 libglib2.0-0"
    ) from error

__all__ = ["cv2"]
