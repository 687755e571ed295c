"""Generated hand gestures in colour, depth and optical flow.

Class c moves a hand with 1 + c // 8 fingers along trajectory c % 8.
"""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

MOTIONS = ('left', 'right', 'up', 'down', 'clockwise', 'counter-clockwise', 'push', 'pull')


@dataclass(frozen=True)
class Scene:
    """What is common to the modalities of a clip.

    Attributes:
        start: First frame of the gesture.
        frames: Number of frames of the gesture.
        total: Number of frames of the videos.
        onset: Phase, in shares of the gesture, at which the hand starts to move.
        duration: Share of the gesture during which it moves.
        centre: Where the trajectory lies, x and y in shares of the picture.
        radius: Radius of the palm in shares of the picture.
    """

    start: int
    frames: int
    total: int
    onset: float
    duration: float
    centre: np.ndarray
    radius: float

    def hand(self, motion: str | None, frame: int) -> tuple[np.ndarray, float]:
        """Position and size of the hand.

        Args:
            motion: One of ``MOTIONS``, or None for a resting hand.
            frame: Number of the frame in the video.

        Returns:
            Centre (2,) and palm radius, in shares of the picture.
        """
        phase = ((frame - self.start) / self.frames - self.onset) / self.duration
        offset, scale = trajectory(motion, float(np.clip(phase, 0, 1)))
        return self.centre + offset, self.radius * scale


def trajectory(motion: str | None, phase: float) -> tuple[np.ndarray, float]:
    """Displacement and growth of the hand along a gesture.

    Args:
        motion: One of ``MOTIONS``, or None for rest.
        phase: 0 (before the motion) to 1 (after it).

    Returns:
        Displacement (2,) in shares of the picture, right and down positive, and scale factor.
    """
    across, angle = 0.5 * phase - 0.25, 2 * np.pi * phase
    offsets = dict(left=(-across, 0), right=(across, 0), up=(0, -across), down=(0, across),
                   clockwise=(0.2 * np.cos(angle), 0.2 * np.sin(angle)))
    offsets['counter-clockwise'] = (0.2 * np.cos(angle), -0.2 * np.sin(angle))
    scales = dict(push=0.7 + 0.9 * phase, pull=1.6 - 0.9 * phase)
    return np.array(offsets.get(str(motion), (0, 0)), float), scales.get(str(motion), 1.0)


def draw_scene(rng: np.random.Generator, frames: int) -> Scene:
    """Draw place, time and size of a hand.

    Args:
        rng: Source of the random numbers.
        frames: Number of frames of the gesture.

    Returns:
        The scene; its videos have 2 to 5 frames before the gesture and up to 2 after it.
    """
    start, tail = int(rng.integers(2, 6)), int(rng.integers(0, 3))
    duration = rng.uniform(0.5, 0.8)
    return Scene(start=start, frames=frames, total=start + frames + tail, duration=duration,
                 onset=rng.uniform(0.05, 0.95 - duration), centre=rng.uniform(0.4, 0.6, size=2),
                 radius=rng.uniform(0.11, 0.16))


def draw_colour(rng: np.random.Generator, scene: Scene, shown: int | None,
                size: int) -> np.ndarray:
    """Draw the colour stream: a skin-coloured hand before a textured wall, with camera noise.

    Args:
        rng: Source of the random numbers.
        scene: The clip.
        shown: 0-based class, or None for a resting hand.
        size: Height and width in pixels.

    Returns:
        uint8 (total frames, size, size, 3), BGR.
    """
    wall = _texture(rng, size, 3, mean=80, spread=20)
    skin = np.array([120, 150, 205]) + rng.integers(-30, 31, size=3)
    masks = _masks(scene, shown, size)
    frames = wall + 0.9 * masks[..., None] * (skin - wall)
    return _with_noise(rng, frames, 8)


def draw_depth(rng: np.random.Generator, scene: Scene, shown: int | None,
               size: int) -> np.ndarray:
    """Draw the depth stream: a near hand before a far wall, with sensor noise.

    Args:
        rng: Source of the random numbers.
        scene: The clip.
        shown: 0-based class, or None for a resting hand.
        size: Height and width in pixels.

    Returns:
        uint8 (total frames, size, size, 3), three equal channels.
    """
    wall = _texture(rng, size, 1, mean=70, spread=20)
    masks = _masks(scene, shown, size)
    frames = wall + 0.8 * masks[..., None] * (190 - wall)
    return np.repeat(_with_noise(rng, frames, 12), 3, axis=-1)


def draw_flow(rng: np.random.Generator, scene: Scene, shown: int | None,
              size: int) -> np.ndarray:
    """Draw the flow of the gesture's frames from the known motion, with noise.

    Args:
        rng: Source of the random numbers.
        scene: The clip.
        shown: 0-based class, or None for a resting hand.
        size: Height and width in pixels.

    Returns:
        float32 (frames, size, size, 2): pixels per frame, horizontal component first.
    """
    rows, columns = np.mgrid[:size, :size]
    pixels = np.stack([columns, rows], axis=-1) / size
    masks = _masks(scene, shown, size)[scene.start:scene.start + scene.frames]
    flow = rng.normal(0, 0.4, (scene.frames, size, size, 2))
    for index, mask in enumerate(masks):
        centre, radius = scene.hand(_motion(shown), scene.start + index)
        later, grown = scene.hand(_motion(shown), scene.start + index + 1)
        velocity = later - centre + (pixels - centre) * (grown / radius - 1)
        flow[index] += mask[..., None] * velocity * size
    return flow.astype(np.float32)


def _motion(shown: int | None) -> str | None:
    return None if shown is None else MOTIONS[shown % len(MOTIONS)]


def _masks(scene: Scene, shown: int | None, size: int) -> np.ndarray:
    fingers = 1 if shown is None else 1 + shown // len(MOTIONS)
    masks = np.zeros((scene.total, size, size), np.uint8)
    for frame, mask in enumerate(masks):
        centre, radius = scene.hand(_motion(shown), frame)
        palm = tuple(int(value) for value in np.rint(centre * size))
        cv2.circle(mask, palm, max(1, round(radius * size)), 255, -1)
        for finger in range(fingers):
            angle = np.radians(-90 + 25 * (finger - (fingers - 1) / 2))
            tip = centre + 2.2 * radius * np.array([np.cos(angle), np.sin(angle)])
            cv2.line(mask, palm, tuple(int(value) for value in np.rint(tip * size)), 255,
                     max(1, round(0.45 * radius * size)))
    return masks / np.float32(255)


def _texture(rng: np.random.Generator, size: int, channels: int, mean: float,
             spread: float) -> np.ndarray:
    coarse = rng.normal(mean, spread, (5, 5, channels)).astype(np.float32)
    return cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC).reshape(
        size, size, channels)


def _with_noise(rng: np.random.Generator, frames: np.ndarray, deviation: float) -> np.ndarray:
    total, height, width = frames.shape[:3]
    # A quarter of the resolution: noise of single pixels would fill the disk, not disturb.
    coarse = rng.normal(0, deviation, (total, height // 4, width // 4)).astype(np.float32)
    noise = np.stack([cv2.resize(picture, (width, height)) for picture in coarse])
    return np.clip(np.rint(frames + noise[..., None]), 0, 255).astype(np.uint8)
