"""What the sets of sound and frames have in common: which clips belong to them."""
from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from mmengine.registry import DATASETS

from projects.bss.datasets import UnreadableSampleError
from tests.native_audio_video import write_kinetics_sounds

PIPELINE = [dict(type='LoadAudio', sample_rate=8000, seconds=0.5),
            dict(type='LoadImages', num_frames=3), dict(type='PackMultiModalInputs')]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_kinetics_sounds(tmp_path / 'ks')


def build(root: Path, **kwargs: Any) -> Any:
    return DATASETS.build(dict(type='KineticsSoundsDataset', data_root=str(root), **(dict(
        ann_file='annotations/train.csv', pipeline=PIPELINE, serialize_data=False) | kwargs)))


def ids(dataset: Any) -> list[str]:
    return [dataset.get_data_info(index)['clip_id'] for index in range(len(dataset))]


def frames(root: Path, index: int) -> Path:
    return root / f'train_img/Image-01-FPS/-kstrain{index}_000010_000020'


def cut_frames(folder: Path, count: int) -> None:
    """Put a folder with the first frames only in place of one that may be a link."""
    files = sorted(folder.iterdir())[:count]
    folder.rename(folder.with_name('.whole'))
    folder.mkdir()
    for file in files:
        shutil.copy(folder.with_name('.whole') / file.name, folder / file.name)


@pytest.mark.parametrize('modalities', [('audio', 'video'), ('audio', ), ('video', )])
def test_short_clips_are_no_part_of_the_set(root: Path, modalities: tuple[str, ...],
                                            log: pytest.LogCaptureFixture) -> None:
    everything = ids(build(root))
    cut_frames(frames(root, 2), 3)
    assert ids(build(root, modalities=modalities)) == everything[:2] + everything[3:]
    assert ('KineticsSoundsDataset leaves out 1 of 6 clips with fewer than 4 frames: '
            '-kstrain2_000010_000020.') in log.text
    assert ids(build(root, modalities=modalities, min_frames=3)) == everything


def test_a_set_of_short_clips_only_is_refused(root: Path) -> None:
    with pytest.raises(ValueError, match='All 6 clips of Kinetics.* fewer than min_frames = 13'):
        build(root, min_frames=13)


def test_missing_files_go_by_the_policy(root: Path) -> None:
    everything = ids(build(root))
    frames(root, 0).rename(root / 'elsewhere')
    (root / 'train_wav/-kstrain1_000010_000020.wav').unlink()
    command = f'python tools/data/kinetics_sounds/prepare.py {root}'
    with pytest.raises(FileNotFoundError, match=f'computed with `{command}`'):
        build(root)
    assert ids(build(root, on_error='skip')) == everything[2:]
    assert ids(build(root, modalities=('audio', ), on_error='skip')) == [everything[0],
                                                                         *everything[2:]]


def test_a_clip_without_sound_may_stay_with_its_frames(root: Path) -> None:
    (root / 'train_wav/-kstrain1_000010_000020.wav').unlink()
    sample = build(root, on_error='mask')[1]
    assert sample['data_samples'].absent == ('audio', )
    assert sample['inputs']['audio'].shape == (4000, ) and not sample['inputs']['audio'].any()
    assert sample['inputs']['video'].any()


def test_a_corrupt_sound_stops_or_is_replaced(root: Path) -> None:
    path = root / 'train_wav/-kstrain1_000010_000020.wav'
    path.unlink()
    path.write_bytes(b'RIFF of nothing')
    with pytest.raises(UnreadableSampleError, match=f'Sample 1 .*{path} cannot be opened as sound'):
        build(root)[1]
    assert build(root, on_error='skip')[1]['data_samples'].sample_idx == 2


def test_a_sample_is_packed(root: Path) -> None:
    dataset = build(root, modalities=('video', 'audio'))
    sample = dataset[1]
    assert {name: tuple(x.shape) for name, x in sample['inputs'].items()} == dict(
        video=(3, 3, 72, 72), audio=(4000, ))
    assert list(sample['inputs']) == ['video', 'audio']
    assert sample['data_samples'].gt_labels.item.tolist() == [2]
    assert list(build(root, modalities=('audio', ))[1]['inputs']) == ['audio']


@pytest.mark.parametrize('arguments, message', [
    (dict(modalities=('audio', 'rgb')), r"modalities must be among .* got \['rgb'\]"),
    (dict(min_frames=0), 'min_frames must be at least 1, got 0'),
])
def test_arguments_are_checked(root: Path, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(root, **arguments)
