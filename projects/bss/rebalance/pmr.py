"""PMR: a prototype loss speeds the slow modality up, an entropy term holds the fast one back.

Reference:
    Fan, Xu, Wang, Wang, Guo: PMR: Prototypical Modal Rebalance for Multimodal Learning,
    CVPR 2023. The authors' published code decides how prototypes are computed.
"""
from __future__ import annotations

import math
from typing import Any, ClassVar, Mapping

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.dist import all_reduce, broadcast
from mmengine.registry import HOOKS
from torch import Tensor
from torch.utils.data import Subset
from torch.utils.hooks import RemovableHandle

from projects.bss.engine.score_source import pass_loader
from projects.bss.engine.scoring import labels_of, measure_dataset, scoring_loader
from projects.bss.functional import closest_name
from projects.bss.functional.measure import full_precision
from projects.bss.functional.transfer import send
from projects.bss.models import MultiModalClassifier
from projects.bss.models.base import BatchOutputs
from projects.bss.models.presence import find_present, mean_of_present

from .loss_hook import LossHook
from .state import CheckpointState

WEIGHTINGS = ('clipped', 'switch')
EXTENSIONS = ('mean_of_others', )
EXACT = 'donot_use_mm_for_euclid_dist'  # products of matrices lose the digits of small distances


