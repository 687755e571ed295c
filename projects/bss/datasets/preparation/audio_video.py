"""Preparation of data sets of sound files and frames that are made from videos."""
from __future__ import annotations

import argparse
import re
from pathlib import Path

from projects.bss.datasets.preparation.command import Preparation
from projects.bss.datasets.preparation.media import Extraction, extract_all

_SUFFIXES = {'.mp4', '.mkv', '.webm', '.avi', '.mov', '.mpg', '.mpeg', '.flv'}
_START, _START_END = re.compile(r'^(.+)_0*(\d+)$'), re.compile(r'^(.+)_\d{6}_\d{6}$')


class ClipPreparation(Preparation):
    """Data set of clips from YouTube, cut before: one raw video each, anywhere below ``--raw``."""

    fps = 1.0

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add arguments of such data sets.

        Args:
            parser: The parser.
        """
        parser.add_argument('--sample-rate', type=int, default=44100,
                            help='samples per second of extracted sound, in Hz (44100)')

    def build(self, args: argparse.Namespace) -> list[str]:
        """Extract sound and frames of all clips whose raw video is there.

        Args:
            args: The parsed command line.

        Returns:
            A sentence for each video that failed.
        """
        videos = find_videos(args.raw) if args.raw else {}
        jobs = {}
        for reader in self.read_splits(args).values() if videos else ():
            for position in range(len(reader)):
                record = reader.get_data_info(position)
                video = videos.get(record['clip_id'])
                if video:
                    streams = record['modalities']
                    jobs[record['clip_id']] = Extraction(
                        video, frames=Path(streams['video']['path']), fps=self.fps,
                        sound=Path(streams['audio']['path']), sample_rate=args.sample_rate)
        return extract_all(list(jobs.values()), args.workers)


def find_videos(folder: Path) -> dict[str, Path]:
    """Find the videos below a folder under every name that lists use for them.

    Args:
        folder: The folder.

    Returns:
        Clip -> video. The clip of ``<id>_000010_000020.mp4`` is found under this name and under
        ``<id>``, that of ``<id>_000030.mp4`` under this name and ``<id>_30``.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob('*')):
        if path.suffix.lower() in _SUFFIXES:
            names = [path.stem]
            names += [match[1] for match in [_START_END.match(path.stem)] if match]
            names += [f'{match[1]}_{match[2]}' for match in [_START.match(path.stem)] if match]
            for name in names:
                found.setdefault(name, path)
    return found


def youtube_id(clip: str) -> str:
    """Name the recording that a clip is cut from.

    Args:
        clip: ``<id>``, ``<id>_<start>`` or ``<id>_<start>_<end>``; the id has 11 characters.

    Returns:
        The id.
    """
    return clip[:11]
