"""The manifest of a copy of NVGesture."""
from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from projects.bss.datasets import NVGestureDataset
from projects.bss.datasets.nvgesture_list import read_list
from tests.data import write_numbered_video
from tools.data.nvgesture import make_manifest

TRAIN = 'nvgesture_train_correct_v2.lst'


@pytest.fixture
def root(tmp_path: Path, miniature_root: Path) -> Path:
    return Path(shutil.copytree(miniature_root, tmp_path / 'own'))


def run(root: Path, *arguments: str) -> tuple[int, dict]:
    status = make_manifest.main([str(root), '--num-classes', '4', '--workers', '1', *arguments])
    return status, json.loads((root / 'manifest.json').read_text())


def test_a_whole_copy(root: Path, capsys: pytest.CaptureFixture) -> None:
    status, manifest = run(root, '--full-decode')
    assert status == 0
    assert 'train: 16 clips (1050 in the paper), 0 missing, 0 unreadable' in capsys.readouterr().out
    train, test = manifest['splits']['train'], manifest['splits']['test']
    assert (train['clips'], train['paper_clips']) == (16, 1050)
    assert (test['clips'], test['paper_clips']) == (8, 482)
    assert train['classes'] == {'1': 4, '2': 4, '3': 4, '4': 4}
    assert train['subjects'] == ['subject1', 'subject2', 'subject3', 'subject4']
    assert test['subjects'] == ['subject10', 'subject9']
    assert train['sensors'] == dict(depth=16, color=16)
    assert train['sha256'] == hashlib.sha256((root / TRAIN).read_bytes()).hexdigest()
    dataset = NVGestureDataset(data_root=str(root), ann_file=TRAIN, num_classes=4)
    assert train['fingerprint'] == dataset.fingerprint()
    assert [train[kind] for kind in ('missing', 'unreadable', 'short', 'seek')] == [{}] * 4
    assert manifest['shared_subjects'] == manifest['shared_clips'] == train['duplicates'] == []


@pytest.mark.parametrize('options', [(), ('--full-decode',)])
def test_faults_are_named_by_clip(root: Path, options: tuple) -> None:
    clips = read_list(root / TRAIN)
    folders = [root / 'Video_data' / clip.folder for clip in clips]
    (folders[0] / 'sk_depth.avi').unlink()
    (folders[1] / 'sk_color.avi').write_bytes(b'no video')
    flow = next(folders[2].glob('flow_*.npy'))
    np.save(flow, np.load(flow)[:6])
    write_numbered_video(folders[3] / 'sk_depth.avi', 4 + clips[3].sensors['depth'].end - 8)
    status, manifest = run(root, *options)
    report = manifest['splits']['train']
    assert status == 1
    assert report['missing'] == {clips[0].folder: [f'{folders[0]}/sk_depth.avi']}
    assert report['unreadable'] == {
        clips[1].folder: [f'{folders[1]}/sk_color.avi cannot be opened as a video.']}
    assert report['short'] == {
        clips[2].folder: [f'{flow} lacks 2 of its frames up to 7.'],
        clips[3].folder: [f'{folders[3]}/sk_depth.avi lacks 4 of its frames up to '
                          f'{clips[3].sensors["depth"].end - 1}.']}


def test_far_too_short_is_unreadable(root: Path) -> None:
    text = (root / TRAIN).read_text()
    end = read_list(root / TRAIN)[0].sensors['depth'].end
    first, rest = text.split('\n', 1)
    (root / TRAIN).write_text(first.replace(f':{end}', f':{end + 20}') + '\n' + rest)
    status, manifest = run(root, '--modalities', 'depth')
    assert status == 1
    assert 'of its frames up to' in str(manifest['splits']['train']['unreadable'])


def test_clips_in_both_splits_and_twice_in_one_are_named(root: Path) -> None:
    line = (root / TRAIN).read_text().splitlines()[0]
    folder = read_list(root / TRAIN)[0].folder
    for split in ('train', 'test'):
        with (root / f'nvgesture_{split}_correct_v2.lst').open('a') as file:
            file.write(f'{line}\n')
    manifest = run(root)[1]
    assert manifest['splits']['train']['duplicates'] == [folder]
    assert manifest['splits']['test']['duplicates'] == []
    assert manifest['shared_clips'] == [folder]
    assert manifest['shared_subjects'] == ['subject1']


def test_wrong_seeking_is_found(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = make_manifest.decode_frames
    monkeypatch.setattr(make_manifest, 'decode_frames',
                        lambda path, numbers: real(path, numbers - (numbers[0] > 0)))
    record = NVGestureDataset(data_root=str(root), ann_file=TRAIN,
                              num_classes=4).get_data_info(0)
    stream = record['modalities']['rgb']
    kind, sentence = make_manifest.check_stream(stream, full_decode=True)
    assert kind == 'seek'
    assert sentence == f'{stream["path"]}: seeking does not lead to frame {stream["start"]}.'


def test_errors_are_sentences(tmp_path: Path, root: Path, capsys: pytest.CaptureFixture) -> None:
    assert make_manifest.main([str(tmp_path / 'nowhere')]) == 2
    assert 'DATA_ROOT must hold the lists of NVGesture' in capsys.readouterr().err
    assert make_manifest.main([str(root), '--num-classes', '3']) == 2
    assert 'line 13: label must be a whole number in 1..3' in capsys.readouterr().err
