"""Reader of the native lists."""
from __future__ import annotations

from pathlib import Path

import pytest

from projects.bss.datasets.nvgesture_list import FrameRange, find_lists, parse_line, read_list
from tests.data import REAL_ROOT

LINE = ('path:./Video_data/class_01/subject13_r0 depth:sk_depth:138:218 color:sk_color:139:219 '
        'duo_left:duo_left:161:254 label:1 ')


def test_every_field_is_read() -> None:
    clip = parse_line(LINE)
    assert clip.folder == 'class_01/subject13_r0'
    assert clip.label == 0
    assert clip.subject == 'subject13'
    assert clip.sensors == dict(depth=FrameRange('sk_depth', 138, 218),
                                color=FrameRange('sk_color', 139, 219),
                                duo_left=FrameRange('duo_left', 161, 254))
    assert [clip.sensors[name].length for name in ('depth', 'duo_left')] == [80, 93]


def test_order_and_spaces_do_not_matter() -> None:
    shuffled = 'label:25   color:sk_color:0:80\tpath:Video_data/class_25/subject3_r4'
    clip = parse_line(shuffled)
    assert (clip.folder, clip.label) == ('class_25/subject3_r4', 24)
    assert clip.sensors == dict(color=FrameRange('sk_color', 0, 80))


@pytest.mark.parametrize('line, message', [
    ('path:./Video_data/a label:26', r"label must be a whole number in 1\.\.25, got '26'"),
    ('path:./Video_data/a label:0', r"label must be a whole number in 1\.\.25, got '0'"),
    ('path:./Video_data/a label:one', "got 'one'"),
    ('path:./Video_data/a', "field 'label' is missing"),
    ('label:3', "field 'path' is missing"),
    ('path:./Video_data/a label:1 label:2', "field 'label:2' is unknown or repeated"),
    ('path:./Video_data/a label:1 infrared:x:1:2', "field 'infrared:x:1:2' is unknown"),
    ('path:./Video_data/a label:1 color:sk_color:1', "must read color:<file stem>:<start>:<end>"),
    ('path:./Video_data/a label:1 color:sk_color:a:9', "got 'color:sk_color:a:9'"),
    ('path:./Video_data/a label:1 depth:sk_depth:9:9', 'must end after they start, got start 9'),
    ('path:../../etc label:1', r"path '\.\./\.\./etc' must name a folder below"),
    ('path:/etc label:1', "path '/etc' must name a folder below"),
])
def test_a_bad_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / 'bad.lst'
    path.write_text(f'{LINE}\n\n{line}\n')
    with pytest.raises(ValueError, match=message) as error:
        read_list(path)
    assert str(error.value).startswith(f'{path}, line 3: ')


def test_the_number_of_classes_bounds_the_labels() -> None:
    assert parse_line('path:a label:4', num_classes=4).label == 3
    with pytest.raises(ValueError, match=r'1\.\.4, got \'5\''):
        parse_line('path:a label:5', num_classes=4)


def test_lists_are_found_under_both_names(tmp_path: Path) -> None:
    assert find_lists(tmp_path) == {}
    long_name = tmp_path / 'nvgesture_test_correct_cvpr2016_v2.lst'
    long_name.write_text(LINE)
    assert find_lists(tmp_path) == dict(test=long_name)
    short_name = tmp_path / 'nvgesture_test_correct_v2.lst'
    short_name.write_text(LINE)
    assert find_lists(tmp_path) == dict(test=short_name)


def test_the_whole_set_has_the_published_numbers(nvgesture_mini_root: Path) -> None:
    if not REAL_ROOT.is_dir():
        assert len(read_list(find_lists(nvgesture_mini_root)['train'])) == 4
        return
    lists = find_lists(REAL_ROOT / 'annotations_full')
    clips = {split: read_list(path) for split, path in lists.items()}
    assert {split: len(listed) for split, listed in clips.items()} == dict(train=1050, test=482)
    assert {clip.label for clip in clips['train']} == set(range(25))
    assert not ({clip.subject for clip in clips['train']}
                & {clip.subject for clip in clips['test']})
    assert {clip.sensors['color'].length for listed in clips.values() for clip in listed} == {80}
