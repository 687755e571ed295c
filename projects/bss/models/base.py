"""What the classifiers of this package have in common."""
from __future__ import annotations

from abc import abstractmethod
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Sequence

import torch
import torch.nn as nn
from mmengine.model import BaseModel, ModuleDict
from mmengine.registry import MODELS
from mmengine.structures import BaseDataElement, LabelData
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from projects.bss.functional.measure import FUSED
from projects.bss.functional.transfer import send
from projects.bss.models.memory_format import use_channels_last
from projects.bss.models.presence import Present, find_present, zero_absent

LogitsHook = Callable[[dict[str, Tensor], dict[str, Tensor]], None]


@dataclass(frozen=True)
class BatchOutputs:
    """What a training forward pass has computed, for those who change its losses.

    Args:
        logits: Logits by stream, each of shape (N, C).
        features: Features by stream, each of shape (N, d).
        labels: Class indices, shape (N,).
        present: Whether each sample has a modality, bool, shape (N,); None for all.
    """

    logits: Mapping[str, Tensor]
    features: Mapping[str, Tensor]
    labels: Tensor
    present: Present | None


LossHook = Callable[[dict[str, Tensor], BatchOutputs], dict[str, Tensor]]


def pool_features(output: Tensor | Sequence[Tensor]) -> Tensor:
    """Bring the output of an encoder to one vector per sample.

    Args:
        output: Features, shape (N, d) or (N, d, ...), or a sequence whose last element counts.

    Returns:
        Features averaged over all positions, shape (N, d).
    """
    features = output if isinstance(output, Tensor) else output[-1]
    return features.flatten(2).mean(dim=2) if features.dim() > 2 else features


