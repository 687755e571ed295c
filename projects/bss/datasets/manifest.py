"""The manifest of a data root: what it holds, written down and compared.

``manifest.json`` is written by ``tools/data/<dataset>/prepare.py``. Training compares the samples
it reads with it, so that a changed data set is named and not silently used.
"""
from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from projects.bss.datasets.base import MultiModalDataset

MANIFEST_NAME = 'manifest.json'
FORMAT = 1
"""Version of what a manifest holds."""
FAULT_KINDS = ('missing', 'unreadable', 'short', 'seek', 'silent')
"""What may be wrong with a stream; the first two make an item useless."""
_NAMED_AT_MOST = 5
_HASH_DIGITS = 12
_BLOCK = 1 << 20
# Where a stream lies, and noise that a config asks for, are no part of what is annotated.
_NOT_ANNOTATED = ('path', 'degrade', 'babble')

Group = list[str]
"""Ids of items that have something in common."""


@dataclass(frozen=True)
class StreamReport:
    """What was found of one stream of one item.

    Args:
        digest: SHA-256 of its content, empty if there is none.
        faults: Pairs of a kind of ``FAULT_KINDS`` and a sentence.
    """

    digest: str
    faults: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class PaperNumbers:
    """What a publication says about a split; None and empty where it says nothing.

    Args:
        items: Number of items.
        classes: Number of items by class name.
    """

    items: int | None = None
    classes: Mapping[str, int] = field(default_factory=dict)


def describe_split(dataset: MultiModalDataset, reports: Sequence[Mapping[str, StreamReport]],
                   sources: Sequence[str], paper: PaperNumbers) -> dict[str, Any]:
    """Describe one split.

    Args:
        dataset: The split, also the items whose files are missing.
        reports: What was found of each item, by modality.
        sources: Subject or recording that each item comes from, empty where unknown.
        paper: Published numbers.

    Returns:
        Counts, hashes and ids, of plain types.
    """
    records = [dataset.get_data_info(position) for position in range(len(dataset))]
    ids = [record['clip_id'] for record in records]
    names = dataset.metainfo['classes']
    counts = Counter(record['gt_label'] for record in records)
    return dict(
        annotation_file=annotation_name(dataset), sha256=file_hash(dataset.ann_file),
        items=len(records), paper_items=paper.items,
        classes={name: counts[label] for label, name in enumerate(names)},
        paper_classes=dict(paper.classes),
        fingerprint=dataset.fingerprint(),
        streams={name: _stream_fingerprint(records, name) for name in dataset.modalities},
        content={name: _content_hash(ids, [report[name].digest for report in reports])
                 for name in dataset.modalities},
        **{kind: _faults(ids, reports, kind) for kind in FAULT_KINDS},
        listed_twice=sorted(name for name, count in Counter(ids).items() if count > 1),
        duplicates=_groups(ids, (_whole_digest(report) for report in reports)),
        same_content={name: _groups(ids, (report[name].digest for report in reports))
                      for name in dataset.modalities},
        sources=sorted(set(filter(None, sources))),
        labels=[[name, record['gt_label']] for name, record in zip(ids, records)])


def describe_overlap(splits: Mapping[str, dict[str, Any]],
                     digests: Mapping[str, Sequence[Mapping[str, StreamReport]]],
                     names: Sequence[str]) -> dict[str, Any]:
    """Tell what the splits of one protocol share.

    Args:
        splits: Descriptions by split.
        digests: What was found of each item, by split.
        names: The splits of the protocol.

    Returns:
        Sources and ids that occur in several of the splits, and for each modality the groups of
        items (``'split/id'``) of several splits that have the same content.
    """
    ids = {name: [entry[0] for entry in splits[name]['labels']] for name in names}
    everything = [f'{name}/{item}' for name in names for item in ids[name]]
    reports = [report for name in names for report in digests[name]]
    modalities = list(splits[names[0]]['streams'])
    return dict(
        splits=list(names),
        shared_sources=_in_several(splits[name]['sources'] for name in names),
        shared_items=_in_several(ids.values()),
        shared_content={
            name: [group for group in
                   _groups(everything, (report[name].digest for report in reports))
                   if len({member.partition('/')[0] for member in group}) > 1]
            for name in modalities})


def whole_content(splits: Mapping[str, dict[str, Any]]) -> str:
    """Digest of everything in a data root: ids, labels and the content of all files.

    Args:
        splits: Descriptions by split.

    Returns:
        64 hexadecimal digits that depend neither on paths nor on the order of a list.
    """
    entries = [[name, split['content'], sorted(split['labels'])]
               for name, split in sorted(splits.items())]
    return hashlib.sha256(json.dumps(entries).encode()).hexdigest()


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file.

    Args:
        path: The file.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        for block in iter(lambda: file.read(_BLOCK), b''):
            digest.update(block)
    return digest.hexdigest()


def read_manifest(data_root: str | Path) -> dict[str, Any] | None:
    """Read the manifest of a data root.

    Args:
        data_root: Root of the data set.

    Returns:
        The manifest, or None if there is none.

    Raises:
        ValueError: If the file is not a manifest.
    """
    path = Path(data_root) / MANIFEST_NAME
    if not data_root or not path.is_file():
        return None
    try:
        manifest = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path} is not a manifest ({error}): write it again with the prepare.py '
                         'of the data set, or remove it.') from error
    if not isinstance(manifest, dict) or manifest.get('format') != FORMAT:
        raise ValueError(f'{path} is not a manifest of this version: write it again with the '
                         'prepare.py of the data set, or remove it.')
    return manifest


