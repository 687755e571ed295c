"""Choice of frames."""
from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from projects.bss.datasets import SampleWindow


def sample(color: tuple[int, int] = (100, 110), flow: tuple[int, int] = (0, 10),
           depth: tuple[int, int] = (103, 113)) -> dict:
    ranges = dict(rgb=(*color, 'color'), flow=(*flow, 'flow'), depth=(*depth, 'gray'))
    return dict(modalities={name: dict(start=start, end=end, format=kind)
                            for name, (start, end, kind) in ranges.items()})


def frames(transform: SampleWindow, results: dict) -> dict[str, list[int]]:
    return {name: numbers.tolist() for name, numbers in transform(results)['frames'].items()}


def test_the_middle_window_is_the_same_for_all() -> None:
    assert frames(SampleWindow(length=4), sample()) == dict(
        rgb=[103, 104, 105, 106], flow=[3, 4, 5, 6], depth=[106, 107, 108, 109])


def test_all_frames() -> None:
    chosen = frames(SampleWindow(length=None), sample())
    assert chosen == dict(rgb=list(range(100, 110)), flow=list(range(10)),
                          depth=list(range(103, 113)))


def test_random_windows_are_aligned_and_reach_both_ends() -> None:
    np.random.seed(0)
    transform, starts = SampleWindow(length=8, random=True), Counter()
    for _ in range(300):
        chosen = frames(transform, sample())
        start = chosen['flow'][0]
        starts[start] += 1
        assert chosen == dict(rgb=list(range(100 + start, 108 + start)),
                              flow=list(range(start, start + 8)),
                              depth=list(range(103 + start, 111 + start)))
    assert set(starts) == {0, 1, 2} and min(starts.values()) > 70


def test_the_same_seed_draws_the_same_window() -> None:
    drawn = []
    for _ in range(2):
        np.random.seed(7)
        drawn.append([frames(SampleWindow(length=3, random=True), sample()) for _ in range(5)])
    assert drawn[0] == drawn[1]


def test_a_short_clip_is_continued_with_its_last_frame() -> None:
    chosen = frames(SampleWindow(length=12, random=True), sample())
    assert chosen['rgb'] == [*range(100, 110), 109, 109]
    assert chosen['flow'] == [*range(10), 9, 9]


def test_a_stream_of_another_rate_is_read_at_the_same_times() -> None:
    chosen = frames(SampleWindow(length=4), sample(depth=(50, 70)))
    assert chosen['depth'] == [56, 58, 60, 62]


def test_unaligned_flow_keeps_all_fields() -> None:
    chosen = frames(SampleWindow(length=4, align_flow=False), sample(flow=(0, 9)))
    assert (chosen['rgb'], chosen['flow']) == ([103, 104, 105, 106], list(range(9)))


def test_streams_without_frames_are_left_alone() -> None:
    results: dict[str, Any] = sample()
    results['modalities'] = dict(text=dict(words='w')) | results['modalities']
    assert list(SampleWindow(length=2)(results)['frames']) == ['rgb', 'flow', 'depth']


def test_the_length_is_checked() -> None:
    with pytest.raises(ValueError, match='length must be at least 1 frame .*, got 0'):
        SampleWindow(length=0)
