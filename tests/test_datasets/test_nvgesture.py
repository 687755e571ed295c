"""NVGesture in its native layout."""
from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.registry import DATASETS

from projects.bss.datasets import NVGestureDataset, UnreadableSampleError
from projects.bss.datasets.nvgesture_list import read_list
from tests.data import write_small_miniature

TRAIN = 'nvgesture_train_correct_v2.lst'
PIPELINE = [dict(type='SampleWindow', length=None), dict(type='SampleCrop', resize=32, size=32),
            dict(type='LoadClip'), dict(type='PackMultiModalInputs')]


def build(root: Path, **kwargs: Any) -> NVGestureDataset:
    return DATASETS.build(dict(type='NVGestureDataset', data_root=str(root), **(
        dict(ann_file=TRAIN, num_classes=4, pipeline=PIPELINE) | kwargs)))


@pytest.fixture
def own_root(tmp_path: Path, miniature_root: Path) -> Path:
    return Path(shutil.copytree(miniature_root, tmp_path / 'own'))


def test_records_hold_what_the_list_says(miniature_root: Path) -> None:
    record = build(miniature_root).get_data_info(5)
    clip = read_list(miniature_root / TRAIN)[5]
    start, end = clip.sensors['color'].start, clip.sensors['color'].end
    folder = miniature_root / 'Video_data' / clip.folder
    assert record == dict(clip_id=clip.folder, gt_label=clip.label, sample_idx=5, modalities=dict(
        rgb=dict(path=f'{folder}/sk_color.avi', format='color', start=start, end=end),
        flow=dict(path=f'{folder}/flow_{start}_{end}.npy', format='flow', start=0,
                  end=end - start, layout='THWC'),
        depth=dict(path=f'{folder}/sk_depth.avi', format='gray', start=start, end=end)))


def test_a_sample_has_label_index_and_streams_in_order(miniature_root: Path) -> None:
    dataset = build(miniature_root, modalities=('depth', 'rgb'))
    sample = dataset[7]
    assert list(sample['inputs']) == ['depth', 'rgb']
    assert sample['data_samples'].gt_labels.item.tolist() == [1]
    assert sample['data_samples'].sample_idx == 7
    assert sample['data_samples'].clip_id == dataset.get_data_info(7)['clip_id']


def test_real_layout_is_read_whole(nvgesture_mini_root: Path) -> None:
    pipeline = [dict(type='SampleWindow', length=None), dict(type='SampleCrop'),
                dict(type='LoadClip'), dict(type='PackMultiModalInputs')]
    sample = build(nvgesture_mini_root, num_classes=25, pipeline=pipeline)[3]
    assert {name: tuple(clip.shape) for name, clip in sample['inputs'].items()} == dict(
        rgb=(3, 80, 224, 224), flow=(2, 80, 224, 224), depth=(1, 80, 224, 224))
    assert all(clip.float().std() > 3 for clip in sample['inputs'].values())


def test_flow_of_the_position_layout_goes_by_the_unfiltered_list(own_root: Path) -> None:
    folder = own_root / 'Video_data' / 'flow_data' / 'train'
    folder.mkdir(parents=True)
    for position in range(16):
        np.save(folder / f'{position}.npy', np.full((32, 32, 2, 8), position, np.float32))
    gone = build(own_root).get_data_info(2)['modalities']['rgb']['path']
    Path(gone).unlink()
    dataset = build(own_root, flow_layout='position', split='train', on_error='skip')
    assert len(dataset) == 15
    flow = dataset[2]['inputs']['flow']
    # The third sample left is the fourth of the list: 3 pixels are stored as 127.5 + 3 * 6.375.
    assert (flow == 147).all()


def test_flow_may_lie_elsewhere(own_root: Path, tmp_path: Path) -> None:
    shutil.move(own_root / 'Video_data', tmp_path / 'videos')
    shutil.copytree(tmp_path / 'videos', tmp_path / 'flow')
    prefix = dict(video=str(tmp_path / 'videos'), flow=str(tmp_path / 'flow'))
    streams = build(own_root, data_prefix=prefix).get_data_info(0)['modalities']
    assert streams['depth']['path'].startswith(f'{tmp_path}/videos/class_01')
    assert streams['flow']['path'].startswith(f'{tmp_path}/flow/class_01')


def test_a_missing_set_names_source_and_substitute(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as error:
        build(tmp_path / 'nvgesture')
    message = str(error.value)
    assert f"cannot find its annotation list '{tmp_path}/nvgesture/{TRAIN}'" in message
    assert 'NVGesture is obtained from NVIDIA' in message
    assert 'python tools/data/nvgesture/make_miniature.py data/nvgesture-mini' in message


def test_missing_flow_names_the_extraction(own_root: Path) -> None:
    for path in own_root.rglob('flow_*.npy'):
        path.unlink()
    command = f'`python tools/data/nvgesture/extract_flow.py {own_root}`'
    with pytest.raises(FileNotFoundError, match=f"'flow' are computed with {command}"):
        build(own_root)
    assert len(build(own_root, modalities=('rgb', 'depth'))) == 16


@pytest.mark.parametrize('damage', [b'', b'no video at all' * 50])
def test_a_corrupt_video_is_named_or_replaced(own_root: Path, damage: bytes) -> None:
    path = Path(build(own_root).get_data_info(3)['modalities']['depth']['path'])
    path.write_bytes(damage)
    with pytest.raises(UnreadableSampleError, match=rf'Sample 3 .*{path} cannot be opened'):
        build(own_root)[3]
    sample = build(own_root, on_error='skip')[3]['data_samples']
    assert sample.sample_idx == 4
    assert sample.clip_id == build(own_root).get_data_info(4)['clip_id']


def test_a_truncated_flow_file_is_named(own_root: Path) -> None:
    path = Path(build(own_root).get_data_info(0)['modalities']['flow']['path'])
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UnreadableSampleError, match=f'{path} cannot be read as an array'):
        build(own_root)[0]


def test_classes_follow_their_number(miniature_root: Path) -> None:
    assert build(miniature_root).metainfo['classes'] == (
        'gesture 01', 'gesture 02', 'gesture 03', 'gesture 04')
    assert len(build(miniature_root, num_classes=25).metainfo['classes']) == 25
    with pytest.raises(ValueError, match=r"lst, line 13: label must .* 1\.\.3, got '4'"):
        build(miniature_root, num_classes=3)


def test_classes_without_a_clip_are_logged(miniature_root: Path,
                                           log: pytest.LogCaptureFixture) -> None:
    build(miniature_root, num_classes=6)
    assert 'has no clip of 2 of the 6 classes (labels 5, 6)' in log.text


@pytest.mark.parametrize('arguments, message', [
    (dict(modalities=('rgb', 'audio')), r"modalities must be among .*, got \['audio'\]"),
    (dict(flow_layout='list'), "flow_layout must be one of .*, got 'list'"),
    (dict(flow_layout='position'), 'needs split to be one of .*, got None'),
    (dict(modalities=('duo_left',)), "clip 'class_01/.*' has no sensor 'duo_left'"),
])
def test_arguments_are_checked(miniature_root: Path, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(miniature_root, **arguments)


def test_the_fingerprint_is_that_of_the_lists(tmp_path: Path, miniature_root: Path) -> None:
    same = write_small_miniature(tmp_path / 'same')
    other = write_small_miniature(tmp_path / 'other', seed=1)
    fingerprint = build(miniature_root).fingerprint()
    assert build(same).fingerprint() == fingerprint
    assert build(other).fingerprint() != fingerprint
