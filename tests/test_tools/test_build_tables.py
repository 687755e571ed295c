from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.misc.build_tables import BEGIN, END, METHODS, ROOT, main, read_families

METAFILE = """
Models:
  - Name: x_concat
    Config: configs/fusion/x_concat.py
    Metadata: {Training Data: X, Method: Concat, Notes: [b, j]}
    Results:
      - {Provenance: paper, Source: table 1, Metrics: {Accuracy (paper): 63.3, MAP (paper): 68.31}}
      - {Provenance: paper, Source: table 9, Metrics: {Audio accuracy (paper): 50}}
      - {Provenance: this repository, Log: docs/en/results/x.json}
  - Name: y_concat
    Config: configs/fusion/y_concat.py
    Metadata: {Training Data: Y, Method: Concat}
    Results: [{Provenance: not run}]
  - Name: y-3s_concat
    Config: configs/fusion/y-3s_concat.py
    Metadata: {Training Data: Y, Method: Concat, Variant: 3 s}
    Results: [{Provenance: not run}]
  - Name: y_sum
    Config: configs/fusion/y_sum.py
    Metadata: {Training Data: Y, Method: Sum}
    Results: [{Provenance: not run}]
"""
LOG = dict(settings=[dict(setting={}, metrics={
    'val/acc/fused': dict(mean=0.9, std=0.1, n=3),
    'test/acc/fused': dict(mean=0.61234, std=0.0123, n=3),
    'test/map/fused': dict(mean=0.7, std=None, n=1),
    'test/macro_f1/fused': dict(mean=0.5, std=0.0, n=3)})])
