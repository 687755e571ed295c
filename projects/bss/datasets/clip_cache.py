"""Decoded clips and pictures on disk, within a limit of size and for any number of processes."""
from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from filelock import FileLock
from mmengine.logging import print_log

from projects.bss.datasets.errors import UnreadableSampleError

_FOOTER = struct.Struct('<5I')
_CHECKSUM_BYTES = 4
_SECONDS_BETWEEN_TRIALS = 0.005


class ClipCache:
    """Keep decoded clips, so that a second reading of a video decodes nothing.

    An entry is a file of its own: the pixels, the shape and a checksum of both, which is verified
    at each reading. It is written under another name first, so it appears complete or not at all.
    Writers take turns, by a lock that the system releases when a process dies. Where there is no
    room, one drops the entries that were used longest ago, a twentieth of them at once. Readers
    never wait.

    Args:
        folder: Where the entries lie, on a local disk; made when it is first written to.
        max_gigabytes: Largest sum of their sizes, in 10^9 bytes, > 0.

    Raises:
        ValueError: If ``max_gigabytes`` is not positive.
    """

    def __init__(self, folder: str, max_gigabytes: float) -> None:
        if max_gigabytes <= 0:
            raise ValueError(f'max_gigabytes must be positive, got {max_gigabytes}; leave out the '
                             'cache to decode every time.')
        self.folder, self.max_bytes = Path(folder), int(max_gigabytes * 1e9)
        self._logged: set[str] = set()

    def fetch(self, key: Any, decode: Callable[[], np.ndarray]) -> np.ndarray:
        """Give a clip, from the disk if it is there.

        A cache that cannot be written to is named in the log, and the clip is given all the same.

        Args:
            key: What identifies the clip and its processing, of types that json knows.
            decode: Makes the clip, a contiguous uint8 array of four dimensions.

        Returns:
            The clip, read-only where it is mapped from the disk.
        """
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
        path = self.folder / f'{digest[:32]}.clip'
        clip = self._read(path)
        if clip is None:
            clip = decode()
            try:
                self._write(path, clip)
            except OSError as error:
                self._log_once(f'Clips cannot be kept in {self.folder} ({error}); they are decoded '
                               'every time.')
        return clip

    def _read(self, path: Path) -> np.ndarray | None:
        try:
            clip = _map(path)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, struct.error) as error:
            self._log_once(f'{path} cannot be used ({error}); its clip is decoded again.')
            return None
        # Another process may have dropped it since, or may own it; what is mapped stays readable.
        with contextlib.suppress(FileNotFoundError, PermissionError):
            os.utime(path)
        return clip

    def _write(self, path: Path, clip: np.ndarray) -> None:
        size = clip.nbytes + _FOOTER.size
        if size > self.max_bytes:
            self._log_once(f'A clip of {size} bytes does not fit into {self.folder}, which is '
                           f'limited to {self.max_bytes}; raise max_gigabytes.')
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / 'lock').acquire(poll_interval=_SECONDS_BETWEEN_TRIALS):
            if self._read(path) is not None:
                return  # Another process has kept the same clip since.
            self._drop_damaged(path)
            # Counted first: a process killed in between leaves too high a count, not too low.
            self._total_file.write_text(str(self._make_room(size)))
            # One name for all, as they take turns: what a killed process left is overwritten.
            partial = self.folder / 'unfinished.partial'
            try:
                with partial.open('wb') as file:
                    file.writelines([clip.data, _footer(clip)])
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)

    def _drop_damaged(self, path: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
            # Its size was counted whole, so all are counted anew.
            self._total_file.unlink(missing_ok=True)

    @property
    def _total_file(self) -> Path:
        return self.folder / 'total'

    def _make_room(self, size: int) -> int:
        """Drop what was used longest ago if need be; give the new sum of all sizes."""
        total = size + self._counted()
        if total <= self.max_bytes:
            return total
        entries = {entry: entry.stat() for entry in self.folder.glob('*.clip')}
        total = size + sum(status.st_size for status in entries.values())
        # To look at thousands of entries takes long: room for a twentieth of them is made at once.
        spare = len(entries) // 20 * (total // (len(entries) + 1)) if total > self.max_bytes else 0
        for entry in sorted(entries, key=lambda entry: entries[entry].st_mtime_ns):
            if total <= self.max_bytes - spare:
                break
            entry.unlink()
            total -= entries[entry].st_size
        return total

    def _counted(self) -> int:
        """Read the sum of sizes; without it, more than fits, so that the entries are looked at."""
        try:
            return int(self._total_file.read_text())
        except (FileNotFoundError, ValueError):
            return self.max_bytes

    def _log_once(self, message: str) -> None:
        if message not in self._logged:
            self._logged.add(message)
            print_log(message, logger='current', level=logging.WARNING)


def file_identity(path: str) -> list[Any]:
    """Describe a file, so that another one in its place is not taken for it.

    Args:
        path: The file.

    Returns:
        Version of the decoder, and the file's place, size and time of change, for a key.

    Raises:
        UnreadableSampleError: If there is no such file.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        raise UnreadableSampleError(f'{path} cannot be read ({error}).') from error
    return [cv2.__version__, os.path.abspath(path), status.st_size, status.st_mtime_ns]


def _map(path: Path) -> np.ndarray:
    content = np.memmap(path, np.uint8, 'r')
    *shape, checksum = _FOOTER.unpack(content[-_FOOTER.size:].data)
    if zlib.crc32(content[:-_CHECKSUM_BYTES].data) != checksum:
        raise ValueError('wrong checksum')
    return content[:-_FOOTER.size].reshape(shape)


def _footer(clip: np.ndarray) -> bytes:
    shape = _FOOTER.pack(*clip.shape, 0)[:-_CHECKSUM_BYTES]
    return shape + zlib.crc32(shape, zlib.crc32(clip.data)).to_bytes(_CHECKSUM_BYTES, 'little')
