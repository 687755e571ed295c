"""State of a method that lives in the checkpoint."""
from __future__ import annotations

from abc import abstractmethod
from typing import Any

from mmengine.hooks import Hook
from mmengine.utils import apply_to
from torch import Tensor

STATE_KEY = 'rebalance'


class CheckpointState(Hook):
    """Mixin that stores a hook's state, so that a resumed run equals an uninterrupted one.

    The state lies at ``checkpoint['rebalance'][<class name>]``. Put the mixin first among the
    bases. What is loaded is handed over in :meth:`before_train`, after that of the other bases; a
    subclass that has a ``before_train`` makes what the state needs before it calls this one.

    A checkpoint that is loaded to start a new run, not to resume, leaves the state alone.

    Raises:
        ValueError: If two hooks of a class are in one run, or a run is resumed from a checkpoint
            that does not have the state.
    """

    _loaded: dict[str, Any] | None = None

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Collect the state.

        Returns:
            Tensors and plain types only, which load with ``weights_only=True``; copies, if they
            change before the checkpoint is written.
        """

    @abstractmethod
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over a state.

        Args:
            state: What :meth:`state_dict` returned, possibly moved to another device.
        """

    def before_train(self, runner: Any) -> None:
        """Take over the state of the checkpoint that is resumed."""
        super().before_train(runner)
        if self._loaded is not None:
            self.load_state_dict(self._loaded)
        self._loaded = None

    def before_save_checkpoint(self, runner: Any, checkpoint: dict) -> None:
        """Store the state under the name of the class."""
        states = checkpoint.setdefault(STATE_KEY, {})
        name = type(self).__name__
        if name in states:
            raise ValueError(f'A run can have one {name}, but `custom_hooks` has two of them, '
                             'whose states would lie in the same place: remove one.')
        # As mmengine does with weights, so that any machine can read the checkpoint.
        states[name] = apply_to(self.state_dict(), lambda part: isinstance(part, Tensor),
                                lambda part: part.cpu())

    def after_load_checkpoint(self, runner: Any, checkpoint: dict) -> None:
        """Keep the state of a checkpoint that is resumed, not merely loaded."""
        if not runner._resume:
            return
        name = type(self).__name__
        if name not in checkpoint.get(STATE_KEY, {}):
            raise ValueError(
                f'The checkpoint to resume from was saved without {name}, so it lacks the state '
                'of that method: load it with `load_from` and without `resume`, or resume with '
                'the config that it was trained with.')
        self._loaded = checkpoint[STATE_KEY][name]
