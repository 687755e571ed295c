"""Compute the optical flow of NVGesture's clips. ``--help`` shows the options."""
from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
if (ROOT / 'projects' / 'bss').is_dir():
    sys.path.insert(0, str(ROOT))

import cv2
import numpy as np
from tqdm.contrib.concurrent import process_map

from projects.bss.datasets.errors import UnreadableSampleError
from projects.bss.datasets.flow import FLOW_BOUND, quantise_flow
from projects.bss.datasets.nvgesture import flow_file
from projects.bss.datasets.nvgesture_list import FrameRange, find_lists, read_list
from projects.bss.datasets.video import read_video

SETTINGS_NAME = 'flow_settings.json'

DESCRIPTION = """Compute the optical flow of NVGesture's clips.

For every clip of both lists: dense flow between neighbouring gray frames of exactly the clip's
window of the colour stream, after resizing; the last field is repeated, so that there are as many
fields as frames. It is clipped to +-BOUND pixels and stored in 8 bits (127.5: no motion) as an
array (T, SIZE, SIZE, 2) in <clip folder>/flow_<start>_<end>.npy, which is read without loading
it whole. Interrupted work goes on where it stopped; a file that is there is complete. The method,
size and bound stand in flow_settings.json, and files of other settings are never mixed in.

Exit status: 0, 1 if a clip failed (named at the end), 2 after an error in the arguments.
"""

EXAMPLES = """examples:
  python tools/data/nvgesture/extract_flow.py data/nvgesture
  python tools/data/nvgesture/extract_flow.py /read/only/nvgesture --out data/nvgesture-flow
"""

FlowMethod = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Job:
    """Flow of one clip: its video, its frames, the file to write."""

    video: Path
    frames: FrameRange
    target: Path


def make_method(name: str) -> FlowMethod:
    """Build a flow method.

    Args:
        name: ``'dis'`` (in every OpenCV) or ``'tvl1'`` (in opencv-contrib only).

    Returns:
        Function of two gray uint8 pictures (H, W) that returns float32 (H, W, 2) in pixels.

    Raises:
        ValueError: If this OpenCV has no TV-L1.
    """
    if name == 'dis':
        dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        return lambda first, second: dis.calc(first, second, None)
    # Where plain OpenCV was installed over the contrib build the empty submodule is still there.
    if not hasattr(getattr(cv2, 'optflow', None), 'DualTVL1OpticalFlow_create'):
        raise ValueError(f'method tvl1 needs opencv-contrib-python, but OpenCV {cv2.__version__} '
                         'here has no DualTVL1OpticalFlow; use --method dis or repair it with '
                         '`pip install --force-reinstall --no-deps opencv-contrib-python`.')
    tvl1 = cv2.optflow.DualTVL1OpticalFlow_create()
    return lambda first, second: tvl1.calc(first, second, None)


def compute_flow(frames: np.ndarray, method: FlowMethod) -> np.ndarray:
    """Compute the flow of a clip.

    Args:
        frames: Gray pictures, uint8 (T, H, W).
        method: Flow between two of them.

    Returns:
        float32 (T, H, W, 2) in pixels: field t leads from frame t to t + 1, the last is repeated.
        A single frame has no motion.
    """
    fields = [method(first, second) for first, second in zip(frames[:-1], frames[1:])]
    last = fields[-1] if fields else np.zeros((*frames.shape[1:], 2), np.float32)
    return np.stack([*fields, last])


def extract_clip(job: Job, method: str, size: int, bound: float) -> str | None:
    """Compute and store the flow of one clip.

    Args:
        job: The clip.
        method: ``'dis'`` or ``'tvl1'``.
        size: Height and width of the gray frames in pixels.
        bound: Displacements are clipped to [-bound, bound].

    Returns:
        None, or a sentence that says why it failed.
    """
    def view(frame: np.ndarray) -> np.ndarray:
        return cv2.resize(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), (size, size))
    try:
        numbers = np.arange(job.frames.start, job.frames.end)
        flow = compute_flow(read_video(str(job.video), numbers, view)[0], make_method(method))
        save_whole(job.target, quantise_flow(flow, bound))
    except (UnreadableSampleError, OSError, cv2.error) as error:
        return f'{job.target}: {error}'
    return None


