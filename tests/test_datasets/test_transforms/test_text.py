"""Cleaning and tokenising of texts."""
from __future__ import annotations

import multiprocessing
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from projects.bss.datasets import CleanText, Tokenize
from tests.native_text_image import write_tokenizers

WORDS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'red', 'shoe', '##s', 'a', 'new']


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp('bert')
    (path / 'vocab.txt').write_text('\n'.join(WORDS) + '\n')
    return path


@pytest.fixture(scope='module')
def tokenizers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tokenizers(tmp_path_factory.mktemp('tokenizers'))


def sample(text: str) -> dict:
    return dict(modalities=dict(text=dict(text=text, format='text')))


def ids_of(text: str, **arguments: Any) -> list[int]:
    return Tokenize(**arguments).transform(sample(text))['inputs']['text'].tolist()


@pytest.mark.parametrize('arguments, cleaned', [
    (dict(), 'rt alice dont buy black and white shoes 5 over 10 😀 naïve'),
    (dict(punctuation='space'), 'rt alice don t buy black and white shoes 5 over 10 naïve'),
    (dict(punctuation='keep'), 'rt @alice: don’t buy "black-and-white" shoes!! 5 over 10… 😀 naïve'),
    (dict(lower=False, max_words=3), 'RT Alice dont'),
    (dict(max_words=None, punctuation='keep', lower=False),
     'RT @Alice: don’t buy "black-and-white" shoes!! 5 over 10… 😀 naïve'),
])
def test_texts_are_cleaned(arguments: dict, cleaned: str) -> None:
    text = ' RT @Alice: don’t buy\t"black-and-white" shoes!! 5 over 10… 😀 naïve \n'
    results = CleanText(**arguments).transform(sample(text))
    assert results['modalities']['text'] == dict(text=cleaned, format='text')


def test_hyphens_and_slashes_part_words_and_other_marks_do_not() -> None:
    clean = CleanText().clean
    assert clean('and/or e-mail 3–4 U.S. lt.khaki snake_case') == (
        'and or e mail 3 4 us ltkhaki snakecase')
    assert clean('#$%') == clean('') == ''
    # Vowel signs of Hindi are no letters to Python, and must stay all the same.
    assert clean('हिन्दी!') == 'हिन्दी'


def test_at_most_twenty_words_by_default() -> None:
    words = [f'w{number}' for number in range(25)]
    assert CleanText().clean(' '.join(words)).split() == words[:20]


def test_ids_have_special_tokens_at_both_ends(folder: Path) -> None:
    ids = Tokenize(tokenizer=folder).transform(sample('A new red hat: SHOES'))['inputs']['text']
    assert ids.dtype == np.int64
    assert ids.tolist() == [2, 8, 9, 5, 1, 1, 6, 7, 3]
    assert ids_of('', tokenizer=folder) == [2, 3]


def test_a_changed_result_does_not_change_the_next(folder: Path) -> None:
    first, second = (Tokenize(tokenizer=folder).transform(sample('red hat'))['inputs']['text']
                     for _ in range(2))
    expected = first.tolist()
    first[:] = 0
    assert second.tolist() == ids_of('red hat', tokenizer=folder) == expected


def test_long_texts_are_cut_in_front_of_the_last_token(folder: Path) -> None:
    assert ids_of('a new red shoe', tokenizer=folder, max_length=4) == [2, 8, 9, 3]
    assert ids_of('a new red shoe', tokenizer=folder, max_length=6) == [2, 8, 9, 5, 6, 3]
    assert len(ids_of('red ' * 90, tokenizer=folder)) == 30
    assert len(ids_of('red ' * 90, tokenizer=folder, truncation=False)) == 92


def test_two_lengths_of_one_tokenizer_do_not_mix(folder: Path) -> None:
    short, long = (Tokenize(tokenizer=folder, max_length=length) for length in (3, 5))
    lengths = [len(part.transform(sample('a new red shoe'))['inputs']['text'])
               for part in (short, long, short)]
    assert lengths == [3, 5, 3]


@pytest.mark.parametrize('kind, name', [('bert', 'BertTokenizerFast'),
                                        ('clip', 'CLIPTokenizerFast')])
def test_ids_are_those_of_transformers(tokenizers: Path, kind: str, name: str) -> None:
    import transformers
    theirs = getattr(transformers, name).from_pretrained(str(tokenizers / kind))
    for text in ('women red shoe', 'Zürich 2024 : SO-SO 😀', '', 'watch ' * 60):
        expected = theirs(text, truncation=True, max_length=30)['input_ids']
        assert ids_of(text, tokenizer=tokenizers / kind, kind=kind) == expected
        assert expected[0] == theirs.convert_tokens_to_ids(theirs.cls_token or theirs.bos_token)


def test_a_sample_without_the_stream_passes_unchanged(folder: Path) -> None:
    results = dict(modalities=dict(image=dict(path='x.jpg', format='image')))
    assert CleanText().transform(dict(results)) == results
    assert Tokenize(tokenizer=folder).transform(dict(results)) == results


def test_a_worker_process_gets_the_same_ids(folder: Path) -> None:
    transform = Tokenize(tokenizer=folder)
    assert len(pickle.dumps(transform)) < 500
    with multiprocessing.get_context('fork').Pool(1) as pool:
        results = pool.apply(transform, (sample('a new shoe'), ))
    assert results['inputs']['text'].tolist() == [2, 8, 9, 6, 3]


@pytest.mark.parametrize('kind', ['bert', 'clip'])
def test_a_folder_without_a_vocabulary_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ValueError, match=f"tokenizer '{tmp_path}' knows no word.*kind='{kind}'"):
        Tokenize(tokenizer=tmp_path, kind=kind)


def test_a_vocabulary_of_the_other_kind_is_refused(folder: Path, tokenizers: Path) -> None:
    with pytest.raises(ValueError, match='knows no word: every token would be unknown'):
        Tokenize(tokenizer=folder, kind='clip')
    with pytest.raises(ValueError, match='knows no word: every token would be unknown'):
        Tokenize(tokenizer=tokenizers / 'clip', kind='bert')


@pytest.mark.parametrize('name', ['nobody/nothing', 'data/pretrained/nowhere', '/no/such/folder'])
def test_an_absent_tokenizer_is_not_downloaded(name: str) -> None:
    with pytest.raises(FileNotFoundError, match=f"tokenizer '{name}' is neither a folder nor .* "
                       'no download is tried unless download=True'):
        Tokenize(tokenizer=name)


def test_a_failed_download_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_OFFLINE', True)
    with pytest.raises(FileNotFoundError, match="'nobody/nothing' .* and its download failed"):
        Tokenize(tokenizer='nobody/nothing', download=True)


@pytest.mark.parametrize('build, message', [
    (lambda: CleanText(punctuation='drop'), r"punctuation must be one of .*, got 'drop'"),
    (lambda: CleanText(max_words=0), 'max_words must be at least 1 word or None .*, got 0'),
    (lambda: Tokenize(tokenizer='x', kind='gpt'), r"kind must be one of .*, got 'gpt'"),
    (lambda: Tokenize(tokenizer='x', max_length=2), 'max_length must be at least 3.*, got 2'),
])
def test_arguments_are_checked(build: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()
