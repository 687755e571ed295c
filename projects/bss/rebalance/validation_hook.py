"""Methods that follow how every modality does on the validation set."""
from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Mapping

from .method_hook import MethodHook
from .state import CheckpointState


def unimodal_metrics(metrics: Mapping[str, float], measure: str, names: tuple[str, ...],
                     method: str) -> dict[str, float]:
    """Pick one measure of every modality.

    Args:
        metrics: Metrics of a validation, by key.
        measure: Measure of ``MultiModalMetric``, such as ``'acc'``.
        names: Names of the modalities.
        method: Name of the method that follows them, for the message.

    Returns:
        Value by modality.

    Raises:
        KeyError: If one is missing.
    """
    missing = [f'{measure}/{name}' for name in names if f'{measure}/{name}' not in metrics]
    if missing:
        raise KeyError(f'{method} follows the validation metrics {missing}, but the validation '
                       f'gave {sorted(metrics)}: set val_evaluator=dict(type=\'MultiModalMetric\') '
                       'without `prefix`, and see that some validation sample has the modality.')
    return {name: float(metrics[f'{measure}/{name}']) for name in names}


def require_validation(runner: Any, method: str) -> None:
    """Check that a run has a validation set.

    Args:
        runner: The runner.
        method: Name of the method that needs it, for the message.

    Raises:
        ValueError: If it has none.
    """
    if runner.val_loop is None:
        raise ValueError(f'{method} decides by the validation set, but there is none: set '
                         '`val_dataloader`, `val_evaluator` and `val_cfg`.')


class ValidationHook(CheckpointState, MethodHook):
    """Base of methods that act after validations.

    It acts last: weights that an EMA hook has put in for the validation are out again, and the best
    checkpoint holds the weights that were validated. A validation that a resumed run repeats
    counts once.

    Attributes:
        measure: Measure to follow, of those of ``MultiModalMetric``.
        history: Values so far by modality, the newest last.

    Raises:
        ValueError: If there is no validation set.
        KeyError: If the validation does not measure every modality.
    """

    priority = 'LOWEST'
    measure: ClassVar[str]

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self._validated_epoch = 0

    @abstractmethod
    def react(self, runner: Any) -> None:
        """Act upon :attr:`history`, to which a validation has just added.

        Args:
            runner: The runner.
        """

    def before_train(self, runner: Any) -> None:
        """Check the set-up and take over the state of the checkpoint."""
        require_validation(runner, type(self).__name__)
        super().before_train(runner)

    def after_val_epoch(self, runner: Any, metrics: Mapping[str, float] | None = None) -> None:
        """Note how the modalities do, once per epoch of training."""
        # Outside of training, the epoch is 0 or that of the last validation.
        if metrics is not None and runner.epoch > self._validated_epoch:
            self._validated_epoch = runner.epoch
            values = unimodal_metrics(metrics, self.measure, self.model.modalities,
                                      type(self).__name__)
            for name, value in values.items():
                self.history.setdefault(name, []).append(value)
            self.react(runner)

    def state_dict(self) -> dict[str, Any]:
        """Collect the values so far."""
        return dict(history={name: list(values) for name, values in self.history.items()},
                    validated_epoch=self._validated_epoch)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over the values so far."""
        self.history = {name: list(values) for name, values in state['history'].items()}
        self._validated_epoch = state['validated_epoch']
