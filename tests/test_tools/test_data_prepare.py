"""The commands that make and check the data sets."""
from __future__ import annotations

import contextlib
import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from projects.bss.datasets import (AVMNISTDataset, CREMADDataset, KineticsSoundsDataset,
                                   Twitter2015Dataset, VGGSoundDataset)
from projects.bss.datasets.cremad import actor_of
from projects.bss.datasets.preparation import is_held_out, write_held_out
from tests.data import write_numbered_video
from tests.native_audio_video import write_frames, write_kinetics_sounds, write_sound
from tests.native_tables import write_avmnist, write_idx
from tests.native_text_image import write_sarcasm, write_twitter2015
from tests.native_video import write_avi
from tools.data.avmnist import prepare as avmnist
from tools.data.cremad import prepare as cremad
from tools.data.kinetics_sounds import prepare as kinetics_sounds
from tools.data.sarcasm import prepare as sarcasm
from tools.data.twitter2015 import prepare as twitter2015
from tools.data.vggsound import prepare as vggsound

ROOT = Path(__file__).resolve().parents[2]
LISTS = ROOT.parent / 'shared' / 'data' / 'cremad_mini' / 'annotations'
SENTENCES = 'DFA IEO IOM ITH ITS IWL IWW MTI TAI TIE TSI WSI'.split()


def run(main: Callable, root: Path, *arguments: object) -> tuple[int, dict]:
    status = main([str(root), '--workers', '1', *map(str, arguments)])
    return status, json.loads((root / 'manifest.json').read_text())


def write_full_lists(root: Path) -> Path:
    """The lists of CREMA-D: the real ones where they are at hand, else of the same actors."""
    folder = root / 'annotations'
    folder.mkdir(parents=True)
    for split in ('train', 'test'):
        if LISTS.is_dir():
            shutil.copyfile(LISTS / f'full_{split}.csv', folder / f'{split}.csv')
            continue
        clips = [f'{actor}_{sentence}_{emotion}_XX,{emotion}\n' for actor in range(1001, 1092)
                 for emotion in cremad.EMOTIONS
                 for sentence in (SENTENCES[1:] if split == 'train' else SENTENCES[:1])]
        (folder / f'{split}.csv').write_text(''.join(clips))
    return root


