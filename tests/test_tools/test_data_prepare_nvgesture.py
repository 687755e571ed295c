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
from projects.bss.datasets.preparation import checks
from tests.data import write_numbered_video
from tools.data.nvgesture import prepare

TRAIN = 'nvgesture_train_correct_v2.lst'


@pytest.fixture
def root(tmp_path: Path, miniature_root: Path) -> Path:
    return Path(shutil.copytree(miniature_root, tmp_path / 'own'))


def run(root: Path, *arguments: str) -> tuple[int, dict]:
    status = prepare.main([str(root), '--num-classes', '4', '--workers', '1', *arguments])
    return status, json.loads((root / 'manifest.json').read_text())


def test_a_whole_copy(root: Path, capsys: pytest.CaptureFixture) -> None:
    status, manifest = run(root, '--full-decode')
    assert status == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith('train '))
    assert row.split() == ['train', '16', '1050', '0', '0', '0', '0', '0', '0', '0']
    train, test = manifest['splits']['train'], manifest['splits']['test']
    assert (train['items'], train['paper_items']) == (16, 1050)
    assert (test['items'], test['paper_items']) == (8, 482)
    assert train['classes'] == {f'gesture 0{number}': 4 for number in range(1, 5)}
    assert train['sources'] == ['subject1', 'subject2', 'subject3', 'subject4']
    assert test['sources'] == ['subject10', 'subject9']
    assert train['sha256'] == hashlib.sha256((root / TRAIN).read_bytes()).hexdigest()
    dataset = NVGestureDataset(data_root=str(root), ann_file=TRAIN, num_classes=4)
    assert train['fingerprint'] == dataset.fingerprint()
    assert [train[kind] for kind in ('missing', 'unreadable', 'short', 'seek')] == [{}] * 4
    assert train['listed_twice'] == train['duplicates'] == []
    assert manifest['protocols']['paper'] == dict(
        splits=['train', 'test'], shared_sources=[], shared_items=[],
        shared_content=dict(rgb=[], flow=[], depth=[]))


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
    assert report['missing'] == {clips[0].folder: [f'{folders[0]}/sk_depth.avi does not exist.']}
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
    assert manifest['splits']['train']['listed_twice'] == [folder]
    assert manifest['splits']['test']['listed_twice'] == []
    shared = manifest['protocols']['paper']
    assert shared['shared_items'] == [folder]
    assert shared['shared_sources'] == ['subject1']
    pair = [[f'test/{folder}', f'train/{folder}']]
    assert shared['shared_content'] == dict(rgb=pair, flow=pair, depth=pair)


def test_wrong_seeking_is_found(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = checks.decode_frames
    monkeypatch.setattr(checks, 'decode_frames',
                        lambda path, numbers: real(path, numbers - (numbers[0] > 0)))
    record = NVGestureDataset(data_root=str(root), ann_file=TRAIN,
                              num_classes=4).get_data_info(0)
    stream = record['modalities']['rgb']
    report = checks.check_stream(stream, full_decode=True)
    assert report.faults == (
        ('seek', f'{stream["path"]}: seeking does not lead to frame {stream["start"]}.'),)


def test_errors_are_sentences(tmp_path: Path, root: Path, capsys: pytest.CaptureFixture) -> None:
    assert prepare.main([str(tmp_path / 'nowhere')]) == 2
    assert 'DATA_ROOT must hold the lists of NVGesture' in capsys.readouterr().err
    assert prepare.main([str(root), '--num-classes', '3']) == 2
    assert 'line 13: label must be a whole number in 1..3' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        prepare.main([str(root), '--workers', '0'])
    assert '--workers must be at least 1, got 0' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        prepare.main([str(root), '--raw', 'gone'])
    assert '--raw must be the folder of the raw download' in capsys.readouterr().err
