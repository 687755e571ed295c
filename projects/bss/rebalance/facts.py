"""What is known of a rebalancing method before it is built."""
from __future__ import annotations

import inspect
from typing import ClassVar

import mmengine.registry
from mmengine.registry import Registry


class RebalancingMethod:
    """Mixin of all adapters; the table of the methods shows these facts, and tests hold them.

    Attributes:
        seam: What of the training it changes: ``'sampler'``, ``'loss'``, ``'gradient'``,
            ``'step'`` or ``'learning rate'``.
        accumulation: What it takes for a batch where gradients are accumulated: ``'whole'`` for
            all batches of a step together, ``'each'`` for each by itself, or ``'refused'``.
        model_wrapper: Type of ``model_wrapper_cfg`` for several processes.
        extra_work: What it computes on top of plain training, with M modalities.
    """

    seam: ClassVar[str]
    accumulation: ClassVar[str] = 'whole'
    model_wrapper: ClassVar[str] = 'MMDistributedDataParallel'
    extra_work: ClassVar[str] = 'none'


def registered_methods() -> dict[str, type[RebalancingMethod]]:
    """Find the methods of this package.

    Returns:
        Registered adapters by name, in the order of the names.
    """
    package = __name__.rpartition('.')[0]
    found = {name: part for registry in vars(mmengine.registry).values()
             if isinstance(registry, Registry) for name, part in registry.module_dict.items()
             if inspect.isclass(part) and issubclass(part, RebalancingMethod)
             and part.__module__.startswith(package)}
    return dict(sorted(found.items()))