class TestCREMAD:

    def test_no_actor_is_in_two_lists_of_protocol_clean(self, tmp_path: Path) -> None:
        folder = write_full_lists(tmp_path) / 'annotations'
        cremad.write_clean_lists(folder)
        actors, clips = {}, Counter()
        for split in ('train', 'val', 'test'):
            with open(folder / f'{split}_clean.csv') as file:
                rows = list(csv.reader(file))
            actors[split] = {actor_of(clip) for clip, _ in rows}
            clips.update(clip for clip, _ in rows)
            shares = Counter(label for _, label in rows)
            assert set(shares) == set(cremad.EMOTIONS)
            assert max(shares.values()) / min(shares.values()) < 1.2
        assert {split: len(found) for split, found in actors.items()} == \
            dict(train=64, val=9, test=18)
        assert not set.intersection(actors['train'], actors['val'] | actors['test'])
        assert not actors['val'] & actors['test']
        assert set(clips.values()) == {1}
        assert len(clips) == (7442 if LISTS.is_dir() else 91 * 6 * 12)

    def test_counts_stand_beside_those_of_the_paper(self, tmp_path: Path) -> None:
        root = write_full_lists(tmp_path)
        status, manifest = run(cremad.main, root)
        assert status == 1  # all files are missing
        train = manifest['splits']['train']
        assert train['paper_items'] == 6698
        assert len(train['missing']) == train['items']
        if LISTS.is_dir():
            assert train['classes'] == train['paper_classes'] == dict(
                NEU=973, HAP=1148, SAD=1131, FEA=1138, DIS=1142, ANG=1166)
            assert manifest['splits']['test']['classes'] == \
                manifest['splits']['test']['paper_classes']
        assert len(manifest['protocols']['paper']['shared_sources']) == 91
        assert manifest['protocols']['clean']['shared_sources'] == []
        assert manifest['protocols']['clean']['shared_items'] == []

    def test_everything_is_made_from_the_raw_download(self, tmp_path: Path) -> None:
        raw, root = tmp_path / 'raw', tmp_path / 'root'
        self.write_raw(raw, root, ['1001_DFA_ANG_XX', '1008_DFA_HAP_XX', '1010_DFA_SAD_XX'])
        status, manifest = run(cremad.main, root, '--raw', raw)
        assert status == 0
        assert {split: found['items'] for split, found in manifest['splits'].items()} == dict(
            train=2, test=1, train_clean=1, val_clean=1, test_clean=1)
        dataset = CREMADDataset(data_root=str(root), ann_file='annotations/val_clean.csv')
        record = dataset.get_data_info(0)
        assert record['clip_id'] == '1008_DFA_HAP_XX'
        frames = Path(record['modalities']['video']['path'])
        assert sorted(path.name for path in frames.iterdir()) == \
            ['00001.jpg', '00002.jpg', '00003.jpg']
        assert run(cremad.main, root, '--raw', raw)[1] == manifest

    def test_a_video_that_fails_is_named(self, tmp_path: Path,
                                         capsys: pytest.CaptureFixture) -> None:
        raw, root = tmp_path / 'raw', tmp_path / 'root'
        clips = ['1001_DFA_ANG_XX', '1002_DFA_HAP_XX', '1003_DFA_SAD_XX']
        self.write_raw(raw, root, clips)
        (raw / 'VideoFlash' / f'{clips[1]}.flv').write_bytes(b'torn')
        status, manifest = run(cremad.main, root, '--raw', raw)
        assert status == 1
        assert f'{clips[1]}.flv cannot be opened as a video.' in capsys.readouterr().err
        assert list(manifest['splits']['train']['missing']) == [clips[1]]

    def test_a_killed_process_leaves_nothing_half_and_is_resumed(self, tmp_path: Path) -> None:
        clips = [f'10{number:02d}_DFA_ANG_XX' for number in range(1, 25)]
        raw, root = tmp_path / 'raw', tmp_path / 'root'
        self.write_raw(raw, root, clips, frames=151, size=160)
        folder = root / 'Image-01-FPS'
        command = [sys.executable, str(ROOT / 'tools/data/cremad/prepare.py'), str(root), '--raw',
                   str(raw), '--workers', '2']
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   start_new_session=True)
        while not (folder.is_dir() and any(path.suffix == '' for path in folder.iterdir())):
            assert process.poll() is None
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        whole = [path for path in folder.iterdir() if path.suffix == '']
        assert 0 < len(whole) < len(clips)
        assert {len(list(path.iterdir())) for path in whole} == {6}
        self.wait_for_end_of_session(process.pid)
        times = {path: path.stat().st_mtime_ns for path in whole}
        assert run(cremad.main, root, '--raw', raw)[0] == 0
        assert {path: path.stat().st_mtime_ns for path in whole} == times
        assert sorted(path.name for path in folder.iterdir()) == sorted(clips)
        assert {len(list(path.iterdir())) for path in folder.iterdir()} == {6}

    def test_without_lists_the_answer_says_where_they_are_obtained(
            self, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
        assert cremad.main([str(tmp_path)]) == 2
        assert 'cannot find its annotation list' in capsys.readouterr().err

    def write_raw(self, raw: Path, root: Path, clips: list[str], frames: int = 61,
                  size: int = 32) -> None:
        (raw / 'VideoFlash').mkdir(parents=True)
        video = write_numbered_video(raw / 'video.avi', frames, 1, size)
        for number, clip in enumerate(clips):
            shutil.copyfile(video, raw / 'VideoFlash' / f'{clip}.flv')
            write_sound(raw / 'AudioWAV' / f'{clip}.wav', hertz=300 + number)
        (root / 'annotations').mkdir(parents=True)
        for split, part in dict(train=clips[:-1], test=clips[-1:]).items():
            (root / f'annotations/{split}.csv').write_text(
                ''.join(f'{clip},{clip.split("_")[2]}\n' for clip in part))

    def wait_for_end_of_session(self, session: int) -> None:
        """The worker processes notice that the main process is gone."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if not running_in(session):
                return
            time.sleep(0.05)
        pytest.fail('worker processes outlive the main process')


def running_in(session: int) -> list[int]:
    """Processes of a session, without those that have ended and wait to be asked how."""
    running = []
    for path in Path('/proc').glob('[0-9]*/stat'):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            state, _, _, owner = path.read_text().rpartition(')')[2].split()[:4]
            if int(owner) == session and state != 'Z':
                running.append(int(path.parent.name))
    return running


def write_clip_videos(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        tone = np.sin(2 * np.pi * (300 + 50 * number) * np.arange(80000) / 16000) * 15000
        write_avi(folder / name, 50, 10, tone.astype('<i2'))


class TestKineticsSounds:

    def test_sound_and_frames_are_made_from_videos(self, tmp_path: Path) -> None:
        clips = [f'{number:011d}' for number in range(4)]
        write_clip_videos(tmp_path / 'raw/bowling',
                          [f'{clip}_000010_000020.avi' for clip in clips])
        root = tmp_path / 'root'
        (root / 'annotations').mkdir(parents=True)
        for split, part in dict(train=clips[:3], test=clips[3:]).items():
            (root / f'annotations/{split}.csv').write_text(
                'label,youtube_id\n' + ''.join(f'bowling,{clip}\n' for clip in part))
        status, manifest = run(kinetics_sounds.main, root, '--raw', tmp_path / 'raw',
                               '--sample-rate', 16000)
        assert status == 0
        assert manifest['splits']['train']['items'] == 3
        assert manifest['splits']['train']['classes']['bowling'] == 3
        assert manifest['splits']['train']['duplicates'] == []
        assert (manifest['splits']['train']['paper_items'],
                manifest['splits']['test']['paper_items']) == (15000, 1900)
        assert len(list((root / f'test_img/Image-01-FPS/{clips[3]}').iterdir())) == 5
        assert soundfile.info(root / f'train_wav/{clips[0]}.wav').frames == 80000

    def test_every_recording_is_in_one_list_of_protocol_clean(self, tmp_path: Path) -> None:
        root = write_kinetics_sounds(tmp_path / 'ks')
        held, kept = self.recordings(True), self.recordings(False)
        rows = [(f'{name}_0000{part}0_0000{part + 1}0', 'bowling') for name in held + kept
                for part in (1, 2)]
        with open(root / 'annotations/train.csv', 'w', newline='') as file:
            csv.writer(file).writerows([('youtube_id', 'label'), *rows])
        for clip, _ in rows:
            write_sound(root / f'train_wav/{clip}.wav')
            write_frames(root / f'train_img/Image-01-FPS/{clip}', 4)
        status, manifest = run(kinetics_sounds.main, root)
        assert status == 0
        assert manifest['splits']['val_clean']['sources'] == sorted(held)
        assert manifest['splits']['train_clean']['sources'] == sorted(kept)
        assert manifest['protocols']['clean']['shared_sources'] == []
        dataset = KineticsSoundsDataset(data_root=str(root), split='train',
                                        ann_file='annotations/val_clean.csv')
        assert len(dataset) == 4

    def test_clips_of_too_few_frames_are_left_out_by_name(self, tmp_path: Path) -> None:
        root = write_kinetics_sounds(tmp_path / 'ks')
        folder = root / 'train_img/Image-01-FPS/-kstrain2_000010_000020'
        folder.unlink() if folder.is_symlink() else shutil.rmtree(folder)
        write_frames(folder, 3)
        manifest = run(kinetics_sounds.main, root)[1]
        assert manifest['splits']['train']['left_out'] == ['-kstrain2_000010_000020']
        assert manifest['splits']['train']['items'] == 5
        assert manifest['splits']['test']['left_out'] == []

    def recordings(self, held_out: bool) -> list[str]:
        names = (f'{number:011d}' for number in range(100))
        return [name for name in names if is_held_out(name) == held_out][:2]


class TestVGGSound:

    def test_lists_and_files_are_made_from_the_official_list(self, tmp_path: Path) -> None:
        clips = [(f'{number:011d}', 30 * number) for number in range(3)]
        write_clip_videos(tmp_path / 'raw', [f'{name}_{start:06d}.avi' for name, start in clips])
        root = tmp_path / 'root'
        root.mkdir()
        labels = ['rain', 'dog barking, growling', 'rain']
        with open(root / 'vggsound.csv', 'w', newline='') as file:
            csv.writer(file).writerows((*clip, label, 'test' if clip[1] == 60 else 'train')
                                       for clip, label in zip(clips, labels))
        status, manifest = run(vggsound.main, root, '--raw', tmp_path / 'raw')
        assert status == 0
        assert json.loads((root / 'label_encoding.json').read_text()) == \
            {'dog barking, growling': 0, 'rain': 1}
        assert manifest['splits']['train']['labels'] == [[f'{clips[0][0]}_0', 1],
                                                         [f'{clips[1][0]}_30', 0]]
        assert manifest['splits']['test']['labels'] == [[f'{clips[2][0]}_60', 1]]
        assert manifest['splits']['train']['paper_items'] == 168618
        assert len(VGGSoundDataset(data_root=str(root), ann_file='test.csv')) == 1


class TestTwitter2015:

    def test_tombert_files_get_columns_and_targets(self, tmp_path: Path) -> None:
        raw, root = tmp_path / 'raw', tmp_path / 'root'
        write_twitter2015(raw)
        names = sorted(path.name for path in (raw / 'twitter2015_images').iterdir())
        for split in twitter2015.SPLITS:
            (raw / f'{split}.tsv').write_text(
                'index\t#1 Label\t#2 ImageID\t#3 String\t#3 String\n'
                f'0\t2\t{names[0]}\t$T$ wins "again\tAda Lovelace\n'
                f'1\t0\t{names[1]}\tpoor $T$ !\tBob\n')
        status, manifest = run(twitter2015.main, root, '--raw', raw)
        assert status == 0
        dataset = Twitter2015Dataset(data_root=str(root), ann_file='annotations/dev.tsv')
        texts = [dataset.get_data_info(i)['modalities']['text']['text'] for i in range(2)]
        assert texts == ['Ada Lovelace wins "again', 'poor Bob !']
        assert (root / 'annotations/dev.tsv').read_text().splitlines()[:2] == [
            'index\tLabel\tImageID\tString', f'1\t2\t{names[0]}\tAda Lovelace wins "again']
        assert manifest['splits']['train']['classes'] == dict(negative=1, neutral=0, positive=1)
        assert [manifest['splits'][split]['paper_items'] for split in twitter2015.SPLITS] == \
            [3179, 1122, 1037]
        assert manifest['protocols']['paper']['shared_sources'] == names[:2]


class TestSarcasm:

    def test_pictures_and_lists_are_placed_and_split(self, tmp_path: Path) -> None:
        raw = write_sarcasm(tmp_path / 'raw')
        for split in ('train', 'test'):
            shutil.move(raw / f'annotations/{split}_data.json', raw)
        names = [f'{number}.jpg' for number in range(40)]
        picture = next((raw / 'images').iterdir()).read_bytes()
        for name in names:
            (raw / 'images' / name).write_bytes(picture)
        items = [dict(image=name, text=f'no {name}', label=index % 2)
                 for index, name in enumerate(names)]
        (raw / 'train_data.json').write_text(json.dumps(items))
        status, manifest = run(sarcasm.main, tmp_path / 'root', '--raw', raw)
        assert status == 0
        held = sorted(name for name in names if is_held_out(name))
        assert manifest['splits']['val_clean']['sources'] == held
        assert manifest['splits']['train_clean']['items'] == 40 - len(held)
        assert manifest['splits']['train']['same_content']['image'] == [
            sorted(f'{name}:{number}' for number, name in enumerate(names, start=1))]
        assert manifest['splits']['train']['duplicates'] == []

    def test_a_wrong_item_is_named(self, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
        root = write_sarcasm(tmp_path / 'root')
        (root / 'annotations/train_data.json').write_text('[{"image": "a.jpg", "text": "b"}]')
        assert sarcasm.main([str(root)]) == 2
        assert 'train_data.json, item 1: ' in capsys.readouterr().err


class TestAVMNIST:

    def test_pairs_agree_in_class_and_splits_share_nothing(self, tmp_path: Path) -> None:
        root = tmp_path / 'root'
        labels = {part: np.arange(600) % 10 for part in avmnist.LABEL_FILES}
        pictures = np.random.RandomState(0).randint(0, 256, (600, 28, 28))
        for part, name in avmnist.LABEL_FILES.items():
            write_idx(root / 'mnist' / name, labels[part])
            write_idx(root / 'mnist' / avmnist.IMAGE_FILES[part],
                      pictures if part == 'train' else 255 - pictures)
        for digit in range(10):
            for number in (0, 5, 10, 11):
                write_sound(root / f'recordings/{digit}_ada_{number}.wav', 0.3, 8000,
                            200 + 20 * digit + number)
        status, manifest = run(avmnist.main, root)
        assert status == 0
        assert {split: found['items'] for split, found in manifest['splits'].items()} == \
            dict(train=100, val=30, test=50)
        assert manifest['protocols']['clean'] == dict(
            splits=['train', 'val', 'test'], shared_sources=[], shared_items=[],
            shared_content=dict(image=[], audio=[]))
        assert manifest['splits']['train']['same_content']['image'] == []
        assert {len(group) for group in manifest['splits']['train']['same_content']['audio']} == {5}
        for split in avmnist.SPLITS:
            dataset = AVMNISTDataset(data_root=str(root), split=split)
            for position in range(len(dataset)):
                record = dataset.get_data_info(position)
                streams = record['modalities']
                assert streams['image']['index'] % 10 == record['gt_label']
                assert Path(streams['audio']['path']).name[0] == str(record['gt_label'])
        before = (root / 'annotations/train.csv').read_text()
        shutil.rmtree(root / 'annotations')
        assert run(avmnist.main, root)[1] == manifest
        assert (root / 'annotations/train.csv').read_text() == before

    def test_own_annotations_are_kept(self, tmp_path: Path) -> None:
        root = write_avmnist(tmp_path / 'root', 10, 4, 4)
        before = (root / 'annotations/train.csv').read_bytes()
        assert run(avmnist.main, root)[0] == 0
        assert (root / 'annotations/train.csv').read_bytes() == before

    def test_missing_files_are_named(self, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
        assert avmnist.main([str(tmp_path)]) == 2
        assert 'lacks train-images-idx3-ubyte.gz, ' in capsys.readouterr().err


class TestHeldOut:

    def test_lines_without_an_item_go_into_both_lists(self, tmp_path: Path) -> None:
        (tmp_path / 'all').write_text('header\na1\nb1\na2\n')
        write_held_out(tmp_path / 'all', {2: 'a', 3: 'b', 4: 'a'}, tmp_path / 'train',
                       tmp_path / 'val', rule='b'.__eq__)
        assert (tmp_path / 'train').read_text() == 'header\na1\na2\n'
        assert (tmp_path / 'val').read_text() == 'header\nb1\n'

    def test_nothing_is_written_where_a_list_would_be_empty(self, tmp_path: Path) -> None:
        (tmp_path / 'all').write_text('a1\n')
        write_held_out(tmp_path / 'all', {1: 'a'}, tmp_path / 'train', tmp_path / 'val')
        assert [path.name for path in tmp_path.iterdir()] == ['all']

    def test_one_source_in_ten_is_held_out(self) -> None:
        share = np.mean([is_held_out(f'{number:011d}') for number in range(5000)])
        assert 0.09 < share < 0.11

    def test_the_rule_never_changes(self) -> None:
        assert [number for number in range(60) if is_held_out(str(number))] == [18]
