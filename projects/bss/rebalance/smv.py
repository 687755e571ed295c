"""SMV: value every modality for every sample, and train more on what contributes little.

Reference:
    Wei, Feng, Wang, Hu: Enhancing Multimodal Cooperation via Sample-level Modality Valuation,
    CVPR 2024. Published code: GeWu-Lab/Valuate-and-Enhance-Multimodal-Cooperation.
"""
from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar, Mapping, Sequence

import numpy as np
import torch
from mmengine.registry import HOOKS
from torch import Tensor
from torch.utils.data import Subset
from torch.utils.hooks import RemovableHandle

from projects.bss.datasets.samplers import Plan
from projects.bss.engine.dataset_view import seed_views
from projects.bss.engine.hooks import ResumeOrderHook
from projects.bss.engine.hooks.resume_order_hook import balance_sampler
from projects.bss.engine.loops import CurriculumTrainLoop
from projects.bss.engine.score_source import pass_loader
from projects.bss.engine.scoring import labels_of, measure_dataset, scoring_loader
from projects.bss.functional import closest_name, shapley_values, subsets
from projects.bss.functional.measure import FUSED
from projects.bss.models import MultiModalClassifier
from projects.bss.models.presence import Present, find_present, zero_absent

from .method_hook import MethodHook
from .state import CheckpointState

LEVELS = ('sample', 'modality')


def contributions(correct: Mapping[tuple[str, ...], Tensor],
                  present: Present | None = None) -> dict[str, Tensor]:
    """Value each modality for each sample by what it adds to being right.

    Args:
        correct: Whether the prediction made of a subset of modalities is correct, bool, shape
            (N,), for each of the 2^M - 1 subsets.
        present: Whether each sample has a modality, bool, shape (N,); None for all.

    Returns:
        Contribution of each modality, shape (N,): the Shapley value of ``v(K) = |K|`` if K is
        right and 0 otherwise. In [-0.5, 1.5] for two modalities; NaN where it is absent.

    Reference:
        SMV, section 3.2.
    """
    if present is None:
        return shapley_values({names: len(names) * right for names, right in correct.items()})
    values = {names: sum(present[name].long() for name in names) * right
              for names, right in correct.items()}
    return {name: share.masked_fill(~present[name], torch.nan)
            for name, share in shapley_values(values).items()}


def count_copies(contribution: Tensor, thresholds: Sequence[float] = (1.0, 0.4, -0.1)) -> Tensor:
    """Count the copies of a sample that keep only one modality: more where it contributes less.

    Args:
        contribution: Contribution of the modality to each sample, shape (N,); NaN where absent.
        thresholds: Each one that the contribution lies below makes a copy.

    Returns:
        Copies, shape (N,), int64, in [0, len(thresholds)]; 0 where the modality is absent.

    Reference:
        SMV, section 3.3, sample-level; the thresholds are those of the published code.
    """
    return sum((contribution < bound).long() for bound in thresholds) + torch.zeros_like(
        contribution, dtype=torch.int64)


def extra_share(means: Mapping[str, float], alpha: float = 1.0) -> tuple[str, float]:
    """Choose the modality that contributes least on average, and how much to add of it.

    Args:
        means: Mean contribution of each modality over samples.
        alpha: Strength, >= 0.

    Returns:
        Its name, and the size of the addition as a share of the training set:
        ``2/3 * alpha * (largest gap - smallest gap)``, where the gap of a modality is 1 - mean.

    Reference:
        SMV, section 3.3, modality-level, which has two modalities; here for any number.
    """
    weakest = min(means, key=lambda name: means[name])
    return weakest, 2 / 3 * alpha * (max(means.values()) - means[weakest])


def correct_by_subset(model: MultiModalClassifier,
                      data: Mapping[str, Any]) -> dict[tuple[str, ...], Tensor]:
    """Tell whether a model is right when it is given some of the modalities only.

    Args:
        model: The classifier, in evaluation mode.
        data: Preprocessed batch of N samples, the arguments of its ``forward``.

    Returns:
        Whether the prediction is correct, bool, shape (N,), for each subset of modalities; the
        features of the others are zero.
    """
    inputs, samples = model.select_inputs(data['inputs']), data['data_samples']
    device = next(iter(inputs.values())).device
    labels = labels_of(samples).to(device)
    there = find_present(samples, model.modalities, device) or {
        name: torch.ones(len(samples), dtype=torch.bool, device=device) for name in inputs}
    features = model.extract_features(inputs, there)
    correct = {}
    for names in subsets(model.modalities):
        present = {name: rows & (name in names) for name, rows in there.items()}
        if model.fusion.encodes_jointly:
            features = model.extract_features(inputs, present)
        kept = zero_absent(features, present)
        kept[FUSED] = model.fusion(kept, present)
        scores = model.predict(model.classify(kept, present), present)[FUSED]
        correct[names] = scores.argmax(dim=1) == labels
    return correct


