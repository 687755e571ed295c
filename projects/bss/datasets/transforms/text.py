"""Text: cleaning, and the token ids of a pretrained or trained vocabulary."""
from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.registry import TRANSFORMS

from projects.bss.datasets.transforms.stream import StreamLoader

_PUNCTUATION = {
    'keep': (),
    # Hyphens and slashes part words. Letters of every script, accents and emoji stay.
    'remove': ((r'[-/\u2010-\u2015]', ' '),
               (r'[!-/:-@\[-`{-~\u00a1\u00ab\u00b7\u00bb\u00bf\u2016-\u2027\u2030-\u205e]', '')),
    'space': ((r'[\W_]+', ' '), ),
}
_CLASSES = dict(bert='BertTokenizerFast', clip='CLIPTokenizerFast')
_PROBE_CHARACTERS = 100
_TEXTS_KEPT = 100_000


@TRANSFORMS.register_module()
class CleanText(BaseTransform):
    """Bring a text to plain words, parted by single spaces.

    A sample without the stream passes unchanged.

    Args:
        modality: Name of the stream, which has ``text``.
        lower: Whether to write everything in small letters.
        punctuation: ``'remove'`` deletes punctuation marks, except hyphens and slashes, which
            become spaces. ``'space'`` keeps letters and digits only and puts a space for
            everything else. ``'keep'`` changes nothing.
        max_words: Number of words that are kept, from the beginning; None keeps all.

    Raises:
        ValueError: If ``punctuation`` is unknown or ``max_words`` is not positive.
    """

    def __init__(self, modality: str = 'text', lower: bool = True, punctuation: str = 'remove',
                 max_words: int | None = 20) -> None:
        if punctuation not in _PUNCTUATION:
            raise ValueError(f'punctuation must be one of {tuple(_PUNCTUATION)}, got '
                             f'{punctuation!r}; choose what happens to punctuation marks.')
        if max_words is not None and max_words < 1:
            raise ValueError(f'max_words must be at least 1 word or None for all words, got '
                             f'{max_words}; set a positive number.')
        self.modality, self.lower, self.max_words = modality, lower, max_words
        self.punctuation = punctuation

    def transform(self, results: dict) -> dict:
        """Clean the text of one sample.

        Args:
            results: Holds ``modalities``.

        Returns:
            ``results`` with the cleaned ``text`` in the stream.
        """
        stream = results['modalities'].get(self.modality)
        if stream is not None:
            stream['text'] = self.clean(stream['text'])
        return results

    def clean(self, text: str) -> str:
        """Clean a text.

        Args:
            text: Any text.

        Returns:
            Its words, parted by single spaces; an empty text if there is none.
        """
        for pattern, replacement in _PUNCTUATION[self.punctuation]:
            text = re.sub(pattern, replacement, text)
        words = (text.lower() if self.lower else text).split()
        return ' '.join(words[:self.max_words])


