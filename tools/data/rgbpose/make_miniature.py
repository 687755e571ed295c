"""Write a small video and skeleton data set as mmaction2 reads it. ``--help`` shows the options."""
from __future__ import annotations

import argparse
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

SIZE = 64
FRAMES = 24
SPLITS = ('train', 'val')
# COCO's 17 keypoints of a standing figure, x and y as shares of the picture.
STANDING = np.array([
    (.50, .20), (.52, .18), (.48, .18), (.54, .20), (.46, .20), (.58, .32), (.42, .32), (.61, .44),
    (.39, .44), (.62, .56), (.38, .56), (.55, .58), (.45, .58), (.55, .74), (.45, .74), (.55, .90),
    (.45, .90)])
BONES = ((5, 6), (5, 7), (7, 9), (6, 8), (8, 10), (5, 11), (6, 12), (11, 12), (11, 13), (13, 15),
         (12, 14), (14, 16), (0, 5), (0, 6))
# Keypoints that each class moves: left arm, right arm, both arms, left leg.
MOVING = ((7, 9), (8, 10), (7, 8, 9, 10), (13, 15))

DESCRIPTION = """Write videos and a skeleton file in the layout of mmaction2's PoseDataset.

A figure waves its left arm, its right arm, both arms, or its left leg. In a share of the clips
(--conflict) the video shows another class than the skeleton, whose class is the label.
"""


def move(label: int, rng: np.random.Generator) -> np.ndarray:
    """Draw the course of the keypoints of one clip.

    Args:
        label: Class, in [0, 4).
        rng: Source of the phase, the speed and the jitter.

    Returns:
        Pixels (x, y) of each keypoint, shape (FRAMES, 17, 2), float32.
    """
    phase = rng.uniform(0, 2 * np.pi) + rng.uniform(.4, .6) * np.arange(FRAMES)
    points = np.repeat(STANDING[None], FRAMES, axis=0)
    for joint in MOVING[label]:
        points[:, joint, 0] += .12 * np.sin(phase)
        points[:, joint, 1] -= .12 * (1 + np.cos(phase))
    points += rng.normal(0, .01, points.shape) + rng.uniform(-.05, .05, 2)
    return (points * SIZE).clip(0, SIZE - 1).astype(np.float32)


def draw(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a stick figure on a noisy ground.

    Args:
        points: Keypoints of one frame in pixels, shape (17, 2).
        rng: Source of the noise.

    Returns:
        BGR picture, shape (SIZE, SIZE, 3), uint8.
    """
    image = rng.integers(0, 60, (SIZE, SIZE, 3), dtype=np.uint8)
    for start, end in BONES:
        cv2.line(image, points[start].astype(int).tolist(), points[end].astype(int).tolist(),
                 (90, 200, 230), 2)
    return image


def write_clip(folder: Path, name: str, label: int, shown: int,
               rng: np.random.Generator) -> dict[str, Any]:
    """Write the video of one clip.

    Args:
        folder: Folder of the videos.
        name: Name of the clip.
        label: Class of the skeleton.
        shown: Class of the video.
        rng: Source of all that varies within a class.

    Returns:
        Annotation of the clip as mmaction2's skeleton files have it.

    Raises:
        OSError: If the video cannot be written.
    """
    points = move(label, rng)
    seen = points if shown == label else move(shown, rng)
    path = folder / f'{name}.mp4'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'mp4v'), 10, (SIZE, SIZE))
    if not writer.isOpened():
        raise OSError(f'OpenCV cannot write the video {path}: its build lacks the mp4v encoder.')
    for frame in seen:
        writer.write(draw(frame, rng))
    writer.release()
    return dict(frame_dir=name, label=label, img_shape=(SIZE, SIZE), original_shape=(SIZE, SIZE),
                total_frames=FRAMES, keypoint=points[None],
                keypoint_score=np.ones((1, FRAMES, len(STANDING)), np.float32))


def write_miniature(out: Path, clips: Sequence[int], conflict: float, seed: int) -> None:
    """Write ``videos/*.mp4`` and ``annotations.pkl``.

    Args:
        out: Folder to be made; files in it are overwritten.
        clips: Number of clips of each split.
        conflict: Share of clips whose video shows another class, in [0, 1].
        seed: Seed of all random numbers.
    """
    rng = np.random.default_rng(seed)
    videos = out / 'videos'
    videos.mkdir(parents=True, exist_ok=True)
    annotations, split = [], {}
    for part, count in zip(SPLITS, clips):
        split[part] = [f'{part}_{i:03d}' for i in range(count)]
        for i, name in enumerate(tqdm(split[part], desc=f'{part} clips', disable=None)):
            label = i % len(MOVING)
            other = (label + rng.integers(1, len(MOVING))) % len(MOVING)
            shown = other if rng.random() < conflict else label
            annotations.append(write_clip(videos, name, label, int(shown), rng))
    (out / 'annotations.pkl').write_bytes(pickle.dumps(dict(split=split, annotations=annotations)))


def main(argv: Sequence[str] | None = None) -> None:
    """Run the tool.

    Args:
        argv: Arguments; those of the process by default.
    """
    parser = argparse.ArgumentParser(
        description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', metavar='OUT', nargs='?', type=Path, default='data/rgbpose-mini',
                        help='folder to be made (data/rgbpose-mini)')
    parser.add_argument('--train', type=int, default=48, help='training clips (48)')
    parser.add_argument('--val', type=int, default=24, help='validation clips (24)')
    parser.add_argument('--conflict', type=float, default=.2,
                        help='share of clips whose video shows another class (0.2)')
    parser.add_argument('--seed', type=int, default=0, help='seed of all random numbers (0)')
    args = parser.parse_args(argv)
    for name in SPLITS:
        if getattr(args, name) < 1:
            parser.error(f'--{name} must be at least 1, but got {getattr(args, name)}.')
    if not 0 <= args.conflict <= 1:
        parser.error(f'--conflict must lie in [0, 1], but got {args.conflict}.')
    write_miniature(args.out, (args.train, args.val), args.conflict, args.seed)
    print(f'{args.out} holds {args.train} train and {args.val} val clips of {len(MOVING)} classes.')


if __name__ == '__main__':
    sys.exit(main())
