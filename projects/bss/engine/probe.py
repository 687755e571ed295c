"""Read the unimodal logits of any model while it runs."""
from __future__ import annotations

from typing import Any, Callable, Mapping

import torch
from torch import Tensor, nn

from projects.bss.functional import closest_name

from .wrapping import named_parts

FUSED = 'fused'


class LogitsProbe:
    """Keep the logits (and the features they come from) of the last forward pass.

    It keeps nothing until ``listening`` is set, so that an idle probe holds no memory.

    Args:
        model: The model, without a parallel wrapper.
        logits: Path of the sub-module whose output are the logits, by modality, e.g.
            ``dict(rgb='cls_head.fc_rgb', pose='cls_head.fc_pose')``. None asks the model itself
            through its ``register_logits_hook``.
        fused: Path of the sub-module whose output are the fused logits; None if there is none.

    Raises:
        ValueError: If the model neither reports logits by itself nor is told where they are, or
            fewer than two modalities are named.
        KeyError: For a path that does not exist; the nearest one is suggested.
    """

    def __init__(self,
                 model: nn.Module,
                 logits: Mapping[str, str] | None = None,
                 fused: str | None = None) -> None:
        self.listening = False
        self._logits: dict[str, Tensor] = {}
        self._features: dict[str, Tensor] = {}
        if logits is None:
            self._handles = [_own_hook(model)(self._keep_all)]
            return
        if len(logits) < 2 or FUSED in logits:
            raise ValueError(f'`probe.logits` must name at least two modalities, none of them '
                             f'\'{FUSED}\', but got {sorted(logits)}.')
        paths = dict(logits) if fused is None else {**logits, FUSED: fused}
        self._handles = [
            _find(model, path).register_forward_hook(self._keeper(name))
            for name, path in paths.items()
        ]

    def take(self, num_samples: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Hand out what the last forward pass left, and forget it.

        Args:
            num_samples: Number N of samples in the batch. Several rows per sample (clips or
                crops) are averaged.

        Returns:
            Logits and features by stream, each with N rows.

        Raises:
            RuntimeError: If no forward pass went through the probed modules or its rows are not a
                multiple of N.
        """
        if not self._logits:
            raise RuntimeError('No logits were seen in the last forward pass: the modules that '
                               'BSSHook\'s `probe` names did not run. Name modules that run in '
                               'the training forward pass.')
        logits = {name: _per_sample(name, rows, num_samples)
                  for name, rows in self._logits.items()}
        features = {name: _per_sample(name, rows, num_samples)
                    for name, rows in self._features.items()}
        self._logits, self._features = {}, {}
        return logits, features

    def close(self) -> None:
        """Remove the forward hooks."""
        for handle in self._handles:
            handle.remove()

    def _keep_all(self, logits: Mapping[str, Tensor], features: Mapping[str, Tensor]) -> None:
        if self.listening:
            self._logits, self._features = dict(logits), dict(features)

    def _keeper(self, name: str) -> Callable[[nn.Module, Any, Any], None]:

        def keep(module: nn.Module, inputs: Any, output: Any) -> None:
            if not isinstance(output, Tensor):
                raise TypeError(f'The module that `probe` names for \'{name}\' must return a '
                                f'tensor of logits, but it returns a {type(output).__name__}: '
                                'name the linear layer itself.')
            if not self.listening:
                return
            self._logits[name] = output
            if inputs and isinstance(inputs[0], Tensor):
                self._features[name] = inputs[0]

        return keep


def _own_hook(model: Any) -> Callable[..., Any]:
    if not hasattr(model, 'register_logits_hook'):
        raise ValueError(
            f'BSSHook cannot find the unimodal logits of a {type(model).__name__}: tell it which '
            'sub-modules return them, e.g. probe=dict(logits=dict(rgb=\'cls_head.fc_rgb\', '
            'pose=\'cls_head.fc_pose\')), or use a MultiModalClassifier, which reports them by '
            'itself.')
    return model.register_logits_hook


def _find(model: nn.Module, path: str) -> nn.Module:
    modules = dict(named_parts(model))
    if path not in modules:
        raise KeyError(closest_name(f'module of {type(model).__name__}', path, modules))
    return modules[path]


def _per_sample(name: str, rows: Tensor, num_samples: int) -> Tensor:
    if len(rows) == num_samples:
        return rows
    if num_samples == 0 or len(rows) % num_samples:
        raise RuntimeError(f'The probed stream \'{name}\' has {len(rows)} rows for a batch of '
                           f'{num_samples} samples: rows must be a multiple of the batch.')
    return torch.stack([clip.mean(dim=0) for clip in rows.chunk(num_samples)])
