"""Check a copy of NVGesture and write down what it holds. ``--help`` shows the options."""
from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
if (ROOT / 'projects' / 'bss').is_dir():
    sys.path.insert(0, str(ROOT))

import cv2
import numpy as np
from tqdm.contrib.concurrent import process_map

from projects.bss.datasets import NVGestureDataset, UnreadableSampleError
from projects.bss.datasets.flow import open_flow
from projects.bss.datasets.nvgesture_list import GestureClip, find_lists, list_hash, read_list
from projects.bss.datasets.video import decode_frames, open_video

PAPER_CLIPS = dict(train=1050, test=482)
"""Clips per split in Molchanov et al., CVPR 2016."""
MAX_MISSING_FRAMES = 8

DESCRIPTION = """Check a copy of NVGesture and write down what it holds.

The manifest counts clips by split and class (beside the numbers of the paper), hashes the lists,
and names missing and unreadable clips, streams that are shorter than their annotation, clips
listed twice, and subjects and clips that occur in both splits. Files are opened and their length
is read; with --full-decode the frames of every clip are decoded once from the beginning and once
by seeking, which must give the same pictures.

Exit status: 0, 1 if clips are missing or unreadable, 2 after an error in the arguments.
"""

Problem = tuple[str, str]
"""Kind (missing, unreadable, short, seek) and a sentence."""


def check_stream(stream: dict, full_decode: bool) -> Problem | None:
    """Check the file of one stream.

    Args:
        stream: The stream as ``NVGestureDataset`` describes it.
        full_decode: Whether to decode its frames.

    Returns:
        None, or what is wrong with it.
    """
    if not Path(stream['path']).is_file():
        return 'missing', stream['path']
    try:
        if stream['format'] == 'flow':
            length = len(open_flow(stream['path'], stream['layout']))
        else:
            length = _video_length(stream, full_decode)
    except UnreadableSampleError as error:
        return 'unreadable', str(error)
    except _SeekError as error:
        return 'seek', str(error)
    lacking = stream['end'] - length
    if lacking <= 0:
        return None
    kind = 'short' if lacking <= MAX_MISSING_FRAMES else 'unreadable'
    return kind, f'{stream["path"]} lacks {lacking} of its frames up to {stream["end"] - 1}.'


def check_record(record: dict, full_decode: bool) -> list[Problem]:
    """Check all streams of one clip.

    Args:
        record: The clip as ``NVGestureDataset`` describes it.
        full_decode: Whether to decode its frames.

    Returns:
        The problems that were found.
    """
    found = [check_stream(stream, full_decode) for stream in record['modalities'].values()]
    return [problem for problem in found if problem]


def describe_split(dataset: NVGestureDataset, problems: Sequence[Sequence[Problem]]) -> dict:
    """Describe one split.

    Args:
        dataset: The split, none of its clips left out.
        problems: What is wrong with each clip.

    Returns:
        Counts, hashes and clip ids, of plain types.
    """
    clips = read_list(dataset.ann_file, dataset.num_classes)
    by_class = Counter(clip.label + 1 for clip in clips)
    repeated = Counter(clip.folder for clip in clips)
    report = dict(
        list=Path(dataset.ann_file).name, sha256=list_hash(dataset.ann_file), clips=len(clips),
        paper_clips=PAPER_CLIPS[dataset.split],
        classes={str(label): by_class[label] for label in range(1, dataset.num_classes + 1)},
        subjects=sorted({clip.subject for clip in clips}),
        sensors=dict(Counter(sensor for clip in clips for sensor in clip.sensors)),
        duplicates=sorted(folder for folder, count in repeated.items() if count > 1),
        fingerprint=dataset.fingerprint())
    for kind in ('missing', 'unreadable', 'short', 'seek'):
        report[kind] = {clip.folder: [text for found, text in faults if found == kind]
                        for clip, faults in zip(clips, problems)
                        if any(found == kind for found, _ in faults)}
    return report