@TRANSFORMS.register_module()
class Tokenize(StreamLoader):
    """Turn a text into token ids with the special tokens at both ends.

    Once per process the vocabulary is read, and each text tokenised (100,000 are kept). A sample
    without the stream passes unchanged.

    Adds to ``inputs``: stream name -> int64 (L,), not padded; ``TokenPreprocessor`` pads a batch.

    Args:
        modality: Name of the stream, which has ``text``.
        tokenizer: Folder with ``vocab.txt`` (BERT) or ``vocab.json`` and ``merges.txt`` (CLIP), or
            with a ``tokenizer.json``; or the name of a tokenizer on the Hugging Face hub.
        kind: ``'bert'`` (WordPiece, [CLS] ... [SEP]) or ``'clip'`` (byte pairs,
            <|startoftext|> ... <|endoftext|>).
        max_length: Largest number of ids, special tokens included, at least 3.
        truncation: Whether longer texts are cut, in front of the last special token. False is
            the behaviour of the authors' code, which names a length and cuts nothing.
        download: Whether a hub name that is not in the local cache may be downloaded.

    Raises:
        FileNotFoundError: If there is no such folder or cached name and ``download`` is False.
        ValueError: If an argument is out of range, or the tokenizer knows no word.
    """

    def __init__(self, modality: str = 'text', *, tokenizer: str, kind: str = 'bert',
                 max_length: int = 30, truncation: bool = True, download: bool = False) -> None:
        if kind not in _CLASSES:
            raise ValueError(f'kind must be one of {tuple(_CLASSES)}, got {kind!r}; name the '
                             'family of the tokenizer.')
        if max_length < 3:
            raise ValueError('max_length must be at least 3, two special tokens and one of the '
                             f'text, got {max_length}; raise it.')
        super().__init__(modality)
        self.tokenizer, self.kind = str(tokenizer), kind
        self.max_length = max_length if truncation else None
        self.download = download
        # A missing folder shall stop the run here, not in a worker in the middle of it.
        load_tokenizer(self.tokenizer, kind, self.max_length, download)

    def load(self, stream: dict) -> np.ndarray:
        """Tokenise the text of one sample.

        Args:
            stream: Holds ``text``.

        Returns:
            Token ids, int64 (L,).
        """
        return _token_ids(stream['text'], self.tokenizer, self.kind, self.max_length,
                          self.download).copy()


@lru_cache(maxsize=_TEXTS_KEPT)
def _token_ids(text: str, *arguments: Any) -> np.ndarray:
    return np.array(load_tokenizer(*arguments).encode(text).ids, dtype=np.int64)


@lru_cache(maxsize=None)
def load_tokenizer(source: str, kind: str, max_length: int | None, download: bool) -> Any:
    """Load a tokenizer, once per process.

    Args:
        source: Folder or hub name.
        kind: ``'bert'`` or ``'clip'``.
        max_length: Number of ids to which it cuts, special tokens included; None cuts nothing.
        download: Whether a hub name that is not in the local cache may be downloaded.

    Returns:
        A ``tokenizers.Tokenizer``. Its ``encode`` gives what transformers' own call gives, in half
        the time and without threads, which would not survive the fork of loader workers.

    Raises:
        FileNotFoundError: If there is no such folder or cached name and ``download`` is False.
        ValueError: If the tokenizer knows no word.
    """
    import transformers
    try:
        loaded = getattr(transformers, _CLASSES[kind]).from_pretrained(
            source, local_files_only=not download)
    except OSError as error:
        raise _absent(source, download) from error
    tokenizer = loaded.backend_tokenizer
    if not _knows_words(tokenizer, loaded.all_special_tokens, loaded.unk_token_id):
        raise _empty(source, kind) if Path(source).is_dir() else _absent(source, download)
    if max_length is not None:
        tokenizer.enable_truncation(max_length)
    return tokenizer


def _knows_words(tokenizer: Any, special: list[str], unknown: int) -> bool:
    # transformers 5 takes files that it does not find for an empty vocabulary and says nothing.
    words = [word for word in sorted(tokenizer.get_vocab()) if word not in special]
    probe = ' '.join(word for word in words if not word.startswith('##'))[:_PROBE_CHARACTERS]
    ids = tokenizer.encode(probe, add_special_tokens=False).ids
    return any(number != unknown for number in ids)


def _empty(source: str, kind: str) -> ValueError:
    return ValueError(
        f'tokenizer {source!r} knows no word: every token would be unknown. A folder for '
        f'kind={kind!r} must hold vocab.txt (bert) or vocab.json and merges.txt (clip), or a '
        'tokenizer.json; check the folder and the kind.')


def _absent(source: str, download: bool) -> FileNotFoundError:
    tried = ('its download failed' if download
             else 'no download is tried unless download=True is set')
    return FileNotFoundError(
        f'tokenizer {source!r} is neither a folder nor a name in the local cache of the Hugging '
        f'Face hub, and {tried}. Give the folder of a tokenizer, or train a vocabulary with '
        '`python tools/data/make_vocabulary.py`.')
