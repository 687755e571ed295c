"""Dirichlet evidence: opinions, their combination and their loss."""
from __future__ import annotations

import math
from typing import Iterable

import torch
from torch import Tensor


def opinion(alpha: Tensor) -> tuple[Tensor, Tensor]:
    """Read a Dirichlet distribution as a subjective opinion.

    Args:
        alpha: Concentrations, shape (..., C), >= 1.

    Returns:
        Belief in each class, shape (..., C), and uncertainty, shape (...,); together they sum
        to 1.

    Reference:
        Han et al., "Trusted Multi-View Classification with Dynamic Evidential Fusion", TPAMI 2023.
    """
    strength = alpha.sum(dim=-1)
    return (alpha - 1) / strength[..., None], alpha.shape[-1] / strength


def combine_opinions(alphas: Iterable[Tensor]) -> Tensor:
    """Combine opinions by the reduced rule of Dempster.

    The rule b = (b1 b2 + b1 u2 + b2 u1) / (1 - K), u = u1 u2 / (1 - K) says in terms of the
    evidence e = alpha - 1 that 1 + e / C is the product of those of the opinions: the conflict K
    cancels. That form needs no order and loses nothing where opinions contradict each other.

    Args:
        alphas: Concentrations of at least one opinion, each of shape (..., C), >= 1.

    Returns:
        Concentrations of the combined opinion, shape (..., C). An opinion of ones changes nothing.

    Reference:
        Han et al., TPAMI 2023, definition of the combination of two opinions.
    """
    growth = torch.stack([((alpha - 1) / alpha.shape[-1]).log1p() for alpha in alphas]).sum(dim=0)
    return 1 + growth.shape[-1] * growth.expm1()


def dirichlet_kl(alpha: Tensor) -> Tensor:
    """Compute the Kullback-Leibler divergence of a Dirichlet distribution from the uniform one.

    Args:
        alpha: Concentrations, shape (N, C), > 0.

    Returns:
        Divergence, shape (N,), >= 0.
    """
    strength = alpha.sum(dim=1)
    spread = (alpha - 1) * (alpha.digamma() - strength.digamma()[:, None])
    return (strength.lgamma() - alpha.lgamma().sum(dim=1) - math.lgamma(alpha.shape[1])
            + spread.sum(dim=1))


def evidential_loss(alpha: Tensor, labels: Tensor, kl_weight: float = 1.0) -> Tensor:
    """Compute the expected cross-entropy of a Dirichlet distribution, and punish false evidence.

    Args:
        alpha: Concentrations, shape (N, C), >= 1.
        labels: Class indices, shape (N,), in [0, C).
        kl_weight: Weight of the divergence of the evidence for wrong classes from none, >= 0.

    Returns:
        Loss, shape (N,).

    Reference:
        Han et al., TPAMI 2023, overall loss of one view.
    """
    own = labels[:, None]
    expected = alpha.sum(dim=1).digamma() - alpha.gather(1, own).digamma().squeeze(1)
    return expected + kl_weight * dirichlet_kl(alpha.scatter(1, own, 1.0))
