"""See through the wrappers of models that are trained by several processes."""
from __future__ import annotations

from typing import Iterator, cast

from mmengine.model import is_model_wrapper
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel

_SHARDED_PART = '_fsdp_wrapped_module.'


def is_sharded(model: nn.Module) -> bool:
    """Tell whether each rank holds a part of the weights only.

    Args:
        model: A model, wrapped or not.

    Returns:
        Whether FSDP is at work.
    """
    return isinstance(model, FullyShardedDataParallel)


def whole_model(model: nn.Module) -> nn.Module:
    """Get the module through which all weights are there in a forward pass outside training.

    Args:
        model: Model of a runner.

    Returns:
        The model without its wrapper; if it is sharded the wrapper, which gathers the weights, also
        passes on the attributes of the model, and must be called by all ranks equally often.
    """
    if is_sharded(model) or not is_model_wrapper(model):
        return model
    return cast(nn.Module, model.module)


def named_parts(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Iterate the sub-modules by the paths that they have in a model without wrappers.

    Args:
        model: A model, wrapped or not.

    Yields:
        Path and module.
    """
    for path, module in model.named_modules():
        yield path.replace(_SHARDED_PART, ''), module
