"""Train a small vocabulary on the texts of a data set. ``--help`` shows the options."""
from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if (ROOT / 'projects' / 'bss').is_dir():
    sys.path.insert(0, str(ROOT))

from projects.bss.datasets import CleanText
from projects.bss.datasets.annotations import read_rows
from projects.bss.datasets.sarcasm import read_items

BERT_SPECIALS = ('[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]')
CLIP_SPECIALS = ('<|startoftext|>', '<|endoftext|>')
CLIP_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"
END_OF_WORD = '</w>'
COLUMNS = {'.tsv': 'String', '.csv': 'text', '.json': 'text'}
"""Where the text stands in an annotation file, by its suffix, unless --column says otherwise."""

DESCRIPTION = """Train a small vocabulary on the texts of a data set, so that a text encoder with
random weights can be trained without any download.

ANNOTATIONS are .tsv or .csv files with a header, .json lists of objects, or .txt files of one text
a line; name those of the training split only. The folder that is written is what
Tokenize(tokenizer=FOLDER) reads: vocab.txt for BERT, vocab.json and merges.txt for CLIP.

Exit status: 0, or 2 after an error in the arguments or the files.
"""


def read_texts(path: Path, column: str | None) -> Iterator[str]:
    """Read the texts of an annotation file.

    Args:
        path: A ``.tsv``, ``.csv``, ``.json`` or ``.txt`` file.
        column: Name of the column or key that holds the text; None takes the one of ``COLUMNS``.

    Yields:
        The texts, in the order of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file cannot be read as what its suffix says.
    """
    if not path.is_file():
        raise FileNotFoundError(f'ANNOTATIONS names {path}, but there is no such file; name the '
                                'annotation files of the training split.')
    if path.suffix == '.txt':
        yield from path.read_text(encoding='utf-8').splitlines()
        return
    if path.suffix not in COLUMNS:
        raise ValueError(f'ANNOTATIONS must be .tsv, .csv, .json or .txt files, got {path}; write '
                         'the texts into a .txt file, one a line.')
    name = column or COLUMNS[path.suffix]
    if path.suffix == '.json':
        yield from (item[name] for item in read_items(path, {name: str}))
        return
    table = path.suffix == '.tsv'
    for _, row in read_rows(path, [name], delimiter='\t' if table else ',', header=True,
                            quoted=not table):
        yield row[name]


def write_bert(texts: Sequence[str], size: int, out: Path) -> int:
    """Train WordPiece and write ``vocab.txt``.

    Args:
        texts: The texts.
        size: Largest number of tokens.
        out: Folder to be made.

    Returns:
        Number of tokens.
    """
    from tokenizers import BertWordPieceTokenizer
    tokenizer = BertWordPieceTokenizer()
    letters = sorted({letter for text in texts for letter in tokenizer.normalize(text)} - {' '})
    # Left to itself the trainer numbers the parts of words at random, and breaks ties by number.
    tokenizer.train_from_iterator(
        texts, vocab_size=size, min_frequency=2, show_progress=False,
        special_tokens=[*BERT_SPECIALS, *letters, *(f'##{letter}' for letter in letters)])
    tokenizer.save_model(str(out))
    return tokenizer.get_vocab_size()


def write_clip(texts: Sequence[str], size: int, out: Path) -> int:
    """Train byte pairs and write ``vocab.json`` and ``merges.txt``, ordered as CLIP's are.

    Args:
        texts: The texts.
        size: Largest number of tokens; all bytes, within and at the end of words, are among them.
        out: Folder to be made.

    Returns:
        Number of tokens; the last one is the end token.

    Raises:
        ValueError: If ``size`` leaves no room for pairs.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = letters + [letter + END_OF_WORD for letter in letters]
    room = size - len(tokens) - len(CLIP_SPECIALS)
    if room < 1:
        raise ValueError(f'--size must be larger than {size - room} for a vocabulary of CLIP, '
                         f'which holds every byte twice, got {size}; raise it.')
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix=END_OF_WORD))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(CLIP_WORDS), 'removed', invert=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=size, min_frequency=2, show_progress=False, special_tokens=tokens,
        end_of_word_suffix=END_OF_WORD))
    tokenizer.model.save(str(out))
    version, *merges = (out / 'merges.txt').read_text(encoding='utf-8').splitlines()
    merges = merges[:room]
    (out / 'merges.txt').write_text('\n'.join([version, *merges]) + '\n', encoding='utf-8')
    tokens += [merge.replace(' ', '') for merge in merges] + list(CLIP_SPECIALS)
    vocabulary = {token: number for number, token in enumerate(tokens)}
    (out / 'vocab.json').write_text(json.dumps(vocabulary, ensure_ascii=False), encoding='utf-8')
    return len(vocabulary)


WRITERS = dict(bert=write_bert, clip=write_clip)


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        The parsed arguments.
    """
    parser = argparse.ArgumentParser(description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('annotations', metavar='ANNOTATIONS', nargs='+', type=Path,
                        help='files of the training split')
    parser.add_argument('--out', type=Path, required=True, help='folder to be written')
    parser.add_argument('--kind', choices=tuple(WRITERS), default='bert',
                        help='family of the tokenizer (bert)')
    parser.add_argument('--size', type=int, default=8000, help='largest number of tokens (8000)')
    parser.add_argument('--column', help='column or key of the text (String in a .tsv, else text)')
    parser.add_argument('--punctuation', choices=('remove', 'space', 'keep'), default='remove',
                        help='as CleanText of the pipeline has it (remove)')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        Exit status: 0, or 2 after an error in the arguments or the files.
    """
    args = parse_args(argv)
    clean = CleanText(punctuation=args.punctuation, max_words=None).clean
    try:
        texts = [clean(text) for path in args.annotations for text in read_texts(path, args.column)]
        args.out.mkdir(parents=True, exist_ok=True)
        size = WRITERS[args.kind](texts, args.size, args.out)
    except (ValueError, OSError) as error:
        print(f'make_vocabulary: {error}', file=sys.stderr)
        return 2
    print(f'{args.out}: {size} tokens from {len(texts)} texts. A network with random weights takes '
          f'config=dict(vocab_size={size}).')
    return 0


if __name__ == '__main__':
    sys.exit(main())
