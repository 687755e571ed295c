"""One ordered pass over the training set that measures every sample and touches nothing."""
from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from typing import Any, Callable, Iterator, Mapping, Sequence

import torch
from mmengine.dist import all_reduce, get_dist_info
from torch import Tensor, nn
from torch.utils.data import DataLoader

from projects.bss.datasets.samplers import BalanceSampler
from projects.bss.functional.measure import FUSED
from projects.bss.functional.transfer import send

from .criteria import ModelOutputs
from .dataset_view import original_index
from .measurer import BalanceMeasurer
from .probe import LogitsProbe
from .randomness import untouched_randomness
from .replay import Replay

Measure = Callable[[dict[str, Any]], Tensor]
_BATCHES_BETWEEN_READS = 16


def labels_of(data_samples: Sequence[Any]) -> Tensor:
    """Read the class indices of a batch.

    Args:
        data_samples: N data samples of mmaction2 (``gt_labels.item`` or ``gt_label``) or
            mmpretrain (``gt_label``).

    Returns:
        Class indices, shape (N,), int64.

    Raises:
        ValueError: If a sample has no single class.
    """
    labels = [sample.gt_labels.item if hasattr(sample, 'gt_labels') else sample.gt_label
              for sample in data_samples]
    labels = [label if isinstance(label, Tensor) else label.label for label in labels]
    if any(label.numel() != 1 for label in labels):
        raise ValueError('Balance scores need one class per sample, but a data sample has '
                         f'{max(label.numel() for label in labels)} label entries: switch off '
                         'label mixing in the scored view.')
    return torch.stack([label.reshape(()) for label in labels])


