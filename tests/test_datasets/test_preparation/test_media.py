"""Frames and sound out of videos."""
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile

from projects.bss.datasets import UnreadableSampleError
from projects.bss.datasets.preparation import Extraction, extract_all, place, whole
from projects.bss.datasets.preparation.audio_video import find_videos, youtube_id
from projects.bss.datasets.preparation.media import extract_frames, extract_sound
from tests.data import write_numbered_video
from tests.native_video import write_avi

SHARED = Path(__file__).resolve().parents[3].parent / 'shared' / 'data'


def brightness(folder: Path) -> list[int]:
    return [round(float(cv2.imread(str(path)).mean())) for path in sorted(folder.iterdir())]


@pytest.mark.parametrize(('fps', 'kept'), [(1, [0, 30, 60]), (2, [0, 15, 30, 45, 60]),
                                           (30, list(range(65)))])
def test_frames_lie_at_equal_distances_from_the_first(tmp_path: Path, fps: int,
                                                      kept: list[int]) -> None:
    video = write_numbered_video(tmp_path / 'video.avi', 65)
    assert extract_frames(video, tmp_path / 'out', fps) == len(kept)
    assert sorted(path.name for path in (tmp_path / 'out').iterdir())[:2] == \
        ['00001.jpg', '00002.jpg']
    assert brightness(tmp_path / 'out') == pytest.approx([3 * number for number in kept], abs=2)


def test_a_video_without_frames_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / 'broken.flv').write_bytes(b'no video')
    failures = extract_all([Extraction(tmp_path / 'broken.flv', frames=tmp_path / 'out')], 1)
    assert failures == [f'{tmp_path}/broken.flv cannot be opened as a video.']
    assert [path.name for path in tmp_path.iterdir()] == ['broken.flv']


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    video = write_numbered_video(tmp_path / 'video.avi', 65)
    job = Extraction(video, frames=tmp_path / 'out')
    assert extract_all([job], 1) == [] and job.done
    (tmp_path / 'out' / '00002.jpg').unlink()
    assert extract_all([job], 1) == []
    assert brightness(tmp_path / 'out') == pytest.approx([0, 180], abs=2)


def test_frames_of_real_clips_are_those_of_the_published_folder(tmp_path: Path) -> None:
    real = SHARED / 'cremad_mini'
    for video in sorted((real / 'VideoFlash').glob('*.flv'))[:2]:
        extract_frames(video, tmp_path / video.stem, 1)
        published = sorted((real / 'Image-01-FPS' / video.stem).iterdir())
        assert [path.name for path in published] == \
            sorted(path.name for path in (tmp_path / video.stem).iterdir())
        for path in published:
            own = cv2.imread(str(tmp_path / video.stem / path.name)).astype(float)
            assert np.abs(own - cv2.imread(str(path))).mean() < 2


def test_sound_is_that_of_the_video(tmp_path: Path) -> None:
    sound = (np.sin(2 * np.pi * 440 * np.arange(32000) / 16000) * 20000).astype('<i2')
    write_avi(tmp_path / 'clip.avi', 20, 10, sound)
    extract_sound(tmp_path / 'clip.avi', tmp_path / 'out.wav', 16000)
    extracted, rate = soundfile.read(tmp_path / 'out.wav', dtype='int16')
    assert rate == 16000 and extracted.shape == (32000,)
    assert np.abs(extracted.astype(int) - sound).max() <= 2
    assert soundfile.info(tmp_path / 'out.wav').subtype == 'PCM_16'


def test_real_sound_is_that_of_the_published_file(tmp_path: Path) -> None:
    real = SHARED / 'cremad_mini'
    for video in sorted((real / 'VideoFlash').glob('*.flv'))[:1]:
        extract_sound(video, tmp_path / 'out.wav', 16000)
        extracted, _ = soundfile.read(tmp_path / 'out.wav')
        published, _ = soundfile.read(real / 'AudioWAV' / f'{video.stem}.wav')
        assert len(extracted) == len(published)
        own, other = np.abs(np.fft.rfft(extracted)), np.abs(np.fft.rfft(published))
        assert np.corrcoef(own, other)[0, 1] > 0.95


def test_a_video_without_sound_is_named(tmp_path: Path) -> None:
    video = write_numbered_video(tmp_path / 'video.avi', 8)
    with pytest.raises(UnreadableSampleError, match='video.avi has no sound that can be decoded'):
        extract_sound(video, tmp_path / 'out.wav', 16000)
    assert not (tmp_path / 'out.wav').exists()


def test_a_target_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / 'deep' / 'file'
    with pytest.raises(RuntimeError), whole(target) as partial:
        partial.write_text('half')
        raise RuntimeError('interrupted')
    assert list(target.parent.iterdir()) == []
    (target.parent / 'file.partial').mkdir()
    with whole(target) as partial:
        partial.write_text('new')
    assert [path.name for path in target.parent.iterdir()] == ['file']
    assert target.read_text() == 'new'


@pytest.mark.parametrize('copy', [False, True])
def test_files_and_folders_are_linked_or_copied_once(tmp_path: Path, copy: bool) -> None:
    (tmp_path / 'raw/sounds').mkdir(parents=True)
    (tmp_path / 'raw/sounds/a').write_text('a')
    (tmp_path / 'raw/list').write_text('old')
    for name in ('sounds', 'list', 'absent'):
        place(tmp_path / 'raw' / name, tmp_path / 'root' / name, copy)
    assert (tmp_path / 'root/list').is_symlink() is not copy
    assert (tmp_path / 'root/sounds').is_symlink() is not copy
    assert (tmp_path / 'root/sounds/a').read_text() == 'a'
    assert not (tmp_path / 'root/absent').exists()
    (tmp_path / 'other').write_text('new')
    place(tmp_path / 'other', tmp_path / 'root/list', copy)
    assert (tmp_path / 'root/list').read_text() == 'old'


def test_videos_are_found_under_the_names_of_the_lists(tmp_path: Path) -> None:
    names = ('train/bowling/-4-0ihtnBU0_000058_000068.mp4', 'x/---1_cCGK4M_000030.MP4',
             'plain.webm', 'notes.txt')
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = {clip: path.name for clip, path in find_videos(tmp_path).items()}
    assert found['-4-0ihtnBU0'] == found['-4-0ihtnBU0_000058_000068'] == Path(names[0]).name
    assert found['---1_cCGK4M_30'] == found['---1_cCGK4M_000030'] == Path(names[1]).name
    assert found['plain'] == 'plain.webm'
    assert 'notes' not in found
    assert youtube_id('---1_cCGK4M_000030') == '---1_cCGK4M'
