"""What the hooks of all rebalancing methods have in common."""
from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import Any, ClassVar, Iterable, Sequence

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from torch import nn
from torch.utils.hooks import RemovableHandle

from projects.bss.engine.wrapping import is_sharded
from projects.bss.models.base import StreamClassifier

from .facts import RebalancingMethod


def find_classifier(model: nn.Module, method: str) -> StreamClassifier:
    """Find the classifier behind a parallel wrapper.

    Args:
        model: The model of a runner.
        method: Name of the method that needs it, for the message.

    Returns:
        The classifier itself.

    Raises:
        TypeError: If the model is no classifier of this package.
        ValueError: If each rank holds a part of its weights only.
    """
    if is_sharded(model):
        raise ValueError(f'{method} works on the weights of single modalities, but FSDP has '
                         'sharded the model: train with DDP.')
    inner = model.module if is_model_wrapper(model) else model
    if not isinstance(inner, StreamClassifier):
        raise TypeError(f'{method} needs to know the modalities of the model, but the model is a '
                        f'{type(inner).__name__}: put its parts into a MultiModalClassifier.')
    return inner


def check_modalities(method: str, names: Sequence[str], bounds: tuple[int, int | None]) -> None:
    """Check that a method is defined for as many modalities as the model has.

    Args:
        method: Name of the method, for the message.
        names: Names of the model's modalities.
        bounds: Least and largest number of modalities; None for any.

    Raises:
        ValueError: If the number lies outside the bounds.
    """
    least, most = bounds
    if len(names) < least or most is not None and len(names) > most:
        wanted = f'exactly {least}' if least == most else f'at least {least}'
        wanted += f' and at most {most}' if most not in (None, least) else ''
        raise ValueError(f'{method} is defined for {wanted} modalities, but the model has '
                         f'{len(names)}, {list(names)}: leave some out of `model.encoders`, or '
                         'take another method.')


class MethodHook(RebalancingMethod, Hook, metaclass=ABCMeta):
    """Base of the hooks that act on a :class:`StreamClassifier` while it is trained.

    Attributes:
        modalities: Least and largest number of modalities that the method is defined for; None
            for any.
        model: The classifier without a parallel wrapper, from :meth:`before_train` on.
        training: Whether a training iteration is under way; scoring and validation passes are
            none.
    """

    modalities: ClassVar[tuple[int, int | None]] = (2, None)
    model: StreamClassifier
    training: bool = False

    @abstractmethod
    def listen(self, runner: Any) -> Iterable[RemovableHandle]:
        """Register callbacks before training begins.

        Args:
            runner: The runner, whose model and optimiser are built.

        Returns:
            Handles, removed when training ends.
        """

    def before_train(self, runner: Any) -> None:
        """Check the model and register callbacks."""
        name = type(self).__name__
        self.model = find_classifier(runner.model, name)
        check_modalities(name, self.model.modalities, self.modalities)
        self._handles = list(self.listen(runner))

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Note that forward passes are those of training from here on."""
        self.training = True

    def after_train_iter(self,
                         runner: Any,
                         batch_idx: int,
                         data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        """Note that the training pass is over."""
        self.training = False

    def after_train(self, runner: Any) -> None:
        """Remove the callbacks."""
        for handle in self._handles:
            handle.remove()