NOTES = '../../docs/en/results/README.md#oddities-of-the-papers-tables'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with four recipes, a miniature and one log."""
    family = tmp_path / 'configs' / 'fusion'
    for name in ('x_concat', 'y_concat', 'y-3s_concat', 'y_sum', 'y-mini_concat'):
        write(family / f'{name}.py', '')
    write(family / 'metafile.yml', METAFILE)
    write(tmp_path / 'model-index.yml', 'Import: [configs/fusion/metafile.yml]')
    write(tmp_path / 'docs/en/results/x.json', json.dumps(LOG))
    for page in (ROOT / METHODS).glob('*.md'):
        write(tmp_path / METHODS / page.name, '')
    for file in (tmp_path / 'README.md', family / 'README.md', tmp_path / METHODS / 'README.md'):
        write(file, f'Before.\n{BEGIN}\nold\n{END}\nAfter.\n')
    return tmp_path


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding='utf-8')


def edit(file: Path, old: str, new: str) -> None:
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))


@pytest.fixture
def complaint(root: Path, capsys: pytest.CaptureFixture) -> Callable[..., list[str]]:
    """Run the tool, which must end with status 1; return its sentences."""

    def run(*argv: str) -> list[str]:
        with pytest.raises(SystemExit) as stopped:
            main(argv, root)
        assert stopped.value.code == 1
        return capsys.readouterr().err.splitlines()

    return run


def test_tables(root: Path) -> None:
    main([], root)
    assert (root / 'README.md').read_text() == f"""Before.
{BEGIN}
|  | X | Y |
|---|---|---|
| [Concat](configs/fusion) | 63.30 / 68.31<br>**61.2 ± 1.2 (n=3)** | not run |
| [Sum](configs/fusion) |  | not run |
{END}
After.
"""
    table = (root / 'configs/fusion/README.md').read_text().split('\n')[2:-3]
    assert table == [
        '| config | method | data | paper | this repository | provenance |',
        '|---|---|---|---|---|---|',
        '| [x_concat](x_concat.py) | Concat | X | Accuracy 63.30, MAP 68.31, Audio accuracy 50.00 '
        f'[(b)]({NOTES}) [(j)]({NOTES}) | Accuracy 61.2 ± 1.2 (n=3), MAP 70.0, '
        'Macro F1 50.0 ± 0.0 (n=3) | paper, table 1; paper, table 9; '
        '[this repository](../../docs/en/results/x.json) |',
        '| [y_concat](y_concat.py) | Concat | Y | - | - | not run here |',
        '| [y-3s_concat](y-3s_concat.py) | Concat, 3 s | Y | - | - | not run here |',
        '| [y_sum](y_sum.py) | Sum | Y | - | - | not run here |']


def test_check_names_what_is_not_current(root: Path, complaint: Callable) -> None:
    sentence = ('The table of {} is not current: run python tools/misc/build_tables.py and commit '
                'what it changes.')
    before = (root / 'README.md').read_text()
    assert complaint('--check') == [sentence.format('README.md'),
                                    sentence.format('configs/fusion/README.md'),
                                    sentence.format('docs/en/rebalance/README.md')]
    assert (root / 'README.md').read_text() == before
    main([], root)
    main(['--check'], root)
    edit(root / 'docs/en/results/x.json', '0.7', '0.8')
    assert complaint('--check') == [sentence.format('configs/fusion/README.md')]
    main([], root)
    edit(root / METHODS / 'README.md', '`alpha=0.8`', '`alpha=0.9`')
    assert complaint('--check') == [sentence.format('docs/en/rebalance/README.md')]


@pytest.mark.parametrize('old, new, sentence', [
    ('configs/fusion/y_sum.py', 'configs/fusion/z.py',
     'y_sum: there is no config configs/fusion/z.py.'),
    ('Log: docs/en/results/x.json', 'Log: docs/z.json', 'x_concat: there is no log docs/z.json.'),
    ('Source: table 1, ', '', "x_concat: a result with provenance 'paper' needs 'Source'."),
    ('      - {Provenance: this repository, Log: docs/en/results/x.json}\n', '',
     'x_concat: its results must have one of this repository, or one with provenance "not run".'),
])
def test_wrong_entries(root: Path, complaint: Callable, old: str, new: str, sentence: str) -> None:
    edit(root / 'configs/fusion/metafile.yml', old, new)
    assert complaint()[0] == sentence


def test_a_recipe_without_an_entry(root: Path, complaint: Callable) -> None:
    write(root / 'configs/bss/x_bssl.py', '')
    assert complaint() == ['configs/bss/x_bssl.py has no entry in configs/bss/metafile.yml, or '
                           'model-index.yml does not import that file.']


@pytest.mark.parametrize('old, new, sentence', [
    ('"settings": [', '"settings": [{}, ', 'x.json must be of one setting, but has 2'),
    ('test/acc/fused', 'test/acc/rgb', "must have measures of the test set, but has .*--test"),
])
def test_logs_that_do_not_serve(root: Path, old: str, new: str, sentence: str) -> None:
    edit(root / 'docs/en/results/x.json', old, new)
    with pytest.raises(ValueError, match=sentence):
        main([], root)


def test_a_file_without_markers(root: Path) -> None:
    edit(root / 'README.md', END, '')
    with pytest.raises(ValueError, match="README.md must have one line '<!-- results: begin"):
        main([], root)


class TestThisRepository:

    def test_tables_are_current(self) -> None:
        main(['--check'])

    def test_numbers_of_the_paper(self) -> None:
        cards = {card.name: card for family in read_families(ROOT).values() for card in family}
        assert cards['cremad_bssl'].paper_numbers() == {'Accuracy': 82.80, 'MAP': 88.61}
        assert cards['nvgesture_depth'].paper_numbers() == {'Accuracy': 81.54, 'Macro F1': 81.83}
        assert cards['sarcasm_lstm'].notes == ('b', )
        assert cards['vggsound_etmc'].paper_numbers() == {}
        assert cards['vggsound_mla'].paper_numbers() == {'Accuracy': 51.65, 'MAP': 54.73}
        assert cards['nvgesture_reconboost'].notes == ('d', )
        assert cards['nvgesture_pmr'].paper_numbers() == {}
        # Table 3, row without criteria: 5.9 above Concat.
        gain = [cards[f'kinetics-sounds_{name}'].paper_numbers()['Accuracy']
                for name in ('multihead', 'concat')]
        assert gain[0] - gain[1] == pytest.approx(5.89)

    def test_numbers_in_the_headers_of_the_configs_are_those_of_the_cards(self) -> None:
        said = re.compile(r'paper\s+reports\s+(\d\d\.\d\d)\s+accuracy,\s+(\d\d\.\d\d)\s')
        compared = 0
        for card in (card for family in read_families(ROOT).values() for card in family):
            found = said.search((ROOT / card.config).read_text(encoding='utf-8'))
            if found:
                compared += 1
                assert [float(number) for number in found.groups()] == list(
                    card.paper_numbers().values())[:2], card.config
        assert compared > 30

    def test_links_of_the_cards_lead_somewhere(self) -> None:
        for page in (ROOT / 'configs').glob('*/README.md'):
            links = set(re.findall(r'\]\(([^)#]+)', page.read_text(encoding='utf-8')))
            assert len(links) > 5
            assert [link for link in links
                    if '://' not in link and not (page.parent / link).exists()] == []
