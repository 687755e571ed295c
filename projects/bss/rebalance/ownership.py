"""Which modules and parameters belong to one modality alone."""
from __future__ import annotations

from typing import Any

from mmengine.optim import OptimWrapperDict
from torch import nn
from torch.optim import Optimizer

from projects.bss.models.base import StreamClassifier

ELSEWHERE = ('data_preprocessor', 'encoders.')  # has no parameters; is somebody else's inside


def own_modules(model: StreamClassifier, name: str) -> dict[str, nn.Module]:
    """Find the modules of one modality.

    Args:
        model: The classifier.
        name: Name of the modality.

    Returns:
        By path: the modality's encoder, and what fusion and head keep under its name, such as its
        own classifier.
    """
    return {
        f'{path}.{name}': part[name]
        for path, part in model.named_modules()
        if isinstance(part, nn.ModuleDict) and name in part and not path.startswith(ELSEWHERE)
    }


def own_parameters(model: StreamClassifier, method: str) -> dict[str, list[nn.Parameter]]:
    """Find the parameters of every modality.

    Args:
        model: The classifier.
        method: Name of the method that treats them separately, for the message.

    Returns:
        Parameters of :func:`own_modules` by modality.

    Raises:
        ValueError: If two modalities share a parameter.
    """
    owners: dict[nn.Parameter, str] = {}
    for name in model.modalities:
        for module in own_modules(model, name).values():
            for parameter in module.parameters():
                owner = owners.setdefault(parameter, name)
                if owner != name:
                    raise ValueError(f'{method} treats the parameters of each modality by '
                                     f"themselves, but '{owner}' and '{name}' share some: give "
                                     'each an encoder and a classifier of its own.')
    return {name: [parameter for parameter, owner in owners.items() if owner == name]
            for name in model.modalities}


def only_optimizer(runner: Any, method: str) -> Optimizer:
    """Get the optimiser of a run that has one.

    Args:
        runner: The runner.
        method: Name of the method that acts on its step, for the message.

    Returns:
        The optimiser.

    Raises:
        TypeError: If there are several.
    """
    if isinstance(runner.optim_wrapper, OptimWrapperDict):
        raise TypeError(f'{method} acts on the step of the one optimiser, but `optim_wrapper` '
                        f'holds {list(runner.optim_wrapper.keys())}: train all parameters with a '
                        'single optimiser.')
    return runner.optim_wrapper.optimizer


def require_unimodal_losses(model: StreamClassifier, method: str) -> None:
    """Check that every modality has a loss of its own.

    Args:
        model: The classifier.
        method: Name of the method that needs them, for the message.

    Raises:
        ValueError: If the head does not train some modality by itself.
    """
    trained = getattr(model.head, 'loss_weights', {})
    missing = [name for name in model.modalities if not trained.get(name)]
    if missing:
        raise ValueError(f'{method} needs a loss for each modality, but `model.head`, a '
                         f'{type(model.head).__name__}, has none for {missing}: use a JointHead '
                         'in which every stream has a weight above 0.')
