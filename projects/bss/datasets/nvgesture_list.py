"""Reader of NVGesture's native annotation lists.

One line per clip, fields separated by spaces, in any order::

    path:./Video_data/class_01/subject13_r0 depth:sk_depth:138:218 color:sk_color:138:218 label:1

A sensor field is ``<sensor>:<file stem>:<first frame>:<frame after the last>``; labels are 1-based.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

SENSORS = ('depth', 'color', 'duo_left')
NUM_CLASSES = 25
LIST_NAMES = {
    'train': ('nvgesture_train_correct_v2.lst', 'nvgesture_train_correct_cvpr2016_v2.lst'),
    'test': ('nvgesture_test_correct_v2.lst', 'nvgesture_test_correct_cvpr2016_v2.lst'),
}
"""File names of each split's list: the short name first, then the one in NVIDIA's archive."""


@dataclass(frozen=True)
class FrameRange:
    """Frames ``start`` to ``end - 1`` of the video file ``<stem>.avi``."""

    stem: str
    start: int
    end: int

    @property
    def length(self) -> int:
        """Number of frames."""
        return self.end - self.start


@dataclass(frozen=True)
class GestureClip:
    """One line of a list: folder below ``Video_data``, 0-based label, frame range by sensor."""

    folder: str
    label: int
    sensors: dict[str, FrameRange] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """Name of the person, from the folder name ``subject<n>_r<repetition>``."""
        return PurePosixPath(self.folder).name.rpartition('_')[0]


def read_list(path: str | Path, num_classes: int = NUM_CLASSES) -> list[GestureClip]:
    """Read one annotation list.

    Args:
        path: The ``.lst`` file.
        num_classes: Labels must lie in 1..num_classes.

    Returns:
        The clips, in the order of the file.

    Raises:
        ValueError: If a line cannot be understood; the message names file and line.
    """
    clips = []
    lines = Path(path).read_text(encoding='utf-8').splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            clips.append(parse_line(line, num_classes))
        except ValueError as error:
            raise ValueError(f'{path}, line {number}: {error}') from error
    return clips


def parse_line(line: str, num_classes: int = NUM_CLASSES) -> GestureClip:
    """Parse one line of an annotation list.

    Args:
        line: Fields separated by spaces, in any order.
        num_classes: The label must lie in 1..num_classes.

    Returns:
        The clip, its label 0-based.

    Raises:
        ValueError: If a field is missing, repeated or malformed.
    """
    fields: dict[str, str] = {}
    for item in line.split():
        key, _, value = item.partition(':')
        if key not in ('path', 'label', *SENSORS) or key in fields:
            raise ValueError(f'field {item!r} is unknown or repeated; a line holds path, label and '
                             f'the sensors {", ".join(SENSORS)}, each at most once.')
        fields[key] = value
    for key in ('path', 'label'):
        if not fields.get(key):
            raise ValueError(f'field {key!r} is missing; correct the line.')
    sensors = {key: _parse_range(key, fields[key]) for key in SENSORS if key in fields}
    return GestureClip(_parse_folder(fields['path']), _parse_label(fields['label'], num_classes),
                       sensors)


def find_lists(data_root: str | Path) -> dict[str, Path]:
    """Find the lists of a data root under either of their names.

    Args:
        data_root: Folder that holds the lists.

    Returns:
        Split name -> list, for the splits that are there.
    """
    found = {split: [Path(data_root) / name for name in names if (Path(data_root) / name).is_file()]
             for split, names in LIST_NAMES.items()}
    return {split: paths[0] for split, paths in found.items() if paths}


def _parse_folder(text: str) -> str:
    parts = PurePosixPath(text).parts
    if parts[:1] == ('Video_data',):
        parts = parts[1:]
    if not parts or '..' in parts or text.startswith('/'):
        raise ValueError(f'path {text!r} must name a folder below ./Video_data; correct the line.')
    return str(PurePosixPath(*parts))


def _parse_label(text: str, num_classes: int) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= num_classes:
        raise ValueError(f'label must be a whole number in 1..{num_classes}, got {text!r}; correct '
                         'the line, or set num_classes to the number of classes of the list.')
    return int(text) - 1


def _parse_range(sensor: str, text: str) -> FrameRange:
    stem, *frames = text.split(':')
    if not stem or len(frames) != 2 or not all(frame.isdecimal() for frame in frames):
        raise ValueError(f'sensor {sensor!r} must read {sensor}:<file stem>:<start>:<end>, got '
                         f'{sensor + ":" + text!r}; correct the line.')
    start, end = map(int, frames)
    if end <= start:
        raise ValueError(f'the frames of sensor {sensor!r} must end after they start, got start '
                         f'{start} and end {end}; correct the line.')
    return FrameRange(stem, start, end)
