"""ReconBoost: modalities take turns to learn what the others have not fitted.

Reference:
    Hua, Xu, Bao, Yang, Huang: ReconBoost: Boosting Can Achieve Modality Reconcilement, ICML 2024.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Sequence

import torch
import torch.nn as nn
import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmengine.optim import OptimWrapper
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.functional.measure import FUSED, full_precision
from projects.bss.models import Fusion
from projects.bss.models.presence import Present, mean_of_present, zero_absent

from .modes import evaluating
from .shared_sum import SharedSumFusion
from .step_classifier import StepClassifier

UNTRAINED = -1


def boosting_losses(logits: Tensor, rest: Tensor | None, labels: Tensor,
                    weights: Sequence[float] = (5.0, 1.0)) -> Tensor:
    """Compute what one modality learns: little from samples that the others have right.

    Args:
        logits: Logits o of the modality that learns, shape (N, C).
        rest: Logits of the ensemble without it, shape (N, C); None if it is the first.
        labels: Class indices y, shape (N,), in [0, C).
        weights: Weights w1 and w2, w1 >= w2 >= 0.

    Returns:
        ``(w1 - w2 p_rest[y]) CE(o, y) / C``, shape (N,), without gradient to ``rest``; without
        others p_rest is 1, as in the authors' code.

    Reference:
        ReconBoost (ICML 2024), alternating-boosting objective; 1 / C is the authors' code's mean
        over classes.
    """
    first, second = weights
    losses = F.cross_entropy(full_precision(logits), labels, reduction='none')
    known = torch.ones_like(losses)
    if rest is not None:
        known = full_precision(rest.detach()).softmax(dim=1).gather(1, labels[:, None])[:, 0]
    return (first - second * known) * losses / logits.shape[1]


def agreement_losses(logits: Tensor, previous: Tensor) -> Tensor:
    """Compare the predictions of the modality that learns and of the one before it.

    Args:
        logits: Logits of the modality that learns, shape (N, C).
        previous: Logits of the modality whose turn was before, shape (N, C).

    Returns:
        Mean squared difference of the probabilities, shape (N,), with gradient to ``logits`` only.
    """
    ours = full_precision(logits).softmax(dim=1)
    theirs = full_precision(previous.detach()).softmax(dim=1)
    return (ours - theirs).square().mean(dim=1)


def phase_number(epoch: int, boosting_epochs: int, correction_epochs: int) -> int:
    """Tell which phase an epoch belongs to.

    Args:
        epoch: Epoch, counted from 0.
        boosting_epochs: Epochs of each boosting phase; 0 for correction only.
        correction_epochs: Epochs of each correction phase.

    Returns:
        Twice the number of the stage, and one more in its correction; -1 without boosting.
    """
    if not boosting_epochs:
        return UNTRAINED
    stage, within = divmod(epoch, boosting_epochs + correction_epochs)
    return 2 * stage + (within >= boosting_epochs)


@dataclass(frozen=True)
class Phase:
    """Who takes part in a phase.

    Args:
        members: The ensemble: modalities that have had their first turn, this one included.
        learner: The modality that learns alone; None while the ensemble is corrected.
        previous: The modality whose turn was before; None in the first stage.
    """

    members: tuple[str, ...]
    learner: str | None = None
    previous: str | None = None

    @property
    def learners(self) -> tuple[str, ...]:
        """Modalities whose encoders learn."""
        return self.members if self.learner is None else (self.learner, )


def phase_of(number: int, modalities: Sequence[str], pretrained: bool = False) -> Phase:
    """Describe a phase.

    Args:
        number: Number of the phase, from :func:`phase_number`.
        modalities: Names of the modalities, in the order of their turns.
        pretrained: Whether all modalities belong to the ensemble from the beginning.

    Returns:
        The phase.
    """
    if number == UNTRAINED:
        return Phase(tuple(modalities))
    stage, correction = divmod(number, 2)
    members = tuple(modalities if pretrained else modalities[:stage + 1])
    if correction:
        return Phase(members)
    turn = stage % len(modalities)
    return Phase(members, modalities[turn], modalities[turn - 1] if stage else None)


@MODELS.register_module()
class ReconBoostClassifier(StepClassifier):
    """Classifier trained by ReconBoost, in stages of two phases.

    Stage s belongs to modality s mod M. While it boosts, only this modality's encoder and the
    shared classifier learn, each sample weighted by what the others leave over. Then the whole
    ensemble is corrected by the plain loss. A modality joins the ensemble at its first turn; what
    has not joined takes no part in the fused prediction. Each phase starts with an optimiser
    without memory. The phase is a function of the epoch, so that a resumed run goes on exactly.

    Args:
        boosting_epochs: Epochs of each boosting phase; 0 is plain training.
        correction_epochs: Epochs of each correction phase; 0 leaves them out.
        weights: Weights w1 and w2 of the boosting loss, w1 >= w2 >= 0.
        agreement: Weight of the agreement with the modality before, >= 0. The authors' code has
            0.5, but computes it without gradient, so that it acts like 0.
        pretrained: Whether all encoders come trained, and so are in the ensemble at once.
        official: Let encoders that do not learn run in training mode, as in the authors' code:
            their BatchNorm statistics move, and dropout acts. Otherwise they are in evaluation
            mode.
        **kwargs: Arguments of :class:`projects.bss.models.MultiModalClassifier`; the fusion is a
            :class:`SharedSumFusion`, the head has no parameters.

    Raises:
        TypeError: If the fusion is another one.
        ValueError: For an argument outside its range or a head with parameters.

    Reference:
        ReconBoost (ICML 2024); 4 and 4 epochs, weights 5 and 1 in the authors' code.
    """

    phase: Tensor

    def __init__(self, boosting_epochs: int = 4, correction_epochs: int = 4,
                 weights: Sequence[float] = (5.0, 1.0), agreement: float = 0.0,
                 pretrained: bool = False, official: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _check_epochs(boosting_epochs, correction_epochs)
        _check_weights(weights, agreement)
        _check_parts(self.fusion, self.head)
        self.epochs = (boosting_epochs, correction_epochs)
        self.weights = tuple(weights)
        self.agreement = agreement
        self.pretrained = pretrained
        self.official = official
        self.register_buffer('phase', torch.tensor(UNTRAINED))
        self._known_phase: int | None = None  # reading the buffer would stall an accelerator

    @property
    def current_phase(self) -> Phase:
        """The phase of the last training step; before the first one, everyone takes part."""
        if self._known_phase is None:
            self._known_phase = int(self.phase)
        return phase_of(self._known_phase, self.modalities, self.pretrained)

    def step(self, data: dict[str, Any], optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """Enter the phase of the epoch, compute its loss and update.

        Args:
            data: Preprocessed batch.
            optim_wrapper: Wrapper of one optimiser, whose state a new phase clears.

        Returns:
            Losses.
        """
        epoch = MessageHub.get_current_instance().get_info('epoch') or 0
        self._enter(phase_number(epoch, *self.epochs), optim_wrapper)
        total, log_vars = self.parse_losses(self.compute_losses(data, optim_wrapper))
        self.backward(total, optim_wrapper)
        self.update(optim_wrapper)
        return log_vars

    def _enter(self, number: int, optim_wrapper: OptimWrapper) -> None:
        if number != self._known_phase and number != int(self.phase):
            optim_wrapper.optimizer.state.clear()
            self.phase.fill_(number)
        self._known_phase = number

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._known_phase = None

    def encode(self, inputs: Mapping[str, Tensor],
               present: Present | None = None) -> dict[str, Tensor]:
        """Encode every modality; those that do not learn give features without gradient."""
        resting = set(self.modalities) - set(self.current_phase.learners)
        if not self.training or not resting:
            return super().encode(inputs, present)
        with evaluating([] if self.official else [self.encoders[name] for name in resting]):
            features = super().encode(inputs, present)
        return {name: z.detach() if name in resting else z for name, z in features.items()}

    def classify(self, features: dict[str, Tensor],
                 present: Present | None = None) -> dict[str, Tensor]:
        """Classify every modality, and let the members of the ensemble vote.

        Args:
            features: Features by stream, each of shape (N, d).
            present: Whether each sample has a modality, bool, shape (N,); None for all.

        Returns:
            Logits by stream, each of shape (N, C).
        """
        phase = self.current_phase
        logits = self.fusion.classify_each(features)
        if phase.members == self.modalities:
            return {**logits, FUSED: features[FUSED]}
        return {**logits, FUSED: self._vote(logits, phase.members, present)}

    def loss(self, logits: dict[str, Tensor], labels: Tensor,
             present: Present | None = None) -> dict[str, Tensor]:
        """Compute the loss of the phase.

        Args:
            logits: Logits by stream, each of shape (N, C).
            labels: Class indices, shape (N,).
            present: Whether each sample has a modality, bool, shape (N,); None for all.

        Returns:
            ``loss_<learner>`` while boosting, and ``loss_agreement`` if asked for; else the terms
            of the head.
        """
        phase = self.current_phase
        if phase.learner is None or not self.training:
            return super().loss(logits, labels, present)
        others = [name for name in phase.members if name != phase.learner]
        rest = self._vote(logits, others, present) if others else None
        own = logits[phase.learner]
        terms = {f'loss_{phase.learner}': mean_of_present(
            boosting_losses(own, rest, labels, self.weights), _have(present, phase.learner))}
        if self.agreement and phase.previous is not None:
            terms['loss_agreement'] = self.agreement * mean_of_present(
                agreement_losses(own, logits[phase.previous]),
                _have(present, phase.learner, phase.previous))
        return terms

    def _vote(self, logits: Mapping[str, Tensor], members: Sequence[str],
              present: Present | None) -> Tensor:
        return self.fusion.combine(zero_absent({name: logits[name] for name in members}, present))


def _have(present: Present | None, *names: str) -> Tensor | None:
    return None if present is None else torch.stack([present[name] for name in names]).all(dim=0)


def _check_epochs(boosting: int, correction: int) -> None:
    if boosting < 0 or correction < 0 or boosting + correction == 0:
        raise ValueError('`boosting_epochs` and `correction_epochs` must be 0 or more, and one of '
                         f'them at least 1, but got {boosting} and {correction}.')


def _check_weights(weights: Sequence[float], agreement: float) -> None:
    if len(weights) != 2 or not weights[0] >= weights[1] >= 0:
        raise ValueError('`weights` must be two numbers w1 >= w2 >= 0, so that no sample is '
                         f'learned backwards, but got {tuple(weights)}.')
    if agreement < 0:
        raise ValueError(f'`agreement` must not be negative, but got {agreement}: it is the '
                         'weight of a loss, 0 leaves it out.')


def _check_parts(fusion: Fusion, head: nn.Module) -> None:
    if not isinstance(fusion, SharedSumFusion):
        raise TypeError('`fusion` of ReconBoostClassifier must be a SharedSumFusion, but got a '
                        f'{type(fusion).__name__}: its modalities share one classifier.')
    if next(head.parameters(), None) is not None:
        raise ValueError(f'`head` of ReconBoostClassifier must have no parameters, but got a '
                         f'{type(head).__name__} that has some: use dict(type=\'SplitHead\', '
                         'num_classes=..., fused_channels=None).')
