"""Inspection of all streams of a data set, on all cores, that goes on where it stopped."""
from __future__ import annotations

import hashlib
import json
import os
from functools import partial
from pathlib import Path

from projects.bss.datasets.base import MultiModalDataset
from projects.bss.datasets.manifest import StreamReport
from projects.bss.datasets.preparation.checks import check_stream
from projects.bss.datasets.preparation.workers import in_processes


class Inspector:
    """Checks streams and remembers what it found of files that do not change.

    Every finding is written at once as a line of the memory file, with size and time of change of
    the file it is about, so that work that was interrupted goes on where it stopped.

    Args:
        memory: The memory file; it need not exist.
        workers: Number of processes, at least 1.
        full_decode: Whether to decode every frame of videos.
    """

    def __init__(self, memory: Path, workers: int, full_decode: bool = False) -> None:
        self.memory, self.workers, self.full_decode = memory, workers, full_decode
        self._known = _read_memory(memory)

    def inspect(self, dataset: MultiModalDataset, title: str) -> list[dict[str, StreamReport]]:
        """Check all streams of a split.

        Args:
            dataset: The split.
            title: Its name, for the progress bar.

        Returns:
            What was found of each item, by modality.
        """
        records = [dataset.get_data_info(position) for position in range(len(dataset))]
        keyed = [{name: (self._key(stream), stream)
                  for name, stream in record['modalities'].items()} for record in records]
        pending = {key: stream for item in keyed for key, stream in item.values()
                   if key not in self._known}
        found = self._known | self._check(pending, title)
        return [{name: found[key] for name, (key, _) in item.items()} for item in keyed]

    def _check(self, pending: dict[str, dict], title: str) -> dict[str, StreamReport]:
        check = partial(check_stream, full_decode=self.full_decode)
        reports = in_processes(check, list(pending.values()), self.workers, title)
        found = {}
        self.memory.parent.mkdir(parents=True, exist_ok=True)
        with self.memory.open('a', encoding='utf-8', buffering=1) as file:
            for report, (key, stream) in zip(reports, pending.items()):
                found[key] = report
                if os.path.exists(stream.get('path', '')):
                    self._known[key] = report
                    file.write(json.dumps([key, report.digest, report.faults]) + '\n')
        return found

    def _key(self, stream: dict) -> str:
        described = {key: value for key, value in stream.items() if key != 'path'}
        place: list = []
        if 'path' in stream:
            path = Path(stream['path'])
            place = [os.path.relpath(path, self.memory.parent), _state(path)]
        text = json.dumps([place, described, self.full_decode], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def _state(path: Path) -> list:
    """Size and time of change of a file, or of every file in a folder."""
    if path.is_dir():
        with os.scandir(path) as entries:
            return sorted([entry.name, entry.stat().st_size, entry.stat().st_mtime_ns]
                          for entry in entries)
    if not path.exists():
        return []
    state = path.stat()
    return [state.st_size, state.st_mtime_ns]


def _read_memory(path: Path) -> dict[str, StreamReport]:
    known: dict[str, StreamReport] = {}
    lines = path.read_text(encoding='utf-8').splitlines(keepends=True) if path.is_file() else []
    # A process that was killed may leave its last line unfinished.
    if lines and not lines[-1].endswith('\n'):
        path.write_text(''.join(lines[:-1]), encoding='utf-8')
        lines = lines[:-1]
    for line in lines:
        key, digest, faults = json.loads(line)
        known[key] = StreamReport(digest, tuple((kind, text) for kind, text in faults))
    return known