def save_whole(path: Path, array: np.ndarray) -> None:
    """Save an array so that the file appears complete or not at all.

    Args:
        path: The ``.npy`` file; missing folders are made.
        array: The array.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial_path = path.with_name(f'{path.name}.partial')
    with partial_path.open('wb') as file:
        np.save(file, array)
    partial_path.replace(path)


def find_jobs(data_root: Path, out: Path) -> list[Job]:
    """List the clips of all lists, each once.

    Args:
        data_root: Root of the data set.
        out: Folder under which the flow is stored by clip folder.

    Returns:
        One job per different clip and frame range.

    Raises:
        FileNotFoundError: If ``data_root`` holds no list.
        ValueError: If a line of a list is wrong or has no colour stream.
    """
    lists = find_lists(data_root)
    if not lists:
        raise FileNotFoundError(f'DATA_ROOT must hold the lists of NVGesture '
                                f'(nvgesture_train_correct_v2.lst, ...), but {data_root} holds '
                                'none; name the folder above Video_data.')
    jobs = {}
    for path in lists.values():
        for clip in read_list(path):
            if 'color' not in clip.sensors:
                raise ValueError(f'{path}: clip {clip.folder!r} has no sensor color, of which flow '
                                 'is computed; correct the list.')
            frames = clip.sensors['color']
            video = data_root / 'Video_data' / clip.folder / f'{frames.stem}.avi'
            target = out / flow_file(clip.folder, frames)
            jobs[target] = Job(video, frames, target)
    return list(jobs.values())


def claim_settings(out: Path, settings: dict) -> None:
    """Write the settings beside the flow, or compare them with those that are there.

    Args:
        out: Folder under which the flow is stored.
        settings: Method, size and bound.

    Raises:
        ValueError: If the folder holds flow of other settings.
    """
    path = out / SETTINGS_NAME
    if path.is_file():
        present = json.loads(path.read_text())
        if present != settings:
            raise ValueError(f'{out} holds flow computed with {present}, not {settings}; use the '
                             'same settings, another --out, or remove those files and '
                             f'{SETTINGS_NAME}.')
        return
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings) + '\n')


def extract(jobs: Sequence[Job], settings: dict, workers: int) -> list[str]:
    """Compute the flow of all clips that have none yet.

    Args:
        jobs: The clips.
        settings: ``method``, ``size`` and ``bound``.
        workers: Number of processes.

    Returns:
        A sentence for each clip that failed.
    """
    pending = [job for job in jobs if not job.target.is_file()]
    print(f'{len(jobs)} clips, {len(jobs) - len(pending)} done before, {len(pending)} to do.')
    if not pending:
        return []
    # Threads of OpenCV would compete with the processes, and do not survive their fork.
    cv2.setNumThreads(1)
    results = process_map(partial(extract_clip, **settings), pending, max_workers=workers,
                          chunksize=1, desc='flow', unit='clip')
    return [failure for failure in results if failure]


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        The parsed arguments.
    """
    parser = argparse.ArgumentParser(description=DESCRIPTION, epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data_root', metavar='DATA_ROOT', type=Path,
                        help='folder that holds Video_data/ and the lists')
    parser.add_argument('--method', choices=('dis', 'tvl1'), default='dis',
                        help='dis: fast, in every OpenCV; tvl1: some 80 times slower (dis)')
    parser.add_argument('--size', type=int, default=256, help='pixels of a side (256)')
    parser.add_argument('--bound', type=float, default=FLOW_BOUND,
                        help='largest displacement in pixels (20)')
    parser.add_argument('--workers', type=int, default=os.cpu_count(),
                        help='processes (all cores)')
    parser.add_argument('--out', type=Path,
                        help='where to store the flow (DATA_ROOT/Video_data); a config then needs '
                             'data_prefix=dict(flow=OUT)')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        Exit status: 0, 1 if clips failed, 2 after an error in the arguments.
    """
    args = parse_args(argv)
    settings = dict(method=args.method, size=args.size, bound=args.bound)
    out = args.out or args.data_root / 'Video_data'
    try:
        _check_numbers(args)
        make_method(args.method)
        jobs = find_jobs(args.data_root, out)
        claim_settings(out, settings)
    except (ValueError, OSError) as error:
        print(f'extract_flow: {error}', file=sys.stderr)
        return 2
    failures = extract(jobs, settings, args.workers)
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f'{len(jobs) - len(failures)} of {len(jobs)} clips have flow, {len(failures)} failed.')
    return 1 if failures else 0


def _check_numbers(args: argparse.Namespace) -> None:
    for name, least in (('size', 16), ('bound', 0.1), ('workers', 1)):
        if getattr(args, name) < least:
            raise ValueError(f'--{name} must be at least {least}, got {getattr(args, name)}; '
                             'choose a larger value.')


if __name__ == '__main__':
    sys.exit(main())
