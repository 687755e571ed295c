"""Common base of the multi-modal data sets."""
from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from torch import Tensor

from projects.bss.datasets.errors import UnreadableSampleError
from projects.bss.datasets.manifest import describe_identity
from projects.bss.datasets.masking import (count_by_modality, is_absent, is_blank, lacking,
                                           without_streams)
from projects.bss.datasets.seeding import ViewSeed

_POLICIES = ('raise', 'skip', 'mask')
_NAMED_AT_MOST = 5


class MultiModalDataset(BaseDataset):
    """Samples whose modalities are named streams.

    ``load_data_list`` of a data set returns records of the form
    ``{'modalities': {name: {...}}, 'gt_label': int, 'clip_id': str}``. A stream that lives in a
    file gives its address as ``'path'``; everything else in it (format, frame range, text) is up
    to the data set and its transforms. All files are looked for once, when the annotations are
    loaded.

    A data set sets ``obtain`` (a sentence: where it comes from), ``substitute_command`` (writes a
    stand-in) and ``derive_commands`` (modality name -> command that computes its files, where
    ``{data_root}`` is filled in), which the errors about missing files quote.

    Args:
        modalities: Names of the streams to load, in the order of the model; at least one.
        on_error: What happens to a sample that cannot be read. ``'raise'`` stops with a sentence.
            ``'skip'`` leaves samples with missing files out when the annotations are loaded, and
            returns the next readable sample, under its own ``sample_idx``, in place of one that
            fails to decode; both are named in the log. ``'mask'`` keeps a sample as long as one
            of its streams can be read: an absent stream (its file missing or not decoding, its
            text empty, or ``absent=True`` in its record) is packed as zeros of the shape of a
            readable one, and the data sample names it in its metainfo ``absent``.
        **kwargs: Arguments of mmengine's ``BaseDataset``.

    Raises:
        ValueError: If ``modalities`` is empty, repeats a name or uses ``'fused'``, or if
            ``on_error`` is unknown.
        FileNotFoundError: If the annotation file or, with ``on_error='raise'``, any file of a
            used modality is missing.
    """

    obtain: str = ''
    substitute_command: str = ''
    derive_commands: dict[str, str] = {}

    def __init__(self, *, modalities: Sequence[str], on_error: str = 'raise',
                 **kwargs: Any) -> None:
        if on_error not in _POLICIES:
            raise ValueError(f'on_error must be one of {_POLICIES}, got {on_error!r}; choose '
                             "'raise' to stop at an unreadable sample, 'skip' to go on without "
                             "it, or 'mask' to go on without what is absent of it.")
        self.modalities = _checked_modalities(modalities)
        self.on_error = on_error
        self._logged: set[str] = set()
        self._view_seed = ViewSeed()
        self._unreadable: dict[int, tuple[str, ...]] = {}
        self._blanks: tuple[Any, dict[str, Tensor]] = (None, {})
        super().__init__(**kwargs)

    def seed_views(self, seed: int, epoch: int) -> None:
        """Make random transforms a function of (seed, epoch, position) from here on.

        A resumed run then sees the very crops of the uninterrupted one, with any number of worker
        processes.

        Args:
            seed: Seed of the run, >= 0.
            epoch: Epoch, counted from 0.
        """
        self._view_seed.set(seed, epoch)

    def fingerprint(self) -> str:
        """Digest of the annotations: ids, labels and frame ranges, but no paths.

        Returns:
            64 hexadecimal digits, equal on every machine that holds the same samples in the same
            order, with the same streams absent when the annotations were loaded.
        """
        digest = hashlib.sha256()
        for position in range(len(self)):
            record = self.get_data_info(position)
            streams = {name: {key: value for key, value in stream.items() if key != 'path'}
                       for name, stream in record['modalities'].items()}
            entry = [record['clip_id'], record['gt_label'], streams, *record.get('absent', ())]
            digest.update(json.dumps(entry, sort_keys=True).encode())
        return digest.hexdigest()

    def describe_identity(self) -> dict[str, Any]:
        """Say which data is read, and compare it with the manifest of the data root.

        Returns:
            ``fingerprint``, ``variant``, ``content``, ``summary`` and ``changes``, as
            ``projects.bss.datasets.manifest.describe_identity`` has them.
        """
        return describe_identity(self)

    def filter_data(self) -> list[dict]:
        """Look for the files of every sample, once.

        Returns:
            The records whose files all exist; with ``on_error='mask'`` those of which any is
            there, with the names of the others in ``absent``.

        Raises:
            FileNotFoundError: If files are missing and ``on_error='raise'``, if no sample is
                complete, or, with ``on_error='mask'``, if no sample has a certain modality.
        """
        missing = [(record, name) for record in self.data_list
                   for name in self._missing_streams(record)]
        if not missing:
            return self.data_list
        if self.on_error == 'mask':
            return self._mark_absent(missing)
        incomplete = {id(record): record['clip_id'] for record, _ in missing}
        complete = [record for record in self.data_list if id(record) not in incomplete]
        if self.on_error == 'raise' or not complete:
            raise FileNotFoundError(self._missing_files_message(missing))
        print_log(f'{type(self).__name__} leaves out {len(incomplete)} of {len(self.data_list)} '
                  f'samples with missing files: {", ".join(incomplete.values())}.',
                  logger='current', level=logging.WARNING)
        return complete

    def _missing_streams(self, record: dict) -> list[str]:
        return [name for name, stream in record['modalities'].items()
                if is_absent(stream) or self.on_error == 'mask' and is_blank(stream)]

    def _mark_absent(self, missing: list[tuple[dict, str]]) -> list[dict]:
        for record, name in missing:
            record.setdefault('absent', []).append(name)
        kept = [record for record in self.data_list
                if len(record.get('absent', ())) < len(record['modalities'])]
        for name in self.modalities:
            if all(name in record.get('absent', ()) for record in kept):
                raise FileNotFoundError(self._missing_files_message(
                    [(record, gone) for record, gone in missing if gone == name]))
        print_log(f'{type(self).__name__} masks absent modalities of {len(self.data_list)} '
                  f'samples: {count_by_modality(name for _, name in missing)}. It leaves out '
                  f'{len(self.data_list) - len(kept)} samples that have none.',
                  logger='current', level=logging.WARNING)
        return kept

    def prepare_data(self, idx: int) -> Any:
        """Run the pipeline on one sample.

        Args:
            idx: Position of the sample.

        Returns:
            What the last transform of the pipeline returns.

        Raises:
            UnreadableSampleError: If a file of the sample cannot be read; the message names the
                sample and the file.
        """
        try:
            packed = self._read(idx, self._absent(idx))
        except UnreadableSampleError as error:
            if self.on_error == 'mask' and self._mask_unreadable(idx):
                return self.prepare_data(idx)
            clip_id = self.get_data_info(idx)['clip_id']
            raise UnreadableSampleError(
                f'Sample {idx} (clip {clip_id!r}) of {type(self).__name__} cannot be read: '
                f"{error} Restore the file, or set on_error='skip' to go on without it, or 'mask' "
                'to go on with what else there is of the sample.') from error
        return self._fill(packed)

    def _read(self, idx: int, without: Sequence[str]) -> Any:
        """Run the pipeline on the streams of one sample but some."""
        with self._view_seed.of_sample(idx):
            return self.pipeline(without_streams(self.get_data_info(idx), without))

    def _read_alone(self, idx: int, name: str) -> Any:
        return self._read(idx, [other for other in self.modalities if other != name])

    def _absent(self, idx: int) -> tuple[str, ...]:
        known = self.get_data_info(idx).get('absent', ()) if self.on_error == 'mask' else ()
        return (*known, *self._unreadable.get(idx, ()))

    def _mask_unreadable(self, idx: int) -> bool:
        """Find the streams of a sample that do not decode; tell whether others are left."""
        absent, faults = self._absent(idx), {}
        for name in self.modalities:
            if name not in absent:
                try:
                    self._read_alone(idx, name)
                except UnreadableSampleError as error:
                    faults[name] = str(error)
        if not faults or len(absent) + len(faults) == len(self.modalities):
            return False
        self._unreadable[idx] = (*self._unreadable.get(idx, ()), *faults)
        for name, fault in faults.items():
            self._log_once(f'Sample {idx} of {type(self).__name__} goes on without its '
                           f'{name!r}: {fault}')
        return True

    def _fill(self, packed: Any) -> Any:
        """Put zeros where the pipeline gave no input, and say so in the data sample."""
        absent = lacking(packed, self.modalities)
        if absent:
            packed['inputs'] = {name: self._blank(name) if name in absent
                                else packed['inputs'][name] for name in self.modalities}
            packed['data_samples'].set_metainfo(dict(absent=absent))
        return packed

    def _blank(self, name: str) -> Tensor:
        # A view of this data set with another pipeline may need another shape.
        if self._blanks[0] is not self.pipeline:
            self._blanks = (self.pipeline, {})
        blanks = self._blanks[1]
        if name not in blanks:
            blanks[name] = torch.zeros_like(self._first_readable(name))
        return blanks[name].clone()

    def _first_readable(self, name: str) -> Tensor:
        for idx in range(len(self)):
            if name not in self._absent(idx):
                try:
                    return self._read_alone(idx, name)['inputs'][name]
                except UnreadableSampleError as error:
                    self._log_once(str(error))
        raise FileNotFoundError(
            f'None of the {len(self)} samples of {type(self).__name__} has a {name!r} that can be '
            'read, so that the shape of an absent one is not known. Restore the files, or leave '
            f'{name!r} out of `modalities`.')

    def __getitem__(self, idx: int) -> Any:
        if self.on_error == 'raise':
            return super().__getitem__(idx)
        total = len(self)
        if not -total <= idx < total:
            raise IndexError(f'Sample {idx} was asked for, but {type(self).__name__} has {total} '
                             'samples: count from 0.')
        for step in range(total):
            try:
                return super().__getitem__((idx + step) % total)
            except UnreadableSampleError as error:
                self._log_once(f'{error} The next readable sample takes its place.')
        raise UnreadableSampleError(
            f'None of the {total} samples of {type(self).__name__} can be read; the log names '
            'every one of them. Restore the files.')

    def require_file(self, path: str | Path, role: str) -> None:
        """Check that a file without which the data set means nothing is there.

        Args:
            path: Address of the file.
            role: What the file is, as in ``'annotation file'``.

        Raises:
            FileNotFoundError: If there is no such file.
        """
        if not Path(path).is_file():
            raise FileNotFoundError(
                f'{type(self).__name__} cannot find its {role} {str(path)!r}. {self._remedy()}')

    def _log_once(self, message: str) -> None:
        if message not in self._logged:
            self._logged.add(message)
            print_log(message, logger='current', level=logging.WARNING)

    def _missing_files_message(self, missing: list[tuple[dict, str]]) -> str:
        named = ', '.join(repr(_address(*stream)) for stream in missing[:_NAMED_AT_MOST])
        more = ', ...' if len(missing) > _NAMED_AT_MOST else ''
        affected = [name for name in self.modalities if any(name == gone for _, gone in missing)]
        derive = ''.join(f'The files of {name!r} are computed with '
                         f'`{self.derive_commands[name].format(data_root=self.data_root)}`. '
                         for name in affected if name in self.derive_commands)
        skip = (" To go on without incomplete samples set on_error='skip', to keep what there is "
                "of them 'mask'.") if self.on_error == 'raise' else ''
        return (f'{type(self).__name__} misses {len(missing)} files of its {len(self.data_list)} '
                f'samples (modalities {", ".join(affected)}): {named}{more}. {derive}'
                f'{self._remedy()}{skip}')

    def _remedy(self) -> str:
        if not self.substitute_command:
            return self.obtain
        return (f'{self.obtain} To try everything without it, write generated data with '
                f'`{self.substitute_command}` and use the configs made for that.')


def _checked_modalities(modalities: Sequence[str]) -> tuple[str, ...]:
    names = tuple(modalities)
    if not names or len(set(names)) != len(names) or 'fused' in names:
        raise ValueError("modalities must be different names, at least one, and none may be "
                         f"'fused' (reserved for the fused stream), got {names}; correct the list.")
    return names


def _address(record: dict, name: str) -> str:
    return record['modalities'][name].get('path') or f'{name} of {record["clip_id"]}'
