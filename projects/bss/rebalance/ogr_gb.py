"""OGR-GB, Gradient-Blending: weigh losses by how much each generalises and overfits.

Reference:
    Wang, Tran, Feiszli: What Makes Training Multi-modal Classification Networks Hard?, CVPR 2020,
    section 3, online version (Algorithms 1 and 2).
"""
from __future__ import annotations

from typing import Any

import torch
from mmengine.registry import HOOKS
from torch import Tensor

from projects.bss.functional.measure import FUSED
from projects.bss.models.base import BatchOutputs

from .branch_training import BranchTraining
from .loss_hook import LossHook
from .ownership import only_optimizer, require_unimodal_losses
from .state import CheckpointState
from .validation_hook import require_validation


def overfitting_and_generalisation(before: Tensor, after: Tensor) -> tuple[Tensor, Tensor]:
    """Compare two checkpoints of each branch.

    Args:
        before: Mean training and validation losses at the first checkpoint, shape (2, K).
        after: Those at the second one, shape (2, K).

    Returns:
        Increase of overfitting, the gap of validation to training loss, shape (K,); and
        improvement of the validation loss, shape (K,).
    """
    gap_before, gap_after = before[1] - before[0], after[1] - after[0]
    return gap_after - gap_before, before[1] - after[1]


def blend_weights(overfitting: Tensor, generalisation: Tensor, floor: float = 1e-3) -> Tensor:
    """Weigh branches so that their blend generalises most for the overfitting it adds.

    Args:
        overfitting: Increase of overfitting, shape (K,).
        generalisation: Improvement of the validation loss, shape (K,).
        floor: Least magnitude that an increase of overfitting counts as, > 0.

    Returns:
        Weights proportional to ``generalisation / overfitting**2``, shape (K,), >= 0 with sum 1.
        A branch that does not improve, or that has diverged, has 0; if none improves, all weigh
        the same.

    Reference:
        Wang, Tran, Feiszli, CVPR 2020, proposition 1.
    """
    ratios = generalisation.clamp(min=0) / overfitting.abs().clamp(min=floor)**2
    ratios = ratios.nan_to_num(nan=0.0)
    total = ratios.sum()
    return torch.where(total > 0, ratios / total, torch.full_like(ratios, 1 / len(ratios)))


@HOOKS.register_module()
class OGRGBHook(CheckpointState, LossHook):
    """Multiply the loss of every stream by a weight that is estimated anew in each super-epoch.

    At the start of a super-epoch each branch, that is each modality and the fused stream, trains
    a copy of the model by itself for the length of the super-epoch. What it gains and how much it
    overfits, measured on training and validation set, gives its weight. With M modalities this
    costs M + 1 further trainings and one copy of model and optimiser. The weights have sum 1 and
    multiply those of the head, which the method assumes to be 1.

    Args:
        super_epoch: Epochs of a super-epoch; at least as many as the run has is the offline
            version, in which weights are estimated once.
        floor: Least magnitude that an increase of overfitting counts as, > 0.

    Raises:
        TypeError: If several optimisers train the model, or the training loader has no
            BalanceSampler.
        ValueError: For a wrong argument, no validation set, or a head that does not train each
            stream by itself.
    """

    extra_work = 'M + 1 trainings, each on the loss of one stream'

    def __init__(self, super_epoch: int = 10, floor: float = 1e-3) -> None:
        if super_epoch < 1:
            raise ValueError(f'`super_epoch` must be at least 1 epoch, but got {super_epoch}.')
        if not floor > 0:
            raise ValueError(f'`floor` must be above 0, but got {floor}: without it a branch that '
                             'does not overfit would get an infinite weight.')
        self.super_epoch, self.floor = super_epoch, floor
        self.weights: dict[str, float] = {}
        self._estimated_epoch = -1

    def before_train(self, runner: Any) -> None:
        """Check the set-up and take over the state of the checkpoint."""
        name = type(self).__name__
        require_validation(runner, name)
        only_optimizer(runner, name)
        super().before_train(runner)
        require_unimodal_losses(self.model, name)

    def before_train_epoch(self, runner: Any) -> None:
        """Estimate the weights at the start of a super-epoch."""
        # A run that is resumed inside the first epoch of a super-epoch has its weights already.
        if runner.epoch % self.super_epoch == 0 and runner.epoch > self._estimated_epoch:
            self.weights = self._estimate(runner)
            self._estimated_epoch = runner.epoch

    def modify(self, losses: dict[str, Tensor], outputs: BatchOutputs) -> dict[str, Tensor]:
        """Multiply the loss of every branch by its weight."""
        return {**losses, **{f'loss_{name}': weight * losses[f'loss_{name}']
                             for name, weight in self.weights.items()}}

    def _estimate(self, runner: Any) -> dict[str, float]:
        branches = (*self.model.modalities, FUSED)
        epochs = min(self.super_epoch, runner.max_epochs - runner.epoch)
        training = BranchTraining(runner, self.model, epochs)
        before = training.measure_now(branches)
        after = torch.cat([training.measure_after(name) for name in branches], dim=1)
        increases = overfitting_and_generalisation(before, after)
        weights = dict(zip(branches, blend_weights(*increases, self.floor).tolist()))
        for name, overfitting, generalisation in zip(branches, *increases):
            runner.logger.info(
                f"OGR-GB epoch {runner.epoch + 1}: branch '{name}' overfits by {overfitting:.4g} "
                f'and improves by {generalisation:.4g}, weight {weights[name]:.4g}.')
        runner.visualizer.add_scalars({f'ogr_gb/{name}': w for name, w in weights.items()},
                                      step=runner.epoch + 1)
        return weights

    def state_dict(self) -> dict[str, Any]:
        """Collect the weights."""
        return dict(weights=dict(self.weights), estimated_epoch=self._estimated_epoch)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over the weights."""
        self.weights, self._estimated_epoch = dict(state['weights']), state['estimated_epoch']