def encode_each(encoders: Mapping[str, nn.Module],
                inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Encode every modality by itself (Eq. 1).

    Args:
        encoders: Encoder by modality.
        inputs: Batched inputs by modality, each of shape (N, ...).

    Returns:
        Features by modality, each of shape (N, d_m).
    """
    return {name: pool_features(encoders[name](x)) for name, x in inputs.items()}


def build_part(part: dict | nn.Module) -> Any:
    """Build a module from its config; a module is returned as it is."""
    return part if isinstance(part, nn.Module) else MODELS.build(part)


def stack_labels(data_samples: Sequence[BaseDataElement], num_classes: int) -> Tensor:
    """Collect the labels of a batch.

    Args:
        data_samples: Data samples with ``gt_labels.item`` of shape (1,).
        num_classes: Number of classes C of the model.

    Returns:
        Class indices, shape (N,), in [0, C).

    Raises:
        ValueError: For a label outside [0, C). Labels that are on an accelerator already are
            not checked, because reading them would stall it.
    """
    labels = torch.cat([sample.gt_labels.item for sample in data_samples])
    if labels.device.type == 'cpu':
        wrong = labels[(labels < 0) | (labels >= num_classes)]
        if len(wrong):
            raise ValueError(
                f'Labels must lie in [0, num_classes) with num_classes = {num_classes}, but got '
                f'{wrong[0].item()}: set `num_classes` of the head to the number of classes of '
                'the data set, and let the labels begin at 0.')
    return labels


class StreamClassifier(BaseModel):
    """Encoders by modality, and classifiers on their features.

    Args:
        encoders: Encoder or its config by modality; the order is that of the modalities.
        data_preprocessor: Preprocessor or its config, or ``None``.
        init_cfg: Initialisation config of mmengine.
        channels_last: Whether convolutions of the encoders compute with their channels last.

    Raises:
        ValueError: If a modality is called ``'fused'``.
    """

    num_classes: int

    def __init__(self,
                 encoders: Mapping[str, dict | nn.Module],
                 data_preprocessor: dict | nn.Module | None = None,
                 init_cfg: dict | None = None,
                 channels_last: bool = False) -> None:
        super().__init__(data_preprocessor, init_cfg)
        if FUSED in encoders:
            raise ValueError(f"No modality may be called '{FUSED}', which is the name of the "
                             'fused stream: rename that entry of `encoders`.')
        self.encoders = ModuleDict({
            name: build_part(encoder)
            for name, encoder in encoders.items()
        })
        if channels_last:
            use_channels_last(self.encoders)
        self._logits_hooks: OrderedDict[int, LogitsHook] = OrderedDict()
        self._loss_hooks: OrderedDict[int, LossHook] = OrderedDict()
        self.data_preprocessor.register_forward_pre_hook(self._admit_batch)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, in the order of the config."""
        return tuple(self.encoders)

    def modality_parameters(self, name: str) -> list[nn.Parameter]:
        """Give the parameters of one modality's encoder.

        Args:
            name: Name of the modality.

        Returns:
            Its parameters, in the order of the module.

        Raises:
            KeyError: If there is no such modality.
        """
        if name not in self.encoders:
            raise KeyError(f'`name` must be one of the modalities {self.modalities}, but got '
                           f'{name!r}.')
        return list(self.encoders[name].parameters())

    def register_logits_hook(self, callback: LogitsHook) -> RemovableHandle:
        """Call ``callback(logits, features)`` on every forward.

        Args:
            callback: Receives logits, (N, C) each, and features, (N, d) each, by stream, still
                attached to the graph. Its return value is ignored.

        Returns:
            Handle whose ``remove()`` ends it.
        """
        handle = RemovableHandle(self._logits_hooks)
        self._logits_hooks[handle.id] = callback
        return handle

    def register_loss_hook(self, callback: LossHook) -> RemovableHandle:
        """Let ``callback(losses, outputs)`` weigh, replace or add the loss terms of training.

        Args:
            callback: Receives the named loss terms, already weighted, and the outputs that they
                were computed from, still attached to the graph; returns the terms to train with.

        Returns:
            Handle whose ``remove()`` ends it.
        """
        handle = RemovableHandle(self._loss_hooks)
        self._loss_hooks[handle.id] = callback
        return handle

    def __getstate__(self) -> dict[str, Any]:
        # A copy, such as the one of an EMA hook, must not call (or copy) somebody else's callback.
        return {**self.__dict__, '_logits_hooks': OrderedDict(), '_loss_hooks': OrderedDict()}

    def select_inputs(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Check the modalities of a batch and bring them into the order of the encoders.

        Args:
            inputs: Inputs by modality.

        Returns:
            The inputs that the model reads.

        Raises:
            ValueError: If the modalities are not those of the encoders.
        """
        if set(inputs) != set(self.modalities):
            raise ValueError(
                f'The inputs must hold the modalities of the encoders, {list(self.modalities)}, '
                f'but hold {list(inputs)}: align the keys of the data set pipeline with those of '
                '`model.encoders`.')
        return {name: inputs[name] for name in self.modalities}

    def _admit_batch(self, module: nn.Module, args: tuple) -> tuple:
        # Runs before the preprocessor moves anything, so that reading labels stalls no device.
        data, *rest = args
        labelled = [s for s in data.get('data_samples') or () if hasattr(s, 'gt_labels')]
        if labelled:
            stack_labels(labelled, self.num_classes)
        return ({**data, 'inputs': self.select_inputs(data['inputs'])}, *rest)

    def extract_features(self, inputs: Mapping[str, Tensor],
                         present: Present | None = None) -> dict[str, Tensor]:
        """Encode every modality (Eq. 1).

        Args:
            inputs: Batched inputs by modality, each of shape (N, ...).
            present: Whether each sample has a modality, bool, shape (N,); None for all.

        Returns:
            Features by modality, each of shape (N, d_m); zeros where a modality is absent.

        Raises:
            TypeError: If an input has not been stacked.
        """
        for name, x in inputs.items():
            if not isinstance(x, Tensor):
                raise TypeError(
                    f"The input of modality '{name}' must be a tensor of shape (N, ...), but got "
                    f'a {type(x).__name__}: give the model a `data_preprocessor` that stacks, '
                    'such as StreamPreprocessor.')
        # Zeros at both ends keep NaN out of the features and, on the way back, of the gradients.
        return zero_absent(self.encode(zero_absent(inputs, present), present), present)

    def encode(self, inputs: Mapping[str, Tensor],
               present: Present | None = None) -> dict[str, Tensor]:
        """Map inputs by modality, (N, ...), to features by modality, (N, d_m)."""
        return encode_each(self.encoders, inputs)

    @abstractmethod
    def classify(self, features: dict[str, Tensor],
                 present: Present | None = None) -> dict[str, Tensor]:
        """Map features by stream, (N, d), to logits by stream, (N, C).

        Beside the streams of the model there may be auxiliary ones, which :meth:`loss` sees.
        """

    @abstractmethod
    def loss(self, logits: dict[str, Tensor], labels: Tensor,
             present: Present | None = None) -> dict[str, Tensor]:
        """Map logits by stream, (N, C), and labels, (N,), to named scalar loss terms."""

    @abstractmethod
    def predict(self, logits: dict[str, Tensor],
                present: Present | None = None) -> dict[str, Tensor]:
        """Map logits by stream, (N, C), to class probabilities by stream, (N, C)."""

    def forward(self,
                inputs: Mapping[str, Tensor],
                data_samples: Sequence[BaseDataElement] | None = None,
                mode: str = 'tensor') -> Any:
        """Run the model.

        Args:
            inputs: Batched inputs by modality, each of shape (N, ...).
            data_samples: Data samples, N of them; needed by ``'loss'`` and ``'predict'``. The
                metainfo ``absent`` of a sample names the modalities that it lacks: they are left
                out of loss and prediction, and what their inputs hold is not read.
            mode: ``'tensor'``, ``'loss'`` or ``'predict'``.

        Returns:
            ``'tensor'``: ``dict(features=..., logits=...)``. ``'loss'``: named loss terms, already
            weighted. ``'predict'``: the data samples, where ``pred_scores`` holds for each stream
            the class probabilities, shape (C,).

        Raises:
            ValueError: For an unknown mode, missing data samples, wrong modalities or a label
                outside the classes.
        """
        if mode not in ('tensor', 'loss', 'predict'):
            raise ValueError(f"`mode` must be 'tensor', 'loss' or 'predict', but got {mode!r}.")
        inputs = self.select_inputs(inputs)
        present = self._find_present(inputs, data_samples)
        features = self.extract_features(inputs, present)
        logits = self.classify(features, present)
        reported = {name: logits[name] for name in (*self.modalities, FUSED)}
        for callback in tuple(self._logits_hooks.values()):
            callback(reported, features)
        if mode == 'tensor':
            return dict(features=features, logits=reported)
        if data_samples is None:
            raise ValueError(f'`data_samples` must be given for mode={mode!r}, but got None: '
                             "pass them, or use mode='tensor'.")
        if mode == 'loss':
            labels = send(stack_labels(data_samples, self.num_classes), logits[FUSED].device)
            return self._adjusted(self.loss(logits, labels, present),
                                  BatchOutputs(logits, features, labels, present))
        return self._add_scores(data_samples, self.predict(reported, present))

    def parse_losses(self, losses: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Sum the loss terms.

        Args:
            losses: Scalars by name. Those with a slash are facts for the log, whatever the name of
                their modality.

        Returns:
            Sum of the terms whose names have ``loss`` in them, and all scalars for the log.
        """
        facts = {name: value for name, value in losses.items() if '/' in name}
        total, log_vars = super().parse_losses(
            {name: value for name, value in losses.items() if name not in facts})
        return total, {**log_vars, **facts}

    def _adjusted(self, losses: dict[str, Tensor], outputs: BatchOutputs) -> dict[str, Tensor]:
        for callback in tuple(self._loss_hooks.values()):
            losses = callback(losses, outputs)
        return losses

    def _find_present(self, inputs: Mapping[str, Any],
                      data_samples: Sequence[BaseDataElement] | None) -> Present | None:
        device = getattr(next(iter(inputs.values())), 'device', torch.device('cpu'))
        return find_present(data_samples, self.modalities, device)

    def _add_scores(self, data_samples: Sequence[BaseDataElement],
                    scores: dict[str, Tensor]) -> list[BaseDataElement]:
        for i, sample in enumerate(data_samples):
            sample.pred_scores = LabelData(**{name: rows[i] for name, rows in scores.items()})
        return list(data_samples)
