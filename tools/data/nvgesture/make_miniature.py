"""Write generated gestures in NVGesture's native layout. ``--help`` shows the options."""
from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
if (ROOT / 'projects' / 'bss').is_dir():
    sys.path.insert(0, str(ROOT))

import cv2
import numpy as np
from tqdm import tqdm

from projects.bss.datasets.flow import quantise_flow
from projects.bss.datasets.nvgesture import flow_file
from projects.bss.datasets.nvgesture_list import LIST_NAMES, NUM_CLASSES, FrameRange
from projects.bss.datasets.synthetic_gestures import draw_colour, draw_depth, draw_flow, draw_scene

MODALITIES = ('rgb', 'flow', 'depth')
SPLITS = ('train', 'test')
QUALITY = 60
FLOW_BOUND = 4.0
"""Pixels at the size of the flow files, which is half that of the videos."""

DESCRIPTION = """Write generated gestures in NVGesture's native layout.

Class c moves a hand with 1 + c // 8 fingers along trajectory c % 8 (left, right, up, down,
clockwise, counter-clockwise, push, pull). In every clip each modality shows one gesture or a
resting hand. --strength is the share of clips of a split in which a modality shows a gesture at
all. --conflict is the share of clips in which one modality, drawn by chance, shows the gesture of
another class. truth.json records what each modality of each clip shows. Flow is written from the
known motion, not computed from the pictures, so that its strength is independent of theirs.
"""


@dataclass(frozen=True)
class Settings:
    """What determines the content of a miniature.

    Attributes:
        seed: Seed of all random numbers.
        train: Number of training clips.
        test: Number of test clips.
        classes: Number of classes, 2 to 25.
        size: Height and width of the videos in pixels.
        frames: Frames of a gesture.
        strength: Modality -> share of the clips in which it shows a gesture, in [0, 1].
        conflict: Share of the clips one of whose modalities shows another class, in [0, 1].
    """

    seed: int
    train: int
    test: int
    classes: int
    size: int
    frames: int
    strength: dict[str, float]
    conflict: float

    def __post_init__(self) -> None:
        limits = dict(seed=(0, 2**32 - 1), train=(1, 10**6), test=(1, 10**6),
                      classes=(2, NUM_CLASSES), size=(32, 512), frames=(4, 500), conflict=(0, 1))
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise ValueError(f'{name} must lie in {low}..{high}, got {getattr(self, name)}; '
                                 'choose a value in this range.')
        if set(self.strength) != set(MODALITIES) \
                or not all(0 <= share <= 1 for share in self.strength.values()):
            raise ValueError(f'strength must give each of {", ".join(MODALITIES)} a share in '
                             f'[0, 1], got {self.strength}; write rgb=..,flow=..,depth=...')


@dataclass(frozen=True)
class Clip:
    """One clip: where it goes, its 0-based label and the class that each modality shows."""

    split: str
    folder: str
    label: int
    shown: dict[str, int | None]
    seed: tuple[int, int, int]


def plan_clips(settings: Settings, split: str) -> list[Clip]:
    """Decide labels and what each modality shows.

    Args:
        settings: The settings.
        split: ``'train'`` or ``'test'``.

    Returns:
        The clips of a split, sorted by class as in NVGesture's lists.
    """
    count = getattr(settings, split)
    rng = np.random.default_rng([settings.seed, SPLITS.index(split)])
    labels = np.sort(np.arange(count) % settings.classes)
    hidden = {name: _choose(rng, count, 1 - settings.strength[name]) for name in MODALITIES}
    conflicting = _choose(rng, count, settings.conflict)
    clips = []
    for index, label in enumerate(labels.tolist()):
        shown = {name: None if index in hidden[name] else label for name in MODALITIES}
        if index in conflicting:
            other = (label + rng.integers(1, settings.classes)) % settings.classes
            shown[MODALITIES[rng.integers(len(MODALITIES))]] = int(other)
        repetition = index - int(np.searchsorted(labels, label))
        subject = 1 + repetition % 8 + 8 * SPLITS.index(split)
        folder = f'class_{label + 1:02d}/subject{subject}_r{repetition // 8}'
        seed = (settings.seed, SPLITS.index(split), index)
        clips.append(Clip(split, folder, label, shown, seed))
    return clips


