"""Vocabularies trained on the texts of a data set."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from projects.bss.datasets import CleanText, Tokenize
from tests.native_text_image import write_sarcasm, write_twitter2015
from tools.data import make_vocabulary


@pytest.fixture(scope='module')
def train(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_twitter2015(tmp_path_factory.mktemp('data') / 'twitter') / 'annotations/train.tsv'


def run(*arguments: object) -> int:
    return make_vocabulary.main([str(argument) for argument in arguments])


def cleaned(train: Path) -> list[str]:
    return [CleanText(max_words=None).clean(line.split('\t')[3])
            for line in train.read_text(encoding='utf-8').splitlines()[1:]]


def ids(folder: Path, kind: str, text: str) -> list[int]:
    transform = Tokenize(tokenizer=folder, kind=kind, truncation=False)
    return transform.load(dict(text=text)).tolist()


def test_a_vocabulary_of_bert_knows_the_words_of_its_texts(train: Path, tmp_path: Path,
                                                           capsys: pytest.CaptureFixture) -> None:
    assert run(train, '--out', tmp_path) == 0
    tokens = (tmp_path / 'vocab.txt').read_text(encoding='utf-8').splitlines()
    assert tokens[:5] == ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
    assert len(tokens) == len(set(tokens))
    assert (f'{tmp_path}: {len(tokens)} tokens from 12 texts. A network with random weights takes '
            f'config=dict(vocab_size={len(tokens)})') in capsys.readouterr().out
    for text in cleaned(train):
        words = [tokens[number] for number in ids(tmp_path, 'bert', text)[1:-1]]
        assert ''.join(words).replace('##', '') == text.replace(' ', '')
    # "rt", "shop", "so" and the emoji stand in every text, hence each is one token.
    assert {'rt', 'shop', 'so', '😀'} <= set(tokens)
    assert ids(tmp_path, 'bert', '漢') == [2, 1, 3]


def test_a_vocabulary_of_clip_is_ordered_as_clips(train: Path, tmp_path: Path) -> None:
    assert run(train, '--out', tmp_path, '--kind', 'clip', '--size', 640) == 0
    vocabulary = json.loads((tmp_path / 'vocab.json').read_text(encoding='utf-8'))
    assert sorted(vocabulary.values()) == list(range(len(vocabulary))) and len(vocabulary) <= 640
    assert vocabulary['<|endoftext|>'] == len(vocabulary) - 1
    assert vocabulary['<|startoftext|>'] == len(vocabulary) - 2
    tokens = {number: token for token, number in vocabulary.items()}
    for text in (*cleaned(train), 'unheard words 漢字 ñ'):
        start, *inner, end = ids(tmp_path, 'clip', text)
        assert (start, end) == (len(vocabulary) - 2, len(vocabulary) - 1) and end not in inner
        letters = ''.join(tokens[number] for number in inner)
        assert letters.encode('utf-8').isascii() == text.isascii()
        assert letters.count('</w>') == len(text.split())
    assert tokens[ids(tmp_path, 'clip', 'shop')[1]] == 'shop</w>'


@pytest.mark.parametrize('kind, file', [('bert', 'vocab.txt'), ('clip', 'vocab.json')])
def test_the_same_texts_give_the_same_vocabulary(tmp_path: Path, kind: str, file: str) -> None:
    draw = np.random.RandomState(0)
    words = [''.join(draw.choice(list('abcdef'), 5)) for _ in range(400)]
    (tmp_path / 'texts.txt').write_text('\n'.join(words * 2))
    for number in range(4):
        assert run(tmp_path / 'texts.txt', '--out', tmp_path / str(number), '--kind', kind,
                   '--size', 600) == 0
    assert len({path.read_bytes() for path in tmp_path.glob(f'*/{file}')}) == 1


def test_all_formats_are_read(train: Path, tmp_path: Path) -> None:
    json_file = write_sarcasm(tmp_path / 'sarcasm') / 'annotations/train_data.json'
    assert next(make_vocabulary.read_texts(json_file, None)).startswith('Love my ')
    (tmp_path / 'a.csv').write_text('id,caption\n1,"red, new"\n')
    (tmp_path / 'a.txt').write_text('red\nnew shoe\n')
    assert list(make_vocabulary.read_texts(tmp_path / 'a.csv', 'caption')) == ['red, new']
    assert list(make_vocabulary.read_texts(tmp_path / 'a.txt', None)) == ['red', 'new shoe']
    assert len(list(make_vocabulary.read_texts(train, 'ImageID'))) == 12


@pytest.mark.parametrize('name, content, message', [
    ('a.tsv', None, 'a.tsv, but there is no such file'),
    ('a.pdf', 'x', 'ANNOTATIONS must be .tsv, .csv, .json or .txt files, got'),
    ('a.tsv', 'a\tb\n1\t2\n', "a.tsv, line 1: the header must name the columns ['String']"),
    ('a.json', '[{"text": 5}]', 'a.json, item 1: text must be of type str, got 5'),
    ('a.json', '[{', 'a.json, line 1: the file cannot be parsed as json'),
])
def test_errors_are_sentences(tmp_path: Path, capsys: pytest.CaptureFixture, name: str,
                              content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    assert run(tmp_path / name, '--out', tmp_path) == 2
    assert message in capsys.readouterr().err


def test_a_vocabulary_of_clip_needs_room(train: Path, tmp_path: Path,
                                         capsys: pytest.CaptureFixture) -> None:
    assert run(train, '--out', tmp_path, '--kind', 'clip', '--size', 514) == 2
    assert '--size must be larger than 514 for a vocabulary of CLIP' in capsys.readouterr().err
