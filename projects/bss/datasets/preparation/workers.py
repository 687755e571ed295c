"""Work on many files on all cores, with a progress bar."""
from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

import cv2
from tqdm import tqdm

_Item = TypeVar('_Item')
_Result = TypeVar('_Result')
_AT_ONCE = 4096
_CHUNK = 8


def in_processes(function: Callable[[_Item], _Result], items: Sequence[_Item], workers: int,
                 title: str) -> Iterator[_Result]:
    """Apply a function to items in several processes, which end when this one is killed.

    Args:
        function: The function, of a module.
        items: Its arguments.
        workers: Number of processes, at least 1; one is this process itself.
        title: What the progress bar says.

    Yields:
        The results, in the order of the items.
    """
    if workers == 1 or len(items) <= 1:
        yield from map(function, tqdm(items, desc=title))
        return
    # Threads of OpenCV would compete with the processes, and do not survive their fork.
    cv2.setNumThreads(1)
    with ProcessPoolExecutor(min(workers, len(items)), initializer=_end_with_parent) as pool, \
            tqdm(total=len(items), desc=title) as progress:
        for start in range(0, len(items), _AT_ONCE):
            for result in pool.map(function, items[start:start + _AT_ONCE], chunksize=_CHUNK):
                progress.update()
                yield result


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