def class_means(features: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """Average the features of each class.

    Args:
        features: Features of one modality, shape (N, d).
        labels: Class indices, shape (N,), in [0, C).
        num_classes: Number of classes C.

    Returns:
        Prototypes, shape (C, d); NaN for a class without samples.

    Reference:
        PMR, section 3: prototypes.
    """
    sums = features.new_zeros(num_classes, features.shape[1]).index_add_(0, labels, features)
    return sums / labels.bincount(minlength=num_classes)[:, None]


def update_prototypes(old: Tensor, new: Tensor, momentum: float = 0.2) -> Tensor:
    """Average new prototypes with those of the epoch before.

    Args:
        old: Prototypes so far, shape (C, d); rows of NaN are not known.
        new: Prototypes of this epoch, shape (C, d); rows of NaN are not known.
        momentum: Share of the old ones, in [0, 1).

    Returns:
        ``(1 - momentum) * new + momentum * old``, shape (C, d); where one is not known, the other.
    """
    mixed = (1 - momentum) * new + momentum * old
    return torch.where(new.isnan(), old, torch.where(old.isnan(), new, mixed))


def prototype_logits(features: Tensor, prototypes: Tensor) -> Tensor:
    """Compare features with the prototypes.

    Args:
        features: Features of one modality, shape (N, d). Half precision is computed in float32.
        prototypes: Prototypes, shape (C, d); rows of NaN are not known.

    Returns:
        Negative Euclidean distances, shape (N, C), whose gradient at distance 0 is 0; minus
        infinity for a class whose prototype is not known.

    Reference:
        PMR, section 3, and the published code: distances are not squared.
    """
    unknown = prototypes.isnan().any(dim=1)
    rows = full_precision(features)
    centres = prototypes.masked_fill(unknown[:, None], 0).to(rows)
    return -torch.cdist(rows, centres, compute_mode=EXACT).masked_fill(unknown, math.inf)


def prototype_entropy(logits: Tensor) -> Tensor:
    """Compute the entropy of the prototypes' predictions.

    Args:
        logits: What :func:`prototype_logits` returned, shape (N, C).

    Returns:
        Entropy of their softmax, shape (N,), in [0, log C].
    """
    logs = logits.log_softmax(dim=1)
    return -(logs.exp() * logs.masked_fill(logs.isinf(), 0)).sum(dim=1)


def modality_ratios(scores: Tensor) -> Tensor:
    """Compare each modality's prototypes with those of the others.

    Args:
        scores: Mean probability of the true class by the prototypes of each modality, shape (M,),
            M >= 2.

    Returns:
        Ratio of each score to the mean of the others', shape (M,); above 1 for a fast modality.

    Reference:
        PMR, section 3: imbalance ratio of two modalities. The mean for more is our extension.
    """
    others = (scores.sum() - scores) / (len(scores) - 1)
    tiny = torch.finfo(scores.dtype).tiny
    return scores.clamp(min=tiny) / others.clamp(min=tiny)


def prototype_weights(ratios: Tensor, weighting: str = 'clipped') -> Tensor:
    """Weigh the prototype losses: those of slow modalities.

    Args:
        ratios: Ratio of each modality, shape (M,), > 0.
        weighting: ``'clipped'`` for ``1 / ratio - 1`` clipped to [0, 1], as in the paper;
            ``'switch'`` for 1 where the ratio is below 1 and 0 elsewhere, as in the published code.

    Returns:
        Weights, shape (M,), in [0, 1].
    """
    if weighting == 'switch':
        return (ratios < 1).to(ratios)
    return (1 / ratios - 1).clamp(0, 1)


def entropy_weights(ratios: Tensor) -> Tensor:
    """Weigh the entropy terms: those of fast modalities.

    Args:
        ratios: Ratio of each modality, shape (M,), > 0.

    Returns:
        ``ratio - 1`` clipped to [0, 1], shape (M,).
    """
    return (ratios - 1).clamp(0, 1)


@HOOKS.register_module()
class PMRHook(CheckpointState, LossHook):
    """Add a prototype loss for slow modalities and an entropy term for fast ones.

    Prototypes are the mean features of a random share of the training set, under the transforms of
    the validation set and in evaluation mode, before training and after each epoch until ``end``.
    The pass touches nothing of the run. Samples of a class that no pass has met, and modalities
    that a sample lacks, count in neither term.

    Args:
        alpha: Weight of the prototype losses, >= 0.
        momentum: Share of the old prototypes from the third computation on, in [0, 1).
        begin: First epoch, counted from 0, in which the loss is changed.
        end: Last such epoch, included; None for all.
        weighting: ``'clipped'`` (paper) or ``'switch'`` (published code), see
            :func:`prototype_weights`.
        entropy_weight: Weight of the entropy terms, >= 0; 0 is the published code, which has none.
        entropy_epochs: Number of epochs, from ``begin`` on, with entropy terms.
        share: Share of the training set that prototypes are computed from, in (0, 1].
        extension: ``'mean_of_others'`` admits more than two modalities, see
            :func:`modality_ratios`; None, as published, refuses them.

    Raises:
        ValueError: If an argument lies outside its range, or the model has more than two
            modalities and there is no ``extension``.

    Reference:
        Fan et al., "PMR: Prototypical Modal Rebalance for Multimodal Learning", CVPR 2023.
    """

    modalities: ClassVar[tuple[int, int | None]] = (2, None)
    accumulation = 'each'
    extra_work = 'a forward pass over `share` of the training set per epoch'

    def __init__(self,
                 alpha: float = 1.0,
                 momentum: float = 0.2,
                 begin: int = 0,
                 end: int | None = 100,
                 weighting: str = 'clipped',
                 entropy_weight: float = 0.1,
                 entropy_epochs: int = 5,
                 share: float = 0.1,
                 extension: str | None = None) -> None:
        if min(alpha, entropy_weight, entropy_epochs, begin) < 0:
            raise ValueError('`alpha`, `entropy_weight`, `entropy_epochs` and `begin` must not be '
                             f'negative, but got {alpha}, {entropy_weight}, {entropy_epochs} and '
                             f'{begin}: 0 turns a term off.')
        if end is not None and end < begin:
            raise ValueError(f'`end` must not lie before `begin`, {begin}, but got {end}: it is '
                             'the last epoch that counts.')
        if not (0 <= momentum < 1 and 0 < share <= 1):
            raise ValueError('`momentum` must lie in [0, 1) and `share` in (0, 1], but got '
                             f'{momentum} and {share}.')
        if weighting not in WEIGHTINGS:
            raise ValueError(closest_name('weighting', weighting, WEIGHTINGS))
        if extension not in (None, *EXTENSIONS):
            raise ValueError(closest_name('extension', str(extension), EXTENSIONS))
        self.alpha, self.momentum, self.begin, self.end = alpha, momentum, begin, end
        self.weighting, self.share, self.extension = weighting, share, extension
        self.entropy_weight, self.entropy_epochs = entropy_weight, entropy_epochs
        self.prototypes: dict[str, Tensor] = {}
        self._computed = self._epoch = -1

    def listen(self, runner: Any) -> tuple[RemovableHandle, ...]:
        """Check the model and find the data that prototypes are computed from."""
        names = list(self.model.modalities)
        if len(names) > 2 and self.extension is None:
            raise ValueError(
                f'PMRHook is published for two modalities, but the model has {len(names)}, '
                f"{names}: set extension='mean_of_others' to compare each with the others.")
        if not isinstance(self.model, MultiModalClassifier):
            raise TypeError('PMRHook needs a MultiModalClassifier, but the model is a '
                            f'{type(self.model).__name__}.')
        self._widths = [self.model.fusion.in_channels[name] for name in names]
        self._device = next(self.model.parameters()).device
        self._loader = pass_loader(runner)
        return super().listen(runner)

    def before_train_epoch(self, runner: Any) -> None:
        """Bring the prototypes up to date, unless a checkpoint had those of this epoch."""
        self._epoch = runner.epoch
        if self._computed < runner.epoch and (self.end is None or runner.epoch <= self.end):
            # Published: neither the first prototypes nor those after the first epoch are averaged.
            self._refresh(runner, self.momentum if runner.epoch > 1 else 0.0)
            self._computed = runner.epoch

    def modify(self, losses: dict[str, Tensor], outputs: BatchOutputs) -> dict[str, Tensor]:
        """Add the terms; in the log, ``PMRHook/ratio_<modality>`` is above 1 for fast ones."""
        if self._epoch < self.begin or self.end is not None and self._epoch > self.end:
            return losses
        logits = {name: prototype_logits(outputs.features[name], prototypes)
                  for name, prototypes in self.prototypes.items()}
        counted = {name: self._counted(name, outputs) for name in logits}
        ratios = modality_ratios(_mean_scores(logits, outputs.labels, counted))
        for name, ratio, slow, fast in zip(logits, ratios,
                                           prototype_weights(ratios, self.weighting),
                                           entropy_weights(ratios)):
            entropies = F.cross_entropy(logits[name], outputs.labels, reduction='none')
            losses = {**losses, f'PMRHook/ratio_{name}': ratio,
                      f'loss_prototype_{name}':
                      self.alpha * slow * mean_of_present(entropies, counted[name])}
            if self.entropy_weight and self._epoch < self.begin + self.entropy_epochs:
                softness = mean_of_present(prototype_entropy(logits[name]), counted[name])
                losses[f'loss_entropy_{name}'] = -self.entropy_weight * fast * softness
        return losses

    def state_dict(self) -> dict[str, Any]:
        """Give the prototypes and the epoch they were computed in."""
        return dict(prototypes=dict(self.prototypes), computed=self._computed)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over prototypes and their epoch."""
        self.prototypes = {name: rows.to(self._device)
                           for name, rows in state['prototypes'].items()}
        self._computed = state['computed']

    def _counted(self, name: str, outputs: BatchOutputs) -> Tensor:
        known = ~self.prototypes[name].isnan().any(dim=1)[outputs.labels]
        return known if outputs.present is None else known & outputs.present[name]

    def _refresh(self, runner: Any, momentum: float) -> None:
        dataset = self._loader.dataset
        positions = _draw_share(len(dataset), self.share, runner)  # type: ignore[arg-type]
        loader = scoring_loader(self._loader, Subset(dataset, positions),
                                self._loader.batch_size or 1)
        with runner.optim_wrapper.optim_context(self.model):
            table = measure_dataset(self.model, loader, self._measure,
                                    sum(self._widths) + len(self._widths) + 1)[1]
        labels, *parts = table.split([1, *[1] * len(self._widths), *self._widths])
        presence, features = parts[:len(self._widths)], parts[len(self._widths):]
        for name, there, rows in zip(self.model.modalities, presence, features):
            chosen = there[0] > 0
            new = class_means(rows.T[chosen], labels[0, chosen].long(), self.model.num_classes)
            new = new.to(self._device)
            self.prototypes[name] = update_prototypes(self.prototypes.get(name, new), new, momentum)
            _report_unknown(runner, name, self.prototypes[name])

    def _measure(self, data: dict[str, Any]) -> Tensor:
        samples = data['data_samples']
        features = self.model(**data, mode='tensor')['features']
        device = features[self.model.modalities[0]].device
        labels = send(labels_of(samples), device)
        everywhere = torch.ones_like(labels)
        present = find_present(samples, self.model.modalities, device) or {}
        facts = [labels, *[present.get(name, everywhere) for name in self.model.modalities]]
        return torch.cat([torch.stack([fact.float() for fact in facts]),
                          *[features[name].float().T for name in self.model.modalities]])


@torch.no_grad()
def _mean_scores(logits: Mapping[str, Tensor], labels: Tensor,
                 counted: Mapping[str, Tensor]) -> Tensor:
    """Average the probability of the true class over the samples that count, on all ranks."""
    scores = [rows.softmax(dim=1).gather(1, labels[:, None])[:, 0].masked_fill(~counted[name], 0)
              for name, rows in logits.items()]
    numbers = [counted[name].to(rows) for name, rows in zip(logits, scores)]
    sums = torch.stack([torch.stack(scores).sum(dim=1), torch.stack(numbers).sum(dim=1)])
    all_reduce(sums)
    return sums[0] / sums[1].clamp(min=1)


def _draw_share(size: int, share: float, runner: Any) -> list[int]:
    """Draw positions of the training set, other ones in each epoch, the same on all ranks."""
    stream = np.random.default_rng([runner.seed, runner.epoch])
    positions = torch.from_numpy(stream.permutation(size)[:max(1, round(share * size))])
    broadcast(positions)
    return positions.sort().values.tolist()


def _report_unknown(runner: Any, name: str, prototypes: Tensor) -> None:
    unknown = prototypes.isnan().any(dim=1).nonzero().flatten().tolist()
    if unknown:
        runner.logger.warning(
            f"PMRHook has no prototype yet for {len(unknown)} classes of modality '{name}', "
            f'{unknown[:10]}{" ..." if len(unknown) > 10 else ""}: their samples count in none of '
            'its terms. Raise `share`.')