def describe_identity(dataset: MultiModalDataset) -> dict[str, Any]:
    """Say which data a data set reads, and compare it with the manifest of its root.

    Args:
        dataset: The data set.

    Returns:
        ``fingerprint`` of the samples, ``variant`` (empty without a manifest), ``content`` (digest
        by modality, as the manifest has it), ``summary`` (a sentence) and ``changes`` (a sentence
        for each difference between the manifest and the samples).
    """
    fingerprint, reader = dataset.fingerprint(), type(dataset).__name__
    manifest = read_manifest(dataset.data_root)
    split = _split_of(manifest, dataset)
    found = dict(fingerprint=fingerprint, variant='', content={}, changes=[])
    digits = fingerprint[:_HASH_DIGITS]
    if manifest is None or split is None:
        lacking = f'there is no {MANIFEST_NAME}' if manifest is None else \
            f'{MANIFEST_NAME} does not list this split'
        return found | dict(
            summary=f'{reader} reads {len(dataset)} samples of {annotation_name(dataset)} with '
                    f'fingerprint {digits}; {lacking} in its data root '
                    f'{str(dataset.data_root)!r}.')
    return found | dict(
        variant=manifest['variant'], changes=compare(split, dataset),
        content={name: split['content'][name] for name in dataset.modalities
                 if name in split['content']},
        summary=f'{reader} reads {len(dataset)} of the {split["items"]} samples of '
                f'{annotation_name(dataset)} in {manifest["dataset"]}, variant '
                f'{manifest["variant"]}, with fingerprint {digits}.')


def compare(split: Mapping[str, Any], dataset: MultiModalDataset) -> list[str]:
    """Name what differs between a split's description and the samples that are read now.

    Samples that a reader leaves out of an unchanged annotation file are no difference: it was
    asked to, or it named their missing files.

    Args:
        split: Description of the split.
        dataset: The data set.

    Returns:
        Sentences; none if nothing differs.
    """
    records = [dataset.get_data_info(position) for position in range(len(dataset))]
    then = [(name, label) for name, label in split['labels']]
    now = [(record['clip_id'], record['gt_label']) for record in records]
    digest, changes = file_hash(dataset.ann_file), []
    if digest != split['sha256']:
        changes = [f'{annotation_name(dataset)} is another file (sha256 {digest[:_HASH_DIGITS]}, '
                   f'in the manifest {split["sha256"][:_HASH_DIGITS]}).',
                   _named(_lost(then, now), 'In the manifest but not read now')]
    if then == now:
        changes += [f'The streams of {name!r} are annotated otherwise (frames, text or values).'
                    for name in dataset.modalities
                    if split['streams'].get(name) not in (None, _stream_fingerprint(records, name))]
    return [change for change in changes + _label_changes(then, now) if change]


def annotation_name(dataset: MultiModalDataset) -> str:
    """Name the annotation file of a data set as manifests do.

    Args:
        dataset: The data set.

    Returns:
        Its address below the data root, or its file name if it lies elsewhere.
    """
    path = Path(dataset.ann_file)
    root = Path(dataset.data_root or '')
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _split_of(manifest: dict[str, Any] | None, dataset: MultiModalDataset) -> dict | None:
    splits = {} if manifest is None else manifest['splits']
    name = annotation_name(dataset)
    fitting = [found for found in splits.values() if found['annotation_file'] == name]
    # One file may hold several splits: the one that shares most with what is read is meant.
    now = {dataset.get_data_info(position)['clip_id'] for position in range(len(dataset))}
    return max(fitting, default=None,
               key=lambda found: len(now.intersection(item for item, _ in found['labels'])))


def _lost(then: Sequence[tuple], now: Sequence[tuple]) -> list[str]:
    counts = Counter(name for name, _ in then) - Counter(name for name, _ in now)
    return list(counts.elements())


def _label_changes(then: Sequence[tuple], now: Sequence[tuple]) -> list[str]:
    labels, changed = dict(then), set(now) - set(then)
    relabelled = sorted(f'{name} ({labels[name]}, now {label})' for name, label in changed
                        if name in labels)
    return [_named(_lost(now, then), 'Read now but not in the manifest'),
            _named(relabelled, 'With another label')]


def _named(names: Sequence[str], what: str) -> str:
    if not names:
        return ''
    more = ', ...' if len(names) > _NAMED_AT_MOST else ''
    return f'{what} (number of ids: {len(names)}): {", ".join(names[:_NAMED_AT_MOST])}{more}.'


def _stream_fingerprint(records: Sequence[dict], name: str) -> str:
    digest = hashlib.sha256()
    for record in records:
        stream = record['modalities'][name]
        described = {key: value for key, value in stream.items()
                     if key not in _NOT_ANNOTATED}
        digest.update(json.dumps([record['clip_id'], described], sort_keys=True).encode())
    return digest.hexdigest()


def _content_hash(ids: Sequence[str], digests: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(sorted(zip(ids, digests))).encode()).hexdigest()


def _faults(ids: Sequence[str], reports: Sequence[Mapping[str, StreamReport]],
            kind: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item, report in zip(ids, reports):
        texts = [text for stream in report.values() for fault, text in stream.faults
                 if fault == kind]
        if texts:
            found[item] = texts
    return found


def _whole_digest(report: Mapping[str, StreamReport]) -> str:
    digests = [stream.digest for stream in report.values()]
    return '/'.join(digests) if all(digests) else ''


def _groups(ids: Sequence[str], digests: Iterable[str]) -> list[Group]:
    members: dict[str, set[str]] = defaultdict(set)
    for item, digest in zip(ids, digests):
        if digest:
            members[digest].add(item)
    return sorted(sorted(group) for group in members.values() if len(group) > 1)


def _in_several(parts: Iterable[Iterable[str]]) -> list[str]:
    counts = Counter(name for part in parts for name in set(part))
    return sorted(name for name, count in counts.items() if count > 1)