@HOOKS.register_module()
class SMVHook(CheckpointState, MethodHook):
    """Add copies of samples that keep only the modality that contributes too little.

    From the end of the warm-up on, a pass over the training set before each epoch finds what each
    modality contributes; the epoch then holds all samples and the copies, in random order. In a
    copy the other modalities are absent, see the data samples' metainfo ``absent``.

    Args:
        level: ``'sample'``: copies of each sample for each modality, as its contribution asks for.
            ``'modality'``: copies of samples drawn at random, for the weakest modality on average.
        warmup: Epochs without copies, >= 0.
        alpha: Strength of ``'modality'``, >= 0.
        share: Share of the training set that ``'modality'`` values, in (0, 1].
        thresholds: Contributions below which ``'sample'`` makes a copy, one for each threshold.
        scoring: Options of the pass: ``pipeline`` (a list of transforms; ``'val'``, the default,
            takes those of the validation set; None values the training view) and ``batch_size``.

    Raises:
        TypeError: If the loop is no ``CurriculumTrainLoop`` or the model no
            ``MultiModalClassifier``.
        ValueError: For an argument out of its range, or without a ``ResumeOrderHook``.
    """

    priority = 'HIGH'  # the plan must stand before ResumeOrderHook looks at the order
    modalities: ClassVar[tuple[int, int | None]] = (2, None)
    seam = 'sampler'
    extra_work = ('a forward pass over the training set per epoch, at the modality level over '
                  '`share` of it; and the copies')

    def __init__(self,
                 level: str = 'sample',
                 warmup: int = 5,
                 alpha: float = 1.0,
                 share: float = 0.2,
                 thresholds: Sequence[float] = (1.0, 0.4, -0.1),
                 scoring: Mapping[str, Any] | None = None) -> None:
        if level not in LEVELS:
            raise ValueError(closest_name('level', level, LEVELS))
        if warmup < 0 or alpha < 0:
            raise ValueError(f'`warmup` and `alpha` must not be negative, but got {warmup} and '
                             f'{alpha}.')
        if not 0 < share <= 1:
            raise ValueError(f'`share` must lie in (0, 1], but got {share}: it is the part of the '
                             'training set that is valued.')
        self.level, self.warmup, self.alpha, self.share = level, warmup, alpha, share
        self.thresholds = tuple(thresholds)
        self.scoring = dict(scoring or {})
        self._valued_epoch = -1
        # Position and kept modality of each copy.
        self._copies = torch.zeros(2, 0, dtype=torch.int64)

    def planned_samples(self, num_samples: int, max_epochs: int) -> list[int | None]:
        """Tell in advance how many samples each epoch draws.

        Args:
            num_samples: Size n of the training set.
            max_epochs: Number of epochs.

        Returns:
            Draws of each epoch over all ranks; None where the copies are not known yet.
        """
        plain = min(self.warmup, max_epochs)
        return [*[num_samples] * plain, *[None] * (max_epochs - plain)]

    def listen(self, runner: Any) -> tuple[RemovableHandle, ...]:
        """Nothing to listen to: copies are made of data samples."""
        return ()

    def before_train(self, runner: Any) -> None:
        """Check the set-up and build the loader of the valuation."""
        _check_run(runner)
        self.sampler = balance_sampler(runner)
        self._loader = pass_loader(runner, **{'pipeline': 'val', **self.scoring})
        super().before_train(runner)
        if not isinstance(self.model, MultiModalClassifier):
            raise TypeError('SMVHook needs the fusion of a MultiModalClassifier, but the model is '
                            f'a {type(self.model).__name__}.')

    def before_train_epoch(self, runner: Any) -> None:
        """Value the modalities if the warm-up is over, and plan the copies."""
        if runner.epoch < self.warmup:
            return
        if self._valued_epoch < runner.epoch:
            seed_views(runner.train_dataloader.dataset, self.sampler.seed, runner.epoch)
            self._copies = self._make_copies(runner)
            self._valued_epoch = runner.epoch
        originals = torch.arange(len(self.sampler.dataset))
        self.sampler.set_plan(Plan(torch.cat([originals, self._copies[0]])))
        self._report(runner)

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Take the other modalities away from the copies in the batch."""
        super().before_train_iter(runner, batch_idx, data_batch)
        samples = list(data_batch['data_samples'])
        rows = self.sampler.rank_rows()[:len(samples)] - len(self.sampler.dataset)
        names = self.model.modalities
        for place, row in enumerate(rows.tolist()):
            if row >= 0:
                samples[place] = keep_only(samples[place], names[self._copies[1, row]], names)
        data_batch['data_samples'] = samples

    def state_dict(self) -> dict[str, Any]:
        """Return the copies and the epoch they were made for."""
        return dict(valued_epoch=self._valued_epoch, copies=self._copies)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over the copies of the epoch."""
        self._valued_epoch, self._copies = state['valued_epoch'], state['copies'].cpu()

    def _make_copies(self, runner: Any) -> Tensor:
        words = np.random.SeedSequence([self.sampler.seed, runner.epoch]).generate_state(1)
        generator = torch.Generator().manual_seed(int(words[0]))
        if self.level == 'modality':
            return self._copy_weakest(runner, generator)
        positions, found = self._value(runner, self._loader)
        counts = count_copies(found, self.thresholds)
        return torch.cat([torch.stack([positions.repeat_interleave(copies),
                                       torch.full((int(copies.sum()), ), index)])
                          for index, copies in enumerate(counts)], dim=1)

    def _copy_weakest(self, runner: Any, generator: torch.Generator) -> Tensor:
        size = len(self.sampler.dataset)
        count = max(1, int(self.share * size))
        drawn = torch.randint(size, (count, ), generator=generator)
        view: Any = Subset(self._loader.dataset, drawn.tolist())
        loader = scoring_loader(runner.train_dataloader, view, self._loader.batch_size or 1)
        means = self._value(runner, loader)[1].double().nanmean(dim=1).tolist()
        weakest, share = extra_share(dict(zip(self.model.modalities, means)), self.alpha)
        # 2/3 is not exact in binary; what is a whole number must not lose one.
        added = int(share * size + 1e-6)
        return torch.stack([torch.randint(size, (added, ), generator=generator),
                            torch.full((added, ), self.model.modalities.index(weakest))])

    def _value(self, runner: Any, loader: Any) -> tuple[Tensor, Tensor]:
        """Value the samples of a loader: their places and contributions, shape (M, k)."""
        model: Any = self.model

        def measure(data: dict[str, Any]) -> Tensor:
            present = find_present(data['data_samples'], model.modalities, torch.device('cpu'))
            correct = {names: right.cpu() for names, right in correct_by_subset(
                model, data).items()}
            return torch.stack(list(contributions(correct, present).values()))

        with runner.optim_wrapper.optim_context(model):
            return measure_dataset(model, loader, measure, len(model.modalities))

    def _report(self, runner: Any) -> None:
        counts = Counter(self._copies[1].tolist())
        copies = {name: counts[index] for index, name in enumerate(self.model.modalities)}
        text = ', '.join(f'{count} of {name}' for name, count in copies.items())
        runner.logger.info(f'SMV epoch {runner.epoch + 1}: copies that keep one modality: {text}.')
        runner.visualizer.add_scalars({f'smv/copies_{name}': count
                                       for name, count in copies.items()}, step=runner.epoch + 1)


def keep_only(sample: Any, kept: str, names: Sequence[str]) -> Any:
    """Make a data sample that lacks all modalities but one.

    Args:
        sample: The data sample, which stays as it is.
        kept: Modality to keep.
        names: All modalities.

    Returns:
        A copy with the metainfo ``absent``; the sample itself if it lacks that modality anyway.
    """
    if kept in sample.get('absent', ()):
        return sample
    return sample.new(metainfo={**sample.metainfo,
                                'absent': tuple(name for name in names if name != kept)})


def _check_run(runner: Any) -> None:
    if not isinstance(runner.train_loop, CurriculumTrainLoop):
        raise TypeError('SMVHook changes the length of epochs, but the training loop is a '
                        f'{type(runner.train_loop).__name__}: set train_cfg=dict('
                        'type=\'CurriculumTrainLoop\', max_epochs=...).')
    keepers = [hook for hook in runner.hooks if isinstance(hook, ResumeOrderHook)]
    if len(keepers) != 1:
        raise ValueError('SMVHook needs one ResumeOrderHook, which keeps the place in the order, '
                         f'but `custom_hooks` has {len(keepers)}: have dict(type='
                         '\'ResumeOrderHook\') in it once.')
