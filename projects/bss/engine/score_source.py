"""Where criteria come from: a pass of its own, or the training forward passes themselves."""
from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Callable

import torch
from mmengine.dist import all_gather
from torch import Tensor, nn
from torch.utils.data import DataLoader

from projects.bss.datasets.samplers import BalanceSampler
from projects.bss.functional import closest_name
from projects.bss.functional.transfer import send

from .criteria import ModelOutputs
from .dataset_view import with_pipeline
from .hooks.resume_order_hook import batch_size_of
from .measurer import BalanceMeasurer
from .probe import LogitsProbe
from .score_table import ScoreTable
from .scoring import labels_of, own_rows, present_of, score_dataset, scoring_loader
from .wrapping import is_sharded

_HALF = dict(bfloat16=torch.bfloat16, float16=torch.float16)


class ScoreSource(ABC):
    """Base of the sources of criteria.

    Args:
        measurer: Criteria to measure.
    """

    first_epoch = 0

    def __init__(self, measurer: BalanceMeasurer) -> None:
        self.measurer = measurer

    def attach(self, runner: Any, model: nn.Module, probe: LogitsProbe,
               table: ScoreTable) -> None:
        """Connect to a run.

        Args:
            runner: The runner.
            model: The model without a parallel wrapper.
            probe: Probe on the model.
            table: Table to write to.
        """
        self.runner, self.model, self.probe, self.table = runner, model, probe, table

    def observe(self, sampler: BalanceSampler, data_batch: Any) -> None:
        """See a training batch after its forward pass and before the cursor moves.

        Args:
            sampler: The sampler that drew the batch.
            data_batch: The batch as the loader returned it.
        """

    def flush(self) -> None:
        """Write everything observed so far to the table."""

    @abstractmethod
    def refresh(self) -> None:
        """Bring the criteria in the table up to date."""

    def release(self) -> None:
        """Let go of what only another :meth:`refresh` would need."""


def pass_loader(runner: Any, pipeline: Any = 'val', batch_size: int | None = None,
                keep_workers: bool = False) -> DataLoader:
    """Make the loader of an ordered pass over the training set.

    Args:
        runner: The runner.
        pipeline: Transforms of the view; ``'val'`` for those of the validation set, None for the
            training set's own.
        batch_size: Samples per batch; None takes the validation batch, at least two training
            batches.
        keep_workers: See :func:`scoring_loader`.

    Returns:
        Loader of this rank's share, see :func:`scoring_loader`.
    """
    loader = runner.train_dataloader
    transforms = _validation_pipeline(runner) if pipeline == 'val' else pipeline
    view = loader.dataset if transforms is None else with_pipeline(loader.dataset, transforms)
    return scoring_loader(loader, view, batch_size or _default_batch_size(runner), keep_workers)


def _validation_pipeline(runner: Any) -> Any:
    if runner.val_loop is None:
        runner.logger.warning(
            'There is no validation set whose transforms the scoring pass could use: it reads '
            'the training view, random augmentation included. Give the hook '
            'scoring=dict(pipeline=[...]) for deterministic scores.')
        return None
    dataset = runner.val_dataloader.dataset
    while not hasattr(dataset, 'pipeline'):
        dataset = dataset.datasets[0] if hasattr(dataset, 'datasets') else dataset.dataset
    return dataset.pipeline.transforms


def _default_batch_size(runner: Any) -> int:
    smallest = 2 * batch_size_of(runner.train_dataloader)
    if runner.val_loop is None:
        return smallest
    return max(smallest, runner.val_dataloader.batch_size or 1)


class ScoringPass(ScoreSource):
    """Measure by one ordered pass over a view of the training set.

    Args:
        measurer: Criteria to measure.
        pipeline: Transforms of the view; ``'val'`` for those of the validation set, None for the
            training set's own.
        batch_size: Samples per batch; None takes the validation batch, at least two training
            batches, which need less memory without gradients; one training batch if a criterion
            needs gradients.
        mode: ``'eval'`` or ``'train'``, see :func:`score_dataset`.
        dtype: ``'bfloat16'`` or ``'float16'`` computes the pass in half precision, which suffices
            to rank samples; None in the precision of training.

    Raises:
        ValueError: If an argument is unknown or out of range.
    """

    def __init__(self,
                 measurer: BalanceMeasurer,
                 pipeline: Any = 'val',
                 batch_size: int | None = None,
                 mode: str = 'eval',
                 dtype: str | None = None) -> None:
        super().__init__(measurer)
        if mode not in ('eval', 'train'):
            raise ValueError(closest_name('scoring mode', mode, ('eval', 'train')))
        if dtype is not None and dtype not in _HALF:
            raise ValueError(closest_name('scoring dtype', str(dtype), _HALF))
        if batch_size is not None and batch_size < 1:
            raise ValueError(f'`scoring.batch_size` must be at least 1, but got {batch_size}.')
        self.pipeline = pipeline
        self.batch_size = batch_size
        self.mode = mode
        self.dtype = dtype

    def attach(self, runner: Any, model: nn.Module, probe: LogitsProbe,
               table: ScoreTable) -> None:
        """Connect to a run and build the loader of the pass."""
        super().attach(runner, model, probe, table)
        if self.measurer.needs_replay and is_sharded(model):
            raise ValueError('GradientMagnitude runs the model again for single samples, which '
                             'ranks cannot do together, but FSDP has sharded the model: use '
                             'HeadGradientMagnitude, or train with DDP.')
        batch_size = self.batch_size
        if batch_size is None and self.measurer.needs_replay:
            batch_size = batch_size_of(runner.train_dataloader)
        self.loader = pass_loader(runner, self.pipeline, batch_size, keep_workers=True)

    def release(self) -> None:
        """End the worker processes; a further pass would start new ones."""
        self.loader = scoring_loader(self.loader, self.loader.dataset, self.loader.batch_size or 1,
                                     keep_workers=True)

    def refresh(self) -> None:
        """Run the pass, under the autocast that training runs under or its own."""
        with self.runner.optim_wrapper.optim_context(self.model), self._autocast():
            self.probe.listening = True
            self.table.write(*score_dataset(self.model, self.loader, self.probe, self.measurer,
                                            self.mode))
            self.probe.listening = False

    def _autocast(self) -> AbstractContextManager:
        if self.dtype is None:
            return nullcontext()
        return torch.autocast(next(self.model.parameters()).device.type, _HALF[self.dtype])


