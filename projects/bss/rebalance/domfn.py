"""DOMFN: fuse only the samples on which the modalities agree, else trust a single one.

Reference:
    Yang, Zhang, Zhang, Chen, Wu: DOMFN: A Divergence-Orientated Multi-Modal Fusion Network for
    Resume Assessment, ACM Multimedia 2022. The authors' published code decides where the paper
    leaves details open.
"""
from __future__ import annotations

import warnings
from typing import ClassVar, Mapping

import torch
from mmengine.logging import MessageHub
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.functional.measure import FUSED, full_precision
from projects.bss.models.heads import JointHead
from projects.bss.models.presence import Present, mean_of_present, zero_absent

from .facts import RebalancingMethod


def divergence(probabilities: Mapping[str, Tensor],
               present: Present | None = None) -> dict[str, Tensor]:
    """Measure how far the prediction of each modality lies from the mean of all.

    Args:
        probabilities: Probabilities by modality, each of shape (N, C), in [0, 1].
        present: Whether each sample has a modality, bool, shape (N,); None for all.

    Returns:
        Largest squared distance over the classes by modality, each of shape (N,), in
        [0, :func:`largest_divergence`]; 0 where a modality is absent, which the mean leaves out.

    Reference:
        DOMFN, the divergence penalty, as the published code has it.
    """
    known = zero_absent(probabilities, present)
    total = torch.stack(list(known.values())).sum(dim=0)
    if present is None:
        mean = total / len(known)
    else:
        count = torch.stack([present[name] for name in known]).sum(dim=0)
        mean = total / count.clamp(min=1)[:, None]
    return zero_absent({name: (rows - mean).square().amax(dim=1) for name, rows in known.items()},
                       present)


def largest_divergence(num_modalities: int) -> float:
    """Bound the divergence: one modality is certain of a class that the others exclude.

    Args:
        num_modalities: Number of modalities M.

    Returns:
        ``((M - 1) / M) ** 2``.
    """
    return ((num_modalities - 1) / num_modalities)**2


def agreement(divergences: Mapping[str, Tensor], gamma: float = 0.8, tau: float = 0.2) -> Tensor:
    """Decide which samples are fused.

    Args:
        divergences: Divergence by modality, each of shape (N,).
        gamma: Threshold, > 0.
        tau: Scale of the divergence, > 0.

    Returns:
        Whether ``divergence / tau < gamma`` for all modalities, bool, shape (N,).
    """
    return (torch.stack(list(divergences.values())) / tau < gamma).all(dim=0)


def unimodal_losses(cross_entropy: Tensor, divergences: Tensor, fused: Tensor,
                    eta: float = 0.5) -> Tensor:
    """Compute the loss of each sample in one modality.

    Args:
        cross_entropy: Cross-entropy of the modality, shape (N,).
        divergences: Divergence of the modality, shape (N,).
        fused: Which samples are fused, bool, shape (N,).
        eta: Weight of the divergence, which the loss rewards.

    Returns:
        Cross-entropy, and for fused samples half its square less ``eta`` times the divergence on
        top; shape (N,).
    """
    extra = cross_entropy.square() / 2 - eta * divergences
    return cross_entropy + extra.masked_fill(~fused, 0)


def most_confident(probabilities: Mapping[str, Tensor],
                   present: Present | None = None) -> Tensor:
    """Take the prediction of the modality with the largest probability.

    Args:
        probabilities: Probabilities by modality, each of shape (N, C).
        present: Whether each sample has a modality, bool, shape (N,); None for all.

    Returns:
        Probabilities of the modality chosen, the first of equally confident ones, shape (N, C).
    """
    confidence = zero_absent({name: rows.amax(dim=1) for name, rows in probabilities.items()},
                             present)
    chosen = torch.stack(list(confidence.values())).argmax(dim=0)
    rows = torch.arange(len(chosen), device=chosen.device)
    return torch.stack(list(probabilities.values()))[chosen, rows]


