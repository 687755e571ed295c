"""The loss seam: weigh, replace or add the loss terms of training passes."""
from __future__ import annotations

from abc import abstractmethod
from typing import Any

from torch import Tensor
from torch.utils.hooks import RemovableHandle

from projects.bss.models.base import BatchOutputs

from .method_hook import MethodHook


class LossHook(MethodHook):
    """Base of methods that change loss terms; passes that only score or validate keep theirs."""

    seam = 'loss'

    @abstractmethod
    def modify(self, losses: dict[str, Tensor], outputs: BatchOutputs) -> dict[str, Tensor]:
        """Give the loss terms to train with.

        Args:
            losses: Scalars named ``loss_<stream>``, already weighted by the head and by the hooks
                before this one. Multiply them, so that those weights stay.
            outputs: What they were computed from, still attached to the graph.

        Returns:
            Scalars by name; those whose name contains ``loss`` are added up.
        """

    def listen(self, runner: Any) -> tuple[RemovableHandle, ...]:
        """Register :meth:`modify`."""
        return (self.model.register_loss_hook(self._modify_in_training), )

    def _modify_in_training(self, losses: dict[str, Tensor],
                            outputs: BatchOutputs) -> dict[str, Tensor]:
        return self.modify(losses, outputs) if self.training else losses