def make_manifest(args: argparse.Namespace) -> dict:
    """Check all splits.

    Args:
        args: The parsed command line.

    Returns:
        The manifest, of plain types.

    Raises:
        FileNotFoundError: If there is no list.
        ValueError: If a line of a list is wrong.
    """
    lists = find_lists(args.data_root)
    if not lists:
        raise FileNotFoundError('DATA_ROOT must hold the lists of NVGesture '
                                f'(nvgesture_train_correct_v2.lst, ...), but {args.data_root} '
                                'holds none; name the folder above Video_data.')
    # Threads of OpenCV would compete with the processes, and do not survive their fork.
    cv2.setNumThreads(1)
    splits = {}
    for split, path in lists.items():
        dataset = _Unchecked(ann_file=str(path.resolve()), data_root=str(args.data_root),
                             split=split, modalities=args.modalities,
                             flow_layout=args.flow_layout, num_classes=args.num_classes)
        records = [dataset.get_data_info(position) for position in range(len(dataset))]
        problems = process_map(partial(check_record, full_decode=args.full_decode), records,
                               max_workers=args.workers, chunksize=4, desc=split, unit='clip')
        splits[split] = describe_split(dataset, problems)
    clips = [read_list(path, args.num_classes) for path in lists.values()]
    return dict(modalities=list(args.modalities), full_decode=args.full_decode, splits=splits,
                shared_subjects=_in_all(clips, 'subject'), shared_clips=_in_all(clips, 'folder'))


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        The parsed arguments.
    """
    parser = argparse.ArgumentParser(description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data_root', metavar='DATA_ROOT', type=Path,
                        help='folder that holds Video_data/ and the lists')
    parser.add_argument('--out', type=Path, help='where to write it (DATA_ROOT/manifest.json)')
    parser.add_argument('--full-decode', action='store_true', help='decode every frame')
    parser.add_argument('--modalities', nargs='+', default=('rgb', 'flow', 'depth'),
                        help='streams to check (rgb flow depth)')
    parser.add_argument('--flow-layout', choices=('clip', 'position'), default='clip',
                        help='layout of the flow files (clip)')
    parser.add_argument('--num-classes', type=int, default=25, help='classes of the lists (25)')
    parser.add_argument('--workers', type=int, default=os.cpu_count(),
                        help='processes (all cores)')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        Exit status: 0, 1 if clips are missing or unreadable, 2 after an error in the arguments.
    """
    args = parse_args(argv)
    out = args.out or args.data_root / 'manifest.json'
    try:
        manifest = make_manifest(args)
        out.write_text(json.dumps(manifest, indent=1) + '\n')
    except (ValueError, OSError) as error:
        print(f'make_manifest: {error}', file=sys.stderr)
        return 2
    for split, report in manifest['splits'].items():
        print(f'{split}: {report["clips"]} clips ({report["paper_clips"]} in the paper), '
              + ', '.join(f'{len(report[kind])} {kind}'
                          for kind in ('missing', 'unreadable', 'short', 'seek')))
    print(f'The manifest is {out}.')
    return int(any(report['missing'] or report['unreadable']
                   for report in manifest['splits'].values()))


class _SeekError(ValueError):
    """Seeking does not lead to the frame that decoding from the beginning gives."""


class _Unchecked(NVGestureDataset):
    """All clips of a list, whether their files are there or not."""

    def filter_data(self) -> list[dict]:
        return self.data_list


def _video_length(stream: dict, full_decode: bool) -> int:
    path, start, end = stream['path'], stream['start'], stream['end']
    if not full_decode:
        capture = open_video(path)
        length = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        capture.release()
        return length
    decoded = 0
    sought = decode_frames(path, np.arange(start, end))
    for decoded, frame in enumerate(decode_frames(path, np.arange(end)), start=1):
        if decoded > start and not np.array_equal(frame, next(sought, None)):
            raise _SeekError(f'{path}: seeking does not lead to frame {decoded - 1}.')
    if not decoded:
        raise UnreadableSampleError(f'{path} holds no frame that can be decoded.')
    return decoded


def _in_all(splits: Sequence[Sequence[GestureClip]], attribute: str) -> list[str]:
    named = [{getattr(clip, attribute) for clip in clips} for clips in splits]
    return sorted(set.intersection(*named)) if len(named) > 1 else []


if __name__ == '__main__':
    sys.exit(main())