@MODELS.register_module()
class DOMFNHead(RebalancingMethod, JointHead):
    """Classifiers of all streams; each sample decides whether the fused one takes part.

    Where the modalities agree, all classifiers are trained, and the fused one predicts. Where they
    do not, each modality is trained by itself, and the most confident one predicts. In the first
    epochs, and outside a Runner never, all samples train the modalities alone; until the fused
    classifier has been trained once, the most confident modality predicts. It then stands in
    the loss with weight 0, so that weight decay acts on it.

    The predictions compared are softmax probabilities; the published code has sigmoids, and feeds
    them as logits into the cross-entropy.

    Args:
        num_classes: Number of classes C.
        in_channels: Width of the features by modality.
        fused_channels: Width of the fused vector; None for a fusion that gives logits itself.
        gamma: Threshold of the gate, > 0.
        eta: Weight of the divergence in the loss.
        tau: Scale of the divergence in the gate, > 0.
        pretrain_epochs: Epochs of unimodal training, counted from 0.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: If ``gamma`` or ``tau`` is not positive, or ``pretrain_epochs`` negative.

    Reference:
        Yang et al., "DOMFN: A Divergence-Orientated Multi-Modal Fusion Network for Resume
        Assessment", ACM Multimedia 2022.
    """

    modalities: ClassVar[tuple[int, int | None]] = (2, None)
    seam = 'loss'
    joint_trained: Tensor

    def __init__(self,
                 num_classes: int,
                 in_channels: Mapping[str, int],
                 fused_channels: int | None,
                 gamma: float = 0.8,
                 eta: float = 0.5,
                 tau: float = 0.2,
                 pretrain_epochs: int = 10,
                 init_cfg: dict | None = None) -> None:
        if gamma <= 0 or tau <= 0:
            raise ValueError(f'`gamma` and `tau` must be positive, but got {gamma} and {tau}: '
                             'samples are fused where the divergence is below their product.')
        if pretrain_epochs < 0:
            raise ValueError('`pretrain_epochs` must not be negative, but got '
                             f'{pretrain_epochs}: 0 fuses from the first epoch on.')
        super().__init__(num_classes, in_channels, fused_channels,
                         loss_weights=dict.fromkeys((*in_channels, FUSED), 1.0),
                         inference_streams=(FUSED, ), init_cfg=init_cfg)
        self.gamma, self.eta, self.tau = gamma, eta, tau
        self.pretrain_epochs = pretrain_epochs
        self.register_buffer('joint_trained', torch.tensor(False))
        _warn_of_open_gate(gamma * tau, len(in_channels))

    @property
    def pretraining(self) -> bool:
        """Whether this is an epoch in which the modalities are trained alone."""
        epoch = MessageHub.get_current_instance().get_info('epoch')
        return self.training and epoch is not None and epoch < self.pretrain_epochs

    def loss(self, logits: Mapping[str, Tensor], labels: Tensor,
             present: Present | None = None) -> dict[str, Tensor]:
        """Compute the loss of each stream; in the fused one, other samples count 0 in the mean.

        Args:
            logits: Logits by stream, each of shape (N, C).
            labels: Class indices, shape (N,), in [0, C).
            present: Whether each sample has a modality, bool, shape (N,); None for all.

        Returns:
            ``loss_<stream>`` by name, each a scalar.
        """
        divergences = divergence(_probabilities(logits), present)
        fused = agreement(divergences, self.gamma, self.tau)
        if self.pretraining:
            fused = torch.zeros_like(fused)
        elif self.training:
            self.joint_trained.fill_(True)
        losses = {name: self.sample_losses(rows, labels) for name, rows in logits.items()}
        return {
            **{f'loss_{name}': mean_of_present(
                unimodal_losses(losses[name], diverging, fused, self.eta),
                None if present is None else present[name])
               for name, diverging in divergences.items()},
            f'loss_{FUSED}': losses[FUSED].masked_fill(~fused, 0).mean()
        }

    def predict(self, logits: Mapping[str, Tensor],
                present: Present | None = None) -> dict[str, Tensor]:
        """Turn logits into class probabilities, by the gate, which needs no label.

        Args:
            logits: Logits by stream, each of shape (N, C).
            present: Whether each sample has a modality, bool, shape (N,); None for all.

        Returns:
            Probabilities by stream, each of shape (N, C), float32. ``'fused'`` stands for what
            predicts a sample: the fused classifier or the most confident modality.
        """
        scores = super().predict(logits, present)
        modalities = {name: rows for name, rows in scores.items() if name != FUSED}
        fused = agreement(divergence(modalities, present), self.gamma, self.tau)
        single = most_confident(modalities, present)
        joint = (fused & self.joint_trained)[:, None]
        return {**modalities, FUSED: torch.where(joint, scores[FUSED], single)}


def _probabilities(logits: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: full_precision(rows).softmax(dim=1) for name, rows in logits.items()
            if name != FUSED}


def _warn_of_open_gate(threshold: float, num_modalities: int) -> None:
    bound = largest_divergence(num_modalities)
    if threshold >= bound:
        warnings.warn(f'DOMFNHead will fuse every sample, because the divergence of '
                      f'{num_modalities} modalities cannot exceed {bound:.4g}, but '
                      f'`gamma` * `tau` is {threshold:.4g}: lower `tau`, such as to 0.2.',
                      UserWarning, stacklevel=3)
