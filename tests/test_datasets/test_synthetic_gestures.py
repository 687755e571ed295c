"""Drawing of generated gestures."""
from __future__ import annotations

import numpy as np
import pytest

from projects.bss.datasets.synthetic_gestures import (MOTIONS, draw_colour, draw_depth, draw_flow,
                                                      draw_scene, trajectory)

SIZE = 48


@pytest.mark.parametrize('motion, moves, grows', [
    ('left', (-0.5, 0), 1), ('right', (0.5, 0), 1), ('up', (0, -0.5), 1), ('down', (0, 0.5), 1),
    ('clockwise', (0, 0), 1), ('push', (0, 0), 1.6 / 0.7), ('pull', (0, 0), 0.7 / 1.6),
    (None, (0, 0), 1)])
def test_where_a_gesture_leads(motion: str | None, moves: tuple, grows: float) -> None:
    (first, before), (last, after) = trajectory(motion, 0), trajectory(motion, 1)
    np.testing.assert_allclose(last - first, moves, atol=1e-12)
    assert after / before == pytest.approx(grows)


def test_circles_turn_opposite_ways() -> None:
    quarter = {motion: trajectory(motion, 0.25)[0] - trajectory(motion, 0)[0]
               for motion in ('clockwise', 'counter-clockwise')}
    # Rows grow downwards: from the right of the circle, clockwise leads down.
    np.testing.assert_allclose(quarter['clockwise'], [-0.2, 0.2], atol=1e-12)
    np.testing.assert_allclose(quarter['counter-clockwise'], [-0.2, -0.2], atol=1e-12)


def test_pictures_show_the_hand_where_the_trajectory_leads() -> None:
    rng = np.random.default_rng(0)
    scene = draw_scene(rng, frames=16)
    label = MOTIONS.index('right')
    moving, still = (draw_depth(np.random.default_rng(1), scene, shown, SIZE).astype(float)
                     for shown in (label, None))
    for frame in (0, scene.total - 1):
        difference = np.clip(moving[frame] - still[frame], 0, None)[..., 0]
        column = (difference.sum(0) @ np.arange(SIZE)) / difference.sum() / SIZE
        assert column == pytest.approx(scene.hand('right', frame)[0][0], abs=0.08)


def test_nothing_but_the_hand_tells_the_class_of_a_colour_clip() -> None:
    scene = draw_scene(np.random.default_rng(3), frames=8)
    rest = [draw_colour(np.random.default_rng(4), scene, None, SIZE) for _ in range(2)]
    np.testing.assert_array_equal(rest[0], rest[1])
    assert rest[0].shape == (scene.total, SIZE, SIZE, 3)


@pytest.mark.parametrize('motion, component, sign', [
    ('left', 0, -1), ('right', 0, 1), ('up', 1, -1), ('down', 1, 1)])
def test_flow_is_the_displacement_of_the_hand(motion: str, component: int, sign: int) -> None:
    scene = draw_scene(np.random.default_rng(0), frames=24)
    moving, still = (draw_flow(np.random.default_rng(1), scene, shown, SIZE)
                     for shown in (MOTIONS.index(motion), None))
    velocity = moving - still
    middle = 24 * (scene.onset + scene.duration / 2)
    field = velocity[int(middle)]
    hand = np.abs(field[..., component]) > 1e-6
    per_frame = sign * 0.5 * SIZE / (24 * scene.duration)
    np.testing.assert_allclose(field[hand][:, component], per_frame, rtol=1e-4)
    np.testing.assert_allclose(field[..., 1 - component], 0, atol=1e-5)
    assert not velocity[0].any()


def test_later_classes_have_more_fingers_and_the_same_motion() -> None:
    scene = draw_scene(np.random.default_rng(0), frames=8)
    near = [(draw_depth(np.random.default_rng(1), scene, shown, SIZE)[4] > 135).sum()
            for shown in (0, 8, 16)]
    assert near[0] < near[1] < near[2]
    one, two = (draw_flow(np.random.default_rng(1), scene, shown, SIZE) for shown in (0, 8))
    palm = tuple(np.rint(scene.hand('left', scene.start + 4)[0] * SIZE).astype(int)[::-1])
    np.testing.assert_array_equal(one[4][palm], two[4][palm])
