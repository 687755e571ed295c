"""Inspection of streams, its memory, and its processes."""
from __future__ import annotations

import json
import os
import shutil
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile

from projects.bss.datasets import AVMNISTDataset, CREMADDataset
from projects.bss.datasets.preparation import unchecked
from projects.bss.datasets.preparation.checks import check_stream
from projects.bss.datasets.preparation.inspection import Inspector
from projects.bss.datasets.preparation.workers import in_processes
from tests.native_audio_video import write_cremad, write_frames, write_sound
from tests.native_tables import write_avmnist


@pytest.fixture(scope='module')
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cremad(tmp_path_factory.mktemp('data') / 'cremad')


@pytest.fixture
def root(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / 'cremad'))


def reader(root: Path) -> CREMADDataset:
    return unchecked(CREMADDataset)(data_root=str(root), ann_file='annotations/train.csv')


def inspect(root: Path, workers: int = 1) -> list:
    return Inspector(root / 'memory.jsonl', workers).inspect(reader(root), 'train')


def kinds(stream: dict) -> list[str]:
    return [kind for kind, _ in check_stream(stream).faults]


def test_missing_unreadable_and_silent_streams(tmp_path: Path) -> None:
    write_sound(tmp_path / 'fine.wav')
    soundfile.write(tmp_path / 'silent.wav', np.zeros(800), 8000)
    (tmp_path / 'broken.wav').write_bytes(b'RIFFxxxxWAVE')
    write_frames(tmp_path / 'frames', 3)
    shutil.copytree(tmp_path / 'frames', tmp_path / 'torn')
    whole = (tmp_path / 'frames/00002.jpg').read_bytes()
    (tmp_path / 'torn/00002.jpg').write_bytes(whole[:len(whole) // 2])
    (tmp_path / 'empty').mkdir()
    expected = dict(audio={'fine.wav': [], 'silent.wav': ['silent'], 'broken.wav': ['unreadable'],
                           'gone.wav': ['missing']},
                    frames=dict(frames=[], torn=['unreadable'], empty=['unreadable'],
                                gone=['missing']),
                    image={'frames/00001.jpg': [], 'torn/00002.jpg': ['unreadable']})
    assert expected == {form: {name: kinds(dict(path=str(tmp_path / name), format=form))
                               for name in names} for form, names in expected.items()}


def test_streams_without_a_file() -> None:
    assert kinds(dict(format='text', text=' \n')) == ['missing']
    assert kinds(dict(format='text', text='so')) == []
    assert kinds(dict(format='vector', values=[0, 1])) == []
    assert kinds(dict(format='vector', values=[0, 1], absent=True)) == ['missing']
    digests = {check_stream(dict(format='text', text=text)).digest for text in ('a', 'b', 'a')}
    assert len(digests) == 2


def test_images_of_one_file_have_digests_of_their_own(tmp_path: Path) -> None:
    root = write_avmnist(tmp_path / 'avmnist', 6, 2, 2)
    dataset = AVMNISTDataset(data_root=str(root), serialize_data=False)
    streams = [dataset.get_data_info(i)['modalities']['image'] for i in range(6)]
    assert len({check_stream(stream).digest for stream in streams}) == 6
    assert kinds(dict(streams[0], index=10 ** 6)) == ['unreadable']


def test_nothing_is_read_twice_unless_it_changed(root: Path) -> None:
    first = inspect(root)
    assert [len(item) for item in first] == [2] * 4
    lines = (root / 'memory.jsonl').read_text().splitlines()
    assert len(lines) == 8
    # What stands in the memory is taken for true.
    key, digest, faults = json.loads(lines[0])
    (root / 'memory.jsonl').write_text('\n'.join([json.dumps([key, 'remembered', faults]),
                                                  *lines[1:]]) + '\n')
    assert inspect(root)[0]['audio'].digest == 'remembered'
    clip = reader(root).get_data_info(0)['clip_id']
    os.utime(root / 'AudioWAV' / f'{clip}.wav', (1, 1))
    assert inspect(root)[0]['audio'].digest == digest
    frame = root / 'Image-01-FPS' / clip / '00001.jpg'
    cv2.imwrite(str(frame), 255 - cv2.imread(str(frame)))
    assert inspect(root)[0]['video'].digest != first[0]['video'].digest
    assert len((root / 'memory.jsonl').read_text().splitlines()) == 10


def test_what_is_missing_is_not_remembered(root: Path) -> None:
    clip = reader(root).get_data_info(0)['clip_id']
    sound = root / 'AudioWAV' / f'{clip}.wav'
    content = sound.read_bytes()
    sound.unlink()
    assert inspect(root)[0]['audio'].faults == (('missing', f'{sound} does not exist.'),)
    sound.write_bytes(content)
    assert inspect(root)[0]['audio'].faults == ()


def test_an_unfinished_line_of_the_memory_is_dropped(root: Path) -> None:
    expected = inspect(root)
    memory = root / 'memory.jsonl'
    text = memory.read_text()
    memory.write_text(text[:-10])
    assert inspect(root) == expected
    assert sorted(memory.read_text().splitlines()) == sorted(text.splitlines())


def test_processes_give_what_one_gives(root: Path) -> None:
    alone = inspect(root)
    (root / 'memory.jsonl').unlink()
    assert inspect(root, workers=2) == alone


def test_results_come_in_the_order_of_the_items() -> None:
    square = partial(pow, exp=2)
    assert list(in_processes(square, list(range(40)), 3, 'numbers')) == [n * n for n in range(40)]
    assert list(in_processes(square, [], 3, 'numbers')) == []