def write_clip(root: Path, clip: Clip, settings: Settings) -> str:
    """Draw one clip and write its files.

    Args:
        root: Root of the data set.
        clip: The clip.
        settings: Size and number of frames.

    Returns:
        The clip's line of the annotation list.
    """
    rng = np.random.default_rng([2, *clip.seed])
    scene = draw_scene(rng, settings.frames)
    folder = root / 'Video_data' / clip.folder
    folder.mkdir(parents=True)
    frames = FrameRange('sk_color', scene.start, scene.start + settings.frames)
    write_video(folder / 'sk_color.avi', draw_colour(rng, scene, clip.shown['rgb'], settings.size))
    write_video(folder / 'sk_depth.avi', draw_depth(rng, scene, clip.shown['depth'], settings.size))
    flow = draw_flow(rng, scene, clip.shown['flow'], settings.size // 2)
    np.save(root / 'Video_data' / flow_file(clip.folder, frames),
            quantise_flow(flow, FLOW_BOUND))
    window = f'{frames.start}:{frames.end}'
    return (f'path:./Video_data/{clip.folder} depth:sk_depth:{window} color:sk_color:{window} '
            f'label:{clip.label + 1}')


def write_video(path: Path, frames: np.ndarray) -> None:
    """Write a Motion-JPEG video, every frame of which can be sought exactly.

    Args:
        path: The ``.avi`` file.
        frames: uint8 (T, H, W, 3), BGR.

    Raises:
        OSError: If OpenCV cannot write it.
    """
    fourcc = cv2.VideoWriter_fourcc(*'MJPG')
    # The encoder that is part of every OpenCV build, unlike those of FFmpeg or GStreamer.
    writer = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, fourcc, 30.0, frames.shape[2:0:-1])
    writer.set(cv2.VIDEOWRITER_PROP_QUALITY, QUALITY)
    if not writer.isOpened():
        raise OSError(f'OpenCV {cv2.__version__} cannot write the Motion-JPEG video {path}; check '
                      'that the folder is writable.')
    for frame in frames:
        writer.write(frame)
    writer.release()


def write_miniature(out: Path, settings: Settings) -> bool:
    """Write the whole data set; it appears under its name only when it is complete.

    Args:
        out: Folder to be made.
        settings: The settings.

    Returns:
        False if ``out`` holds this very data set already.

    Raises:
        FileExistsError: If ``out`` holds anything else.
    """
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        if _settings_of(out) == json.loads(json.dumps(asdict(settings))):
            return False
        raise FileExistsError(f'{out} must be absent, empty or a miniature with the same settings, '
                              'but holds something else; remove it or name another folder.')
    partial = out.with_name(f'{out.name}.partial')
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    clips = {split: plan_clips(settings, split) for split in SPLITS}
    with tqdm(total=settings.train + settings.test, desc='clips', unit='clip') as progress:
        for split in SPLITS:
            lines = []
            for clip in clips[split]:
                lines.append(write_clip(partial, clip, settings))
                progress.update()
            (partial / LIST_NAMES[split][0]).write_text('\n'.join(lines) + '\n')
    _write_truth(partial, settings, clips)
    partial.replace(out)
    return True


def parse_strength(text: str) -> dict[str, float]:
    """Read ``rgb=0.6,flow=0.95,depth=0.8``.

    Args:
        text: The argument.

    Returns:
        Modality -> share.

    Raises:
        argparse.ArgumentTypeError: If the text has another form.
    """
    try:
        return {name: float(share)
                for name, share in (part.split('=') for part in text.split(','))}
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f'must read rgb=..,flow=..,depth=.. with shares in [0, 1], got {text!r}') from error


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        The parsed arguments.
    """
    parser = argparse.ArgumentParser(
        description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', metavar='OUT', nargs='?', type=Path, default='data/nvgesture-mini',
                        help='folder to be made (data/nvgesture-mini)')
    parser.add_argument('--seed', type=int, default=0, help='seed of all random numbers (0)')
    parser.add_argument('--train', type=int, default=160, help='training clips (160)')
    parser.add_argument('--test', type=int, default=80, help='test clips (80)')
    parser.add_argument('--classes', type=int, default=8, help='classes, 2 to 25 (8)')
    parser.add_argument('--size', type=int, default=64, help='pixels of a side (64)')
    parser.add_argument('--frames', type=int, default=24, help='frames of a gesture (24)')
    parser.add_argument('--strength', type=parse_strength, default='rgb=0.6,flow=0.95,depth=0.8',
                        help='share of clips in which a modality shows a gesture '
                             '(rgb=0.6,flow=0.95,depth=0.8)')
    parser.add_argument('--conflict', type=float, default=0.2,
                        help='share of clips one modality of which shows another class (0.2)')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        Exit status: 0, or 2 after an error in the arguments.
    """
    options = vars(parse_args(argv))
    out = options.pop('out')
    try:
        written = write_miniature(out, Settings(**options))
    except (ValueError, OSError) as error:
        print(f'make_miniature: {error}', file=sys.stderr)
        return 2
    done = 'holds' if written else 'already held'
    print(f'{out} {done} {options["train"]} train and {options["test"]} test clips of '
          f'{options["classes"]} classes.')
    return 0


def _choose(rng: np.random.Generator, count: int, share: float) -> set[int]:
    return set(rng.permutation(count)[:round(count * share)].tolist())


def _write_truth(root: Path, settings: Settings, clips: dict[str, list[Clip]]) -> None:
    truth = dict(
        note='Generated data in the layout of NVGesture, not NVGesture. Labels are 0-based; '
             'null: the modality shows a resting hand.',
        settings=asdict(settings),
        clips={clip.folder: dict(split=clip.split, label=clip.label, shown=clip.shown)
               for split in SPLITS for clip in clips[split]})
    (root / 'truth.json').write_text(json.dumps(truth, indent=1) + '\n')
    flow = dict(method='known motion', size=settings.size // 2, bound=FLOW_BOUND)
    (root / 'Video_data' / 'flow_settings.json').write_text(json.dumps(flow) + '\n')


def _settings_of(root: Path) -> dict | None:
    truth = root / 'truth.json'
    return json.loads(truth.read_text())['settings'] if truth.is_file() else None


if __name__ == '__main__':
    sys.exit(main())
