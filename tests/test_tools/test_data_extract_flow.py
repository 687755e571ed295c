"""Extraction of optical flow."""
from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from projects.bss.datasets import NVGestureDataset
from projects.bss.datasets.nvgesture_list import read_list
from tests.data import decode_all
from tools.data.nvgesture import extract_flow

TOOL = Path(extract_flow.__file__)
TRAIN = 'nvgesture_train_correct_v2.lst'


@pytest.fixture
def root(tmp_path: Path, miniature_root: Path) -> Path:
    """The miniature without its flow."""
    own = Path(shutil.copytree(miniature_root, tmp_path / 'own'))
    for path in [*own.rglob('flow_*.npy'), *own.rglob('flow_settings.json')]:
        path.unlink()
    return own


def run(root: Path, *arguments: str) -> int:
    return extract_flow.main([str(root), '--size', '32', '--workers', '1', *arguments])


def test_flow_is_that_of_the_window(root: Path, capsys: pytest.CaptureFixture) -> None:
    assert run(root) == 0
    assert '24 of 24 clips have flow, 0 failed.' in capsys.readouterr().out
    clip = read_list(root / TRAIN)[4]
    folder, frames = root / 'Video_data' / clip.folder, clip.sensors['color']
    stored = np.load(folder / f'flow_{frames.start}_{frames.end}.npy', mmap_mode='r')
    gray = [cv2.resize(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), (32, 32))
            for frame in decode_all(folder / 'sk_color.avi')[frames.start:frames.end]]
    assert (stored.shape, stored.dtype) == ((8, 32, 32, 2), np.uint8)
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    for index in (0, 3, 6):
        flow = dis.calc(gray[index], gray[index + 1], None).astype(np.float64)
        expected = np.floor((np.clip(flow, -20, 20) + 20) * 6.375 + 0.5)
        np.testing.assert_array_equal(stored[index], expected)
    np.testing.assert_array_equal(stored[7], stored[6])
    dataset = NVGestureDataset(data_root=str(root), ann_file=TRAIN, num_classes=4)
    assert len(dataset) == 16


@pytest.mark.parametrize('method', ['dis', 'tvl1'])
def test_methods_measure_a_known_shift(method: str) -> None:
    if method == 'tvl1' and not hasattr(getattr(cv2, 'optflow', None),
                                        'DualTVL1OpticalFlow_create'):
        with pytest.raises(ValueError, match='method tvl1 needs opencv-contrib-python'):
            extract_flow.make_method('tvl1')
        return
    noise = np.random.default_rng(0).uniform(0, 255, (20, 20)).astype(np.float32)
    picture = cv2.resize(noise, (80, 80), interpolation=cv2.INTER_CUBIC).clip(0, 255)
    frames = np.stack([picture[8:72, 8 - 3 * t:72 - 3 * t] for t in range(3)]).astype(np.uint8)
    flow = extract_flow.compute_flow(frames, extract_flow.make_method(method))
    assert flow.shape == (3, 64, 64, 2)
    inner = np.median(flow[:, 16:-16, 16:-16], axis=(1, 2))
    np.testing.assert_allclose(inner, [[3, 0]] * 3, atol=0.3)


def test_a_single_frame_has_no_motion() -> None:
    flow = extract_flow.compute_flow(np.ones((1, 4, 5), np.uint8), extract_flow.make_method('dis'))
    np.testing.assert_array_equal(flow, np.zeros((1, 4, 5, 2)))


def test_missing_opencv_contrib_is_explained(root: Path, monkeypatch: pytest.MonkeyPatch,
                                             capsys: pytest.CaptureFixture) -> None:
    monkeypatch.delattr(cv2, 'optflow', raising=False)
    assert run(root, '--method', 'tvl1') == 2
    assert 'method tvl1 needs opencv-contrib-python' in capsys.readouterr().err


def test_failures_are_named_and_counted(root: Path, capsys: pytest.CaptureFixture) -> None:
    clips = read_list(root / TRAIN)
    broken = root / 'Video_data' / clips[1].folder / 'sk_color.avi'
    broken.write_bytes(b'no video')
    (root / 'Video_data' / clips[2].folder / 'sk_color.avi').unlink()
    assert run(root) == 1
    captured = capsys.readouterr()
    assert '22 of 24 clips have flow, 2 failed.' in captured.out
    assert f'{broken} cannot be opened as a video.' in captured.err
    assert clips[2].folder in captured.err
    shutil.copy(root / 'Video_data' / clips[0].folder / 'sk_color.avi', broken)
    assert run(root) == 1
    assert '24 clips, 22 done before, 2 to do.' in capsys.readouterr().out


def test_settings_are_not_mixed(root: Path, capsys: pytest.CaptureFixture) -> None:
    assert run(root) == 0
    assert run(root, '--bound', '10') == 2
    error = capsys.readouterr().err
    assert "'bound': 20.0}, not {'method': 'dis', 'size': 32, 'bound': 10.0}" in error


def test_a_killed_run_leaves_only_whole_files_and_is_finished(root: Path) -> None:
    command = [sys.executable, str(TOOL), str(root), '--size', '32', '--workers', '1']
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               start_new_session=True)
    while not list(root.rglob('flow_*.npy')) and process.poll() is None:
        time.sleep(0.005)
    # The workers of the pool too: a killed parent would leave them waiting.
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for path in root.rglob('flow_*.npy'):
        assert np.load(path).shape == (8, 32, 32, 2)
    assert run(root) == 0
    assert len(list(root.rglob('flow_*.npy'))) == 24
    assert not list(root.rglob('*.partial'))


@pytest.mark.parametrize('arguments, message', [
    (('--size', '8'), '--size must be at least 16, got 8'),
    (('--bound', '0'), '--bound must be at least 0.1, got 0.0'),
    (('--workers', '0'), '--workers must be at least 1, got 0'),
])
def test_arguments_are_checked(root: Path, capsys: pytest.CaptureFixture, arguments: tuple,
                               message: str) -> None:
    assert run(root, *arguments) == 2
    assert message in capsys.readouterr().err


def test_a_folder_without_lists_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert run(tmp_path) == 2
    assert f'but {tmp_path} holds none' in capsys.readouterr().err


def test_flow_may_go_elsewhere(root: Path, tmp_path: Path) -> None:
    assert run(root, '--out', str(tmp_path / 'flow')) == 0
    assert not list(root.rglob('flow_*'))
    dataset = NVGestureDataset(data_root=str(root), ann_file=TRAIN, num_classes=4,
                               data_prefix=dict(flow=str(tmp_path / 'flow')))
    assert len(dataset) == 16