def present_of(data_samples: Sequence[Any],
               logits: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
    """Read which modalities the samples of a batch have.

    Args:
        data_samples: N data samples, those that lack modalities with their names in the
            metainfo ``absent``.
        logits: Logits by stream, which give the names of the modalities and the device.

    Returns:
        Where each modality is there, bool, shape (N,) each; None if nothing is absent.
    """
    absent = [sample.get('absent', ()) for sample in data_samples]
    if not any(absent):
        return None
    return {name: send(torch.tensor([name not in gone for gone in absent]), rows.device)
            for name, rows in logits.items() if name != FUSED}


def own_rows(dataset: Any, positions: Sequence[int], data_samples: Sequence[Any]) -> list[int]:
    """Find the rows of a batch that hold the samples asked for.

    A data set may put another sample in the place of an unreadable one; that sample's
    ``sample_idx`` gives it away, and its criteria must not be written to the unreadable one.

    Args:
        dataset: The data set.
        positions: Dataset positions asked for, in the order of the batch.
        data_samples: Data samples received. Without a ``sample_idx`` they are trusted.

    Returns:
        Rows to keep.
    """
    return [
        row for row, (position, sample) in enumerate(zip(positions, data_samples))
        if sample.get('sample_idx', None) in (None, original_index(dataset, position))
    ]


def scoring_loader(loader: DataLoader, dataset: Any, batch_size: int,
                   keep_workers: bool = False) -> DataLoader:
    """Make a loader that visits this rank's share of a data set once, in order.

    The share of a late rank may end with a sample of an early one, so that all ranks run equally
    many batches: a model that is sharded over the ranks computes on none of them alone.

    Args:
        loader: The training loader, whose workers and collation are taken over.
        dataset: View of the training set to read.
        batch_size: Samples per batch.
        keep_workers: Whether workers outlive a pass, if those of the training loader outlive an
            epoch. To start them takes as long as some batches: whatever they share with this
            process has to be copied before it is written to.

    Returns:
        Loader with a random stream of its own.
    """
    return DataLoader(
        dataset,
        batch_size=batch_size,
        sampler=BalanceSampler(dataset, shuffle=False, seed=0),
        num_workers=loader.num_workers,
        collate_fn=loader.collate_fn,
        pin_memory=loader.pin_memory,
        multiprocessing_context=loader.multiprocessing_context,
        persistent_workers=keep_workers and loader.persistent_workers,
        generator=torch.Generator().manual_seed(0))


def measure_dataset(model: nn.Module, loader: DataLoader, measure: Measure, num_values: int,
                    mode: str = 'eval') -> tuple[Tensor, Tensor]:
    """Compute values of every sample of a data set.

    Parameters, buffers, random streams and train/eval modes are left as they were.

    Args:
        model: The model without a parallel wrapper, with mmengine's ``data_preprocessor``.
        loader: Loader made by :func:`scoring_loader`.
        measure: Computes from a preprocessed batch of N samples their values, shape
            (num_values, N); called without gradient.
        num_values: Number of values of a sample.
        mode: ``'eval'``, or ``'train'``, where dropout is active and BatchNorm uses batch
            statistics and moves its running ones, the only thing in this package by which scoring
            touches a model.

    Returns:
        Positions measured, shape (k,), int64, ascending and the same on all ranks; and values,
        shape (num_values, k), float32.

    Raises:
        RuntimeError: If no sample carries the ``sample_idx`` of its position.
    """
    dataset = loader.dataset
    table = _Table(num_values, len(dataset))  # type: ignore[arg-type]
    with untouched_randomness(), _mode_of(model, mode == 'train'), torch.no_grad():
        positions, left = iter(loader.sampler), _own_count(dataset)
        for batch in loader:
            samples = batch['data_samples']
            own = list(islice(positions, min(len(samples), left)))
            left -= len(own)
            values = measure(model.data_preprocessor(batch, False))  # type: ignore[operator]
            rows = own_rows(dataset, own, samples)
            table.add(values, rows, [own[row] for row in rows])
        table.flush()
    all_reduce(table.content)
    measured = torch.nonzero(table.content[-1]).flatten()
    if not len(measured):
        raise RuntimeError(
            f'None of the {len(dataset)} training samples could be scored, '  # type: ignore
            'because none carries the `sample_idx` of its position: the data set returns other '
            'samples than it is asked for, or wraps another one in a way that is not known here. '
            'Leave `sample_idx` out of the packed metainfo, or use mmengine\'s wrappers.')
    return measured, table.content[:-1, measured]


class _Table:
    """Values of all samples, and in the last row 1 for those that were measured.

    To read them after each batch would let an accelerator idle until it has the next one.
    """

    def __init__(self, num_values: int, size: int) -> None:
        self.content = torch.zeros(num_values + 1, size)
        self._clear()

    def add(self, values: Tensor, rows: Sequence[int], columns: Sequence[int]) -> None:
        """Keep the values of a batch, shape (num_values, N), some rows of which have a column."""
        self._rows += [self._count + row for row in rows]
        self._columns += columns
        self._values.append(values)
        self._count += values.shape[1]
        if len(self._values) == _BATCHES_BETWEEN_READS:
            self.flush()

    def flush(self) -> None:
        """Read the values that were kept."""
        if self._values:
            values = torch.cat(self._values, dim=1).cpu()
            self.content[:-1, self._columns] = values[:, self._rows].to(self.content)
            self.content[-1, self._columns] = 1
            self._clear()

    def _clear(self) -> None:
        self._rows: list[int] = []
        self._columns: list[int] = []
        self._values: list[Tensor] = []
        self._count = 0


def score_dataset(model: nn.Module, loader: DataLoader, probe: LogitsProbe,
                  measurer: BalanceMeasurer, mode: str = 'eval') -> tuple[Tensor, Tensor]:
    """Measure the criteria of every sample of a data set, see :func:`measure_dataset`.

    Args:
        model: The model without a parallel wrapper, with mmengine's ``data_preprocessor``.
        loader: Loader made by :func:`scoring_loader`.
        probe: Probe on the model.
        measurer: Criteria to compute.
        mode: ``'eval'``, or ``'train'`` for what the authors' code does.

    Returns:
        Positions measured, shape (k,), int64, ascending and the same on all ranks; and rows
        correlation and information, shape (2, k), float32.
    """

    def measure(data: dict[str, Any]) -> Tensor:
        model(**data, mode='loss')
        samples = data['data_samples']
        logits, features = probe.take(len(samples))
        labels = send(labels_of(samples), next(iter(logits.values())).device)
        return measurer.measure(ModelOutputs(logits, features, labels,
                                             present_of(samples, logits),
                                             Replay(model, probe, data)))

    return measure_dataset(model, loader, measure, 2, mode)


def _own_count(dataset: Any) -> int:
    rank, world_size = get_dist_info()
    return len(range(rank, len(dataset), world_size))


@contextmanager
def _mode_of(model: nn.Module, training: bool) -> Iterator[None]:
    modes = {module: module.training for module in model.modules()}
    model.train(training)
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode
