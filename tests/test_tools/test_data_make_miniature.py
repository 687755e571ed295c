"""Generated data: layout, strengths, conflicts, determinism."""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from projects.bss.datasets.nvgesture_list import read_list
from tests.data import decode_all, write_small_miniature
from tools.data.nvgesture import make_miniature
from tools.data.nvgesture.make_miniature import Settings, plan_clips

TOOL = Path(make_miniature.__file__)
STRENGTH = dict(rgb=0.5, flow=1.0, depth=0.8)


def settings(**changes: object) -> Settings:
    return Settings(**(dict(seed=0, train=200, test=80, classes=8, size=64, frames=24,
                            strength=STRENGTH, conflict=0.2) | changes))


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob('*')) if path.is_file()}


def test_strengths_are_exact_shares_without_conflicts() -> None:
    clips = plan_clips(settings(conflict=0), 'train')
    for name, share in STRENGTH.items():
        shown = [clip.shown[name] for clip in clips]
        assert sum(label is not None for label in shown) == 200 * share
        assert all(label in (None, clip.label) for label, clip in zip(shown, clips))


def test_conflicts_are_an_exact_share_and_concern_one_modality() -> None:
    clips = plan_clips(settings(), 'test')
    disagreeing = [[name for name, label in clip.shown.items() if label not in (None, clip.label)]
                   for clip in clips]
    assert sorted(map(len, disagreeing)) == [0] * 64 + [1] * 16
    assert {names[0] for names in disagreeing if names} == {'rgb', 'flow', 'depth'}


def test_classes_are_balanced_and_subjects_not_shared() -> None:
    plans = {split: plan_clips(settings(), split) for split in ('train', 'test')}
    assert [np.bincount([clip.label for clip in clips]).tolist() for clips in plans.values()] \
        == [[25] * 8, [10] * 8]
    folders = [clip.folder for clips in plans.values() for clip in clips]
    assert len(set(folders)) == len(folders) == 280
    subjects = [{Path(clip.folder).name.split('_')[0] for clip in clips}
                for clips in plans.values()]
    assert not subjects[0] & subjects[1]


def test_files_hold_what_the_lists_say(miniature_root: Path) -> None:
    truth = json.loads((miniature_root / 'truth.json').read_text())
    for split, count in (('train', 16), ('test', 8)):
        clips = read_list(miniature_root / f'nvgesture_{split}_correct_v2.lst', num_classes=4)
        assert len(clips) == count
        for clip in clips:
            folder = miniature_root / 'Video_data' / clip.folder
            frames = clip.sensors['color']
            assert frames.length == 8 and frames.start >= 2
            assert len(decode_all(folder / 'sk_color.avi')) >= frames.end
            assert len(decode_all(folder / 'sk_depth.avi')) >= frames.end
            flow = np.load(folder / f'flow_{frames.start}_{frames.end}.npy', mmap_mode='r')
            assert (flow.shape, flow.dtype) == ((8, 16, 16, 2), np.uint8)
            assert truth['clips'][clip.folder]['label'] == clip.label
    assert len(truth['clips']) == 24


def test_the_seed_decides_every_byte(tmp_path: Path, miniature_root: Path) -> None:
    same = write_small_miniature(tmp_path / 'same', seed=0)
    assert contents(same) == contents(miniature_root)
    other = write_small_miniature(tmp_path / 'other', seed=1)
    assert contents(other).keys() != contents(miniature_root).keys() \
        or contents(other) != contents(miniature_root)


def test_a_second_run_leaves_the_data_alone(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    root = write_small_miniature(tmp_path / 'mini')
    times = {path: path.stat().st_mtime_ns for path in root.rglob('*')}
    write_small_miniature(root)
    assert {path: path.stat().st_mtime_ns for path in root.rglob('*')} == times
    assert make_miniature.main([str(root), '--seed', '5']) == 2
    assert f'{root} must be absent, empty or a miniature with the same settings' \
        in capsys.readouterr().err


def test_foreign_files_are_not_touched(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for name in ('file', 'folder/notes'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('mine')
        assert make_miniature.main([str(tmp_path / name.split('/')[0])]) == 2
        assert 'but holds something else; remove it' in capsys.readouterr().err
        assert (tmp_path / name).read_text() == 'mine'
    (tmp_path / 'empty').mkdir()
    write_small_miniature(tmp_path / 'empty')
    assert (tmp_path / 'empty' / 'truth.json').is_file()


def test_what_an_interrupted_run_left_is_replaced(tmp_path: Path) -> None:
    left = tmp_path / 'mini.partial' / 'Video_data' / 'class_01'
    left.mkdir(parents=True)
    (left / 'half').touch()
    root = write_small_miniature(tmp_path / 'mini')
    assert not list(root.rglob('half')) and not left.exists()


def test_it_runs_from_any_directory(tmp_path: Path) -> None:
    options = ['--train', '2', '--test', '2', '--classes', '2', '--frames', '4', '--size', '32']
    done = subprocess.run([sys.executable, str(TOOL), 'out', *options], cwd=tmp_path,
                          capture_output=True, text=True, check=True)
    assert done.stdout == 'out holds 2 train and 2 test clips of 2 classes.\n'
    assert len(list((tmp_path / 'out').rglob('sk_depth.avi'))) == 4


@pytest.mark.parametrize('arguments, message', [
    (['--classes', '26'], r'classes must lie in 2..25, got 26'),
    (['--conflict', '1.2'], r'conflict must lie in 0..1, got 1.2'),
    (['--strength', 'rgb=1,flow=1'], 'strength must give each of rgb, flow, depth a share'),
    (['--strength', 'rgb=1,flow=1,depth=2'], 'share in [0, 1]'),
])
def test_arguments_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture, arguments: list,
                               message: str) -> None:
    assert make_miniature.main([str(tmp_path / 'out'), *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


def test_a_malformed_strength_is_explained(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        make_miniature.main(['out', '--strength', 'strong'])
    assert 'must read rgb=..,flow=..,depth=..' in capsys.readouterr().err
