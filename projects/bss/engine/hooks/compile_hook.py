"""Compilation of parts of a model."""
from __future__ import annotations

from typing import Any, Sequence

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from torch import nn

from projects.bss.functional import closest_name

from ..wrapping import named_parts, whole_model


@HOOKS.register_module()
class CompileHook(Hook):
    """Compile parts of a model in place before training.

    The whole of a training step, as ``cfg.compile`` of mmengine takes it, has data samples and
    Python in it at which the compiler stops; the encoders, where the work is, have none. Names in
    checkpoints stay.

    Args:
        parts: Paths of modules; of a dict or list of modules each is compiled.
        **options: Options of ``torch.compile``, such as ``dynamic=False``.
    """

    def __init__(self, parts: Sequence[str] = ('encoders', ), **options: Any) -> None:
        self.parts = tuple(parts)
        self.options = options

    def before_train(self, runner: Any) -> None:
        """Compile; the work is done when data first comes along."""
        self.compile_parts(whole_model(runner.model))

    def compile_parts(self, model: nn.Module) -> None:
        """Compile the parts of a model.

        Args:
            model: The model, without a parallel wrapper.

        Raises:
            KeyError: For a path that does not exist; the nearest one is suggested.
        """
        modules = dict(named_parts(model))
        for path in self.parts:
            if path not in modules:
                raise KeyError(closest_name(f'module of {type(model).__name__}', path, modules))
            part = modules[path]
            held = isinstance(part, (nn.ModuleDict, nn.ModuleList))
            for module in part.children() if held else [part]:
                module.compile(**self.options)
