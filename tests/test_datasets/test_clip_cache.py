"""The cache of decoded clips, with processes that write at once and processes that are killed."""
from __future__ import annotations

import contextlib
import itertools
import os
import signal
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from projects.bss.datasets.clip_cache import ClipCache

SHAPE = (3, 10, 20, 30)
ENTRY = 18_000 + 20
LARGE = 80_000_000
# As the workers of a data loader on Linux.
PROCESSES = get_context('fork')


def fetch_all(folder: Path, start: Any) -> None:
    """Read 8 clips again and again through a cache that has room for 5."""
    cache = ClipCache(str(folder), 5 * ENTRY / 1e9)
    start.wait()
    for number in [*range(8)] * 20:
        clip = cache.fetch(number, lambda: np.full(SHAPE, number, np.uint8))
        assert clip.shape == SHAPE and (clip == number).all()


def write_for_ever(folder: Path) -> None:
    cache, clip = ClipCache(str(folder), 0.1), np.ones((1, LARGE // 10**6, 1000, 1000), np.uint8)
    for number in itertools.count():
        cache.fetch(number, lambda: clip)


def clip_of(number: int) -> Callable[[], np.ndarray]:
    return lambda: np.random.default_rng(number).integers(0, 256, SHAPE, np.uint8)


def decoded() -> np.ndarray:
    raise AssertionError('decoded although the clip is kept')


def kept(folder: Path) -> list[Path]:
    return sorted(folder.glob('*.clip'))


def size_of(folder: Path) -> int:
    """Sum of the sizes of all clips, those left out that go away meanwhile."""
    total = 0
    for name in {*os.listdir(folder)} - {'lock', 'total'}:
        with contextlib.suppress(FileNotFoundError):
            total += os.stat(folder / name).st_size
    return total


def entry_of(cache: ClipCache, number: int) -> Path:
    """Store a clip and return its file, which is made to look as old as its number is small."""
    before = set(kept(cache.folder))
    cache.fetch(number, clip_of(number))
    [path] = set(kept(cache.folder)) - before
    os.utime(path, (1000 + number, 1000 + number))
    return path


@pytest.fixture
def cache(tmp_path: Path) -> ClipCache:
    return ClipCache(str(tmp_path / 'clips'), 3 * ENTRY / 1e9)


def test_a_clip_is_decoded_once(cache: ClipCache) -> None:
    for key, number in ((['a', 1], 0), (['a', 2], 1), ({'b': None}, 2)):
        first = cache.fetch(key, clip_of(number))
        again = cache.fetch(key, decoded)
        np.testing.assert_array_equal(first, clip_of(number)())
        np.testing.assert_array_equal(again, first)
        assert again.dtype == np.uint8 and not again.flags.writeable
    assert [path.stat().st_size for path in kept(cache.folder)] == [ENTRY] * 3


def test_room_is_made_by_what_was_used_longest_ago(cache: ClipCache) -> None:
    first, second, third = (entry_of(cache, number) for number in range(3))
    cache.fetch(0, decoded)
    fourth = entry_of(cache, 3)
    assert kept(cache.folder) == sorted([first, third, fourth])
    cache.fetch(1, clip_of(1))
    assert kept(cache.folder) == sorted([first, fourth, second])


def test_a_clip_above_the_limit_is_not_kept(tmp_path: Path, log: pytest.LogCaptureFixture) -> None:
    cache = ClipCache(str(tmp_path), (ENTRY - 1) / 1e9)
    for _ in range(2):
        np.testing.assert_array_equal(cache.fetch(0, clip_of(0)), clip_of(0)())
    assert kept(tmp_path) == []
    assert log.text.count('of 18020 bytes does not fit') == 1
    assert 'limited to 18019; raise max_gigabytes' in log.text


@pytest.mark.parametrize('damage', [
    lambda content: content[:5000], lambda content: b'', lambda content: b'\0' * len(content),
    lambda content: content[:100] + bytes([content[100] ^ 1]) + content[101:],
    lambda content: content[:-8] + b'\7' + content[-7:]],
    ids=['cut', 'empty', 'zeros', 'bit', 'shape'])
def test_a_damaged_entry_is_named_and_replaced(cache: ClipCache, damage: Callable[[bytes], bytes],
                                               log: pytest.LogCaptureFixture) -> None:
    path = entry_of(cache, 0)
    path.write_bytes(damage(path.read_bytes()))
    np.testing.assert_array_equal(cache.fetch(0, clip_of(0)), clip_of(0)())
    assert f'{path} cannot be used (' in log.text and 'its clip is decoded again' in log.text
    np.testing.assert_array_equal(cache.fetch(0, decoded), clip_of(0)())
    assert int((cache.folder / 'total').read_text()) == ENTRY


def test_a_clip_that_two_decode_at_once_is_counted_once(cache: ClipCache) -> None:
    other = ClipCache(str(cache.folder), 3 * ENTRY / 1e9)
    for number in range(3):
        cache.fetch(number, lambda: other.fetch(number, clip_of(number)))
        assert int((cache.folder / 'total').read_text()) == (number + 1) * ENTRY
    assert len(kept(cache.folder)) == 3


def test_a_folder_that_cannot_be_written_costs_time_only(
        tmp_path: Path, log: pytest.LogCaptureFixture) -> None:
    (tmp_path / 'file').touch()
    cache = ClipCache(str(tmp_path / 'file'), 1)
    for _ in range(2):
        np.testing.assert_array_equal(cache.fetch(0, clip_of(0)), clip_of(0)())
    assert log.text.count(f'Clips cannot be kept in {tmp_path / "file"} (') == 1


def test_processes_that_write_at_once_keep_the_limit(tmp_path: Path) -> None:
    start = PROCESSES.Barrier(2)
    writers = [PROCESSES.Process(target=fetch_all, args=(tmp_path, start)) for _ in range(2)]
    for writer in writers:
        writer.start()
    largest = 0
    while any(writer.is_alive() for writer in writers):
        largest = max(largest, size_of(tmp_path))
        time.sleep(1e-3)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert largest <= 5 * ENTRY
    assert len(kept(tmp_path)) == 5 and not list(tmp_path.glob('*.partial'))
    cache = ClipCache(str(tmp_path), 1)
    for number in range(8):
        assert (cache.fetch(number, lambda: np.full(SHAPE, number, np.uint8)) == number).all()


def kill_while_writing(folder: Path) -> list[Path]:
    """Kill a process in the middle of writing and return what it left unfinished."""
    writer = PROCESSES.Process(target=write_for_ever, args=(folder, ))
    writer.start()
    deadline = time.monotonic() + 30
    while not list(folder.glob('*.partial')) and time.monotonic() < deadline:
        time.sleep(1e-3)
    writer.kill()
    writer.join()
    assert writer.exitcode == -signal.SIGKILL
    return list(folder.glob('*.partial'))


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    left = next(filter(None, (kill_while_writing(tmp_path) for _ in range(20))))
    assert len(left) == 1
    for path in kept(tmp_path):
        assert path.stat().st_size == LARGE + 20
    cache = ClipCache(str(tmp_path), 0.1)
    np.testing.assert_array_equal(cache.fetch('new', clip_of(0)), clip_of(0)())
    assert not left[0].exists()
    np.testing.assert_array_equal(cache.fetch('new', decoded), clip_of(0)())


def test_the_sum_of_sizes_is_kept_and_found_anew(tmp_path: Path) -> None:
    cache, total = ClipCache(str(tmp_path), 50 * ENTRY / 1e9), tmp_path / 'total'
    entry_of(cache, 0)
    assert int(total.read_text()) == ENTRY
    for number, damage in enumerate(['', 'no number', str(50 * ENTRY)], start=1):
        total.write_text(damage)
        entry_of(cache, number)
        assert int(total.read_text()) == (number + 1) * ENTRY
    total.unlink()
    entry_of(cache, 4)
    assert int(total.read_text()) == 5 * ENTRY and len(kept(tmp_path)) == 5


def test_room_for_a_twentieth_is_made_at_once(tmp_path: Path) -> None:
    cache = ClipCache(str(tmp_path), 40 * ENTRY / 1e9)
    entries = [entry_of(cache, number) for number in range(40)]
    cache.fetch(40, clip_of(40))
    assert len(kept(tmp_path)) == 38 and not any(entry.exists() for entry in entries[:3])
    assert int((tmp_path / 'total').read_text()) == size_of(tmp_path) == 38 * ENTRY


def test_a_limit_that_is_not_positive_is_refused() -> None:
    with pytest.raises(ValueError, match='max_gigabytes must be positive, got 0; leave out the'):
        ClipCache('clips', 0)