class TrainingForward(ScoreSource):
    """Harvest the logits of the training forward passes: no extra pass, no extra decoding.

    Args:
        measurer: Criteria to measure; the exact gradient magnitude cannot be harvested.
    """

    first_epoch = 1

    def __init__(self, measurer: BalanceMeasurer) -> None:
        super().__init__(measurer)
        if measurer.needs_replay:
            raise ValueError('`source=\'train\'` cannot measure GradientMagnitude, which runs the '
                             'model again for each sample: use HeadGradientMagnitude, or '
                             'source=\'pass\'.')
        self._seen: list[Tensor] = []

    def attach(self, runner: Any, model: nn.Module, probe: LogitsProbe,
               table: ScoreTable) -> None:
        """Connect to a run and listen from now on."""
        super().attach(runner, model, probe, table)
        probe.listening = True

    def observe(self, sampler: BalanceSampler, data_batch: Any) -> None:
        """Measure the batch from the logits that its training forward pass left."""
        samples = data_batch['data_samples']
        positions = sampler.rank_positions()[:len(samples)]
        logits, features = self.probe.take(len(samples))
        device = next(iter(logits.values())).device
        labels = send(labels_of(samples), device)
        with torch.no_grad():
            criteria = self.measurer.measure(
                ModelOutputs(logits, features, labels, present_of(samples, logits)))
        rows = own_rows(self.runner.train_dataloader.dataset, positions.tolist(), samples)
        keep = torch.zeros(len(samples), dtype=torch.float64)
        keep[rows] = 1
        located = send(torch.stack([keep, positions.double()]), device)
        self._seen += all_gather(torch.cat([located, criteria.double()]))

    def flush(self) -> None:
        """Write what was observed; a sample seen twice keeps its last values."""
        if self._seen:
            keep, positions, *criteria = torch.cat(self._seen, dim=1).cpu()
            self._seen.clear()
            rows = keep.nonzero().flatten()
            rows = rows[last_visits(positions[rows].long(), len(self.table))]
            self.table.write(positions[rows].long(), torch.stack(criteria)[:, rows])

    def refresh(self) -> None:
        """Nothing to run: the table holds the last values already."""
        self.flush()


def last_visits(positions: Tensor, size: int) -> Tensor:
    """Find the last visit of every sample; storing repeated positions keeps any of their values.

    Args:
        positions: Dataset positions in the order of their visits, shape (k,), int64.
        size: Number n of training samples.

    Returns:
        Rows of ``positions``, one for each sample visited, in the order of the data set.
    """
    last = torch.full((size, ), -1)
    last.scatter_reduce_(0, positions, torch.arange(len(positions)), 'amax')
    return last[last >= 0]


PASS_OPTIONS = ('batch_size', 'dtype', 'mode', 'pipeline')


def make_source(name: str, measurer: BalanceMeasurer, scoring: dict[str, Any]) -> ScoreSource:
    """Make the source that a config names.

    Args:
        name: ``'pass'`` or ``'train'``.
        measurer: Criteria to measure.
        scoring: Options of the pass; a config may keep them when it changes to ``'train'``.

    Returns:
        The source.

    Raises:
        ValueError: For an unknown name or option; the nearest one is suggested.
    """
    sources: dict[str, Callable[[], ScoreSource]] = {
        'pass': lambda: ScoringPass(measurer, **scoring),
        'train': lambda: TrainingForward(measurer),
    }
    if name not in sources:
        raise ValueError(closest_name('source', name, sources))
    for option in scoring:
        if option not in PASS_OPTIONS:
            raise ValueError(closest_name('scoring option', option, PASS_OPTIONS))
    return sources[name]()
