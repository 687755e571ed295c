"""Frames and sound of raw videos, written so that a file is whole or absent."""
from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import soundfile

from projects.bss.datasets.errors import UnreadableSampleError
from projects.bss.datasets.preparation.workers import in_processes
from projects.bss.datasets.video import open_video

JPEG_QUALITY = 95


@dataclass(frozen=True)
class Extraction:
    """What is made of one raw video.

    Args:
        video: The video file.
        frames: Folder of the frames to be made, or None.
        sound: Wav file to be made, or None.
        fps: Frames per second to keep, > 0.
        sample_rate: Samples per second of the sound, in Hz.
    """

    video: Path
    frames: Path | None = None
    sound: Path | None = None
    fps: float = 1.0
    sample_rate: int = 44100

    @property
    def done(self) -> bool:
        """Whether everything is there already."""
        return all(target.exists() for target in (self.frames, self.sound) if target)

    def run(self) -> str:
        """Make what is not there yet.

        Returns:
            An empty string, or a sentence that says why it failed.
        """
        try:
            if self.frames and not self.frames.exists():
                extract_frames(self.video, self.frames, self.fps)
            if self.sound and not self.sound.exists():
                extract_sound(self.video, self.sound, self.sample_rate)
        except (UnreadableSampleError, OSError, cv2.error) as error:
            return str(error)
        return ''


def extract_all(extractions: Sequence[Extraction], workers: int) -> list[str]:
    """Make what is not there yet of many videos.

    Args:
        extractions: What to make.
        workers: Number of processes, at least 1.

    Returns:
        A sentence for each failure.
    """
    pending = [extraction for extraction in extractions if not extraction.done]
    results = in_processes(Extraction.run, pending, workers, 'extraction')
    return [failure for failure in results if failure]


def extract_frames(video: Path, folder: Path, fps: float) -> int:
    """Write frames of a video as ``00001.jpg``, ``00002.jpg``, ...

    Frame k is the one nearest to k / fps seconds; the first frame is always kept.

    Args:
        video: The video file.
        folder: Folder to be made; it appears when all frames are written.
        fps: Frames per second to keep, > 0.

    Returns:
        Number of frames written.

    Raises:
        UnreadableSampleError: If the video cannot be opened or no frame can be decoded.
    """
    with whole(folder) as partial:
        partial.mkdir()
        written = 0
        for written, frame in enumerate(_kept_frames(video, fps), start=1):
            cv2.imwrite(str(partial / f'{written:05d}.jpg'), frame,
                        [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if not written:
            raise UnreadableSampleError(f'{video} holds no frame that can be decoded.')
    return written


def extract_sound(video: Path, path: Path, sample_rate: int) -> None:
    """Write the sound of a video as 16-bit wav with one channel.

    Of two channels the sum over the square root of two is kept, divided by its peak if that is
    above 1.

    Args:
        video: The video file.
        path: Wav file to be made; it appears when it is complete.
        sample_rate: Samples per second, in Hz.

    Raises:
        UnreadableSampleError: If the video has no sound that can be decoded.
    """
    import decord
    try:
        # With mono=False decord 0.6 returns samples of foreign memory.
        sound = decord.AudioReader(str(video), ctx=decord.cpu(0), sample_rate=sample_rate,
                                   mono=True)[:].asnumpy()[0]
    except (decord.DECORDError, RuntimeError) as error:
        raise UnreadableSampleError(f'{video} has no sound that can be decoded.') from error
    if not sound.size:
        raise UnreadableSampleError(f'{video} has no sound (0 samples).')
    with whole(path) as partial:
        soundfile.write(partial, sound / max(1.0, float(np.abs(sound).max())), sample_rate,
                        subtype='PCM_16', format='WAV')


def place(source: Path, target: Path, copy: bool = False) -> None:
    """Put a file or folder of the raw download into the data root, unless it is there.

    Args:
        source: The file or folder; nothing happens if it does not exist.
        target: Where it belongs.
        copy: Whether to copy it instead of linking.
    """
    if target.exists() or not source.exists():
        return
    with whole(target) as partial:
        if not copy:
            partial.symlink_to(source.resolve())
        elif source.is_dir():
            shutil.copytree(source, partial)
        else:
            shutil.copyfile(source, partial)


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """Let a file or folder appear under its name only when it is complete.

    Args:
        target: The file or folder; missing parents are made.

    Yields:
        A name beside it, where nothing exists, to write to.
    """
    partial = target.with_name(f'{target.name}.partial')
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove(partial)
    try:
        yield partial
        partial.replace(target)
    finally:
        _remove(partial)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def _kept_frames(video: Path, fps: float) -> Iterator[np.ndarray]:
    capture = open_video(str(video))
    rate = capture.get(cv2.CAP_PROP_FPS) or fps
    kept = position = 0
    try:
        while capture.grab():
            if position == round(kept * rate / fps):
                decoded, frame = capture.retrieve()
                if decoded:
                    yield frame
                kept += 1
            position += 1
    finally:
        capture.release()
