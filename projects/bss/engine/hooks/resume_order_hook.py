"""Make a run resume at the very batch."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from mmengine.dist import all_gather, broadcast_object_list, get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import EpochBasedTrainLoop
from torch.utils.data import DataLoader

from projects.bss.datasets.samplers import BalanceSampler

from ..checkpoint import latest_whole_checkpoint
from ..dataset_view import fingerprint, identities, seed_views
from ..randomness import random_state, restore_random_state

STATE_KEY = 'bss'


@HOOKS.register_module()
class ResumeOrderHook(Hook):
    """Store the place in the order, the random streams and the data's identity in checkpoints.

    A resumed run goes on with the very next batch, inside an epoch too. With one process and
    :class:`CurriculumTrainLoop` its weights on a CPU are bit-equal to the uninterrupted run's:
    random transforms of this package's data sets are a function of (seed, epoch, position), those
    of other data sets are restored if the main process runs them. With several processes the order
    is equal, while random streams are restored from rank 0, unless ranks have seeds of their own.
    A checkpoint of other data is refused.

    Data sets that can are compared with the manifest of their data root: training and validation
    data when training begins, test data when testing begins. What differs is a warning.

    Raises:
        TypeError: If the loop is not epoch-based or the sampler is not a BalanceSampler.
        ValueError: If the checkpoint was made on other data.
    """

    priority = 'ABOVE_NORMAL'

    def __init__(self) -> None:
        self._resumed: dict[str, Any] | None = None
        self._epoch_done = False
        self._fingerprint = ''
        self._identities: list[dict[str, Any]] = []

    def before_run(self, runner: Any) -> None:
        """Let an automatic resume pass over a checkpoint that was cut short while written."""
        if runner._resume and runner._load_from is None:
            runner._load_from = _checkpoint_of_all_ranks(runner.work_dir)
            # Without a checkpoint mmengine would still follow `last_checkpoint`.
            runner._resume = runner._load_from is not None

    def before_train(self, runner: Any) -> None:
        """Check the set-up and take over the state of the checkpoint."""
        self.sampler = balance_sampler(runner)
        self._fingerprint = fingerprint(runner.train_dataloader.dataset)
        self._identities = _report_identities(runner, runner.train_dataloader)
        if runner.val_loop is not None:
            _report_identities(runner, runner.val_dataloader)
        own_streams = (runner.cfg.get('randomness') or {}).get('diff_rank_seed', False)
        self._follows_rank_zero = get_rank() == 0 or not own_streams
        if self._resumed is not None:
            self._check_data(self._resumed['data'])
            self.restore(self._resumed)
            if not self.sampler.cursor:
                # The validation that comes first draws from the same streams as it did then.
                self._restore_randomness()

    def before_test(self, runner: Any) -> None:
        """Say which data is tested on."""
        _report_identities(runner, runner.test_dataloader)

    def before_train_epoch(self, runner: Any) -> None:
        """Point the sampler at the epoch and report its order."""
        self._epoch_done = False
        self.sampler.set_epoch(runner.epoch)
        seed_views(runner.train_dataloader.dataset, self.sampler.seed, runner.epoch)
        self.steer(runner)
        _require_one_order(self.sampler.order_hash())
        self._restore_randomness()

    def steer(self, runner: Any) -> None:
        """Set the plan of the epoch that begins; plain shuffling needs none.

        Args:
            runner: The runner.
        """
        runner.logger.info(f'Epoch {runner.epoch + 1}: order {self.sampler.order_hash()}.')

    def after_train_iter(self,
                         runner: Any,
                         batch_idx: int,
                         data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        """Move the cursor past the batch."""
        self.sampler.advance(batch_size_of(runner.train_dataloader))

    def after_train_epoch(self, runner: Any) -> None:
        """Note that a checkpoint saved from here on belongs to the next epoch."""
        self._epoch_done = True

    def before_save_checkpoint(self, runner: Any, checkpoint: dict) -> None:
        """Store the state under one key."""
        checkpoint[STATE_KEY] = self.state(runner)

    def after_load_checkpoint(self, runner: Any, checkpoint: dict) -> None:
        """Keep the state of a checkpoint that is resumed, not merely loaded."""
        if runner._resume:
            if STATE_KEY not in checkpoint:
                raise ValueError(
                    f'The checkpoint to resume from was saved without {type(self).__name__}, so it '
                    'does not say where in the order it stopped: load it with `load_from` and '
                    'without `resume`, or resume with the config that it was trained with.')
            self._resumed = checkpoint[STATE_KEY]

    def state(self, runner: Any) -> dict[str, Any]:
        """Collect what a resumed run needs.

        Args:
            runner: The runner.

        Returns:
            Tensors and plain types only.
        """
        sampler = self.sampler.state_dict()
        if self._epoch_done:
            sampler.update(epoch=self.sampler.epoch + 1, cursor=0)
        return dict(
            sampler=sampler,
            random=random_state(),
            data=dict(length=len(self.sampler.dataset), fingerprint=self._fingerprint,
                      manifests=[dict(variant=found['variant'], content=found['content'])
                                 for found in self._identities]))

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` collected.

        Args:
            state: State of the checkpoint, for the same data.
        """
        self.sampler.load_state_dict(state['sampler'])

    def _restore_randomness(self) -> None:
        if self._resumed is not None and self._follows_rank_zero:
            restore_random_state(self._resumed['random'])
        self._resumed = None

    def _check_data(self, saved: dict[str, Any]) -> None:
        change = self._changed_data(saved)
        if change:
            known = ' '.join(text for found in self._identities for text in found['changes'])
            differs = f' Against the manifest: {known}' if known else ''
            raise ValueError(f'The checkpoint was made on {change}: resume with the same data, or '
                             f'start a new run with `load_from`.{differs}')

    def _changed_data(self, saved: dict[str, Any]) -> str:
        length = len(self.sampler.dataset)
        if saved['length'] != length:
            return (f'{saved["length"]} training samples, but the data set has {length} now')
        if saved['fingerprint'] != self._fingerprint:
            return (f'other annotations (fingerprint {saved["fingerprint"][:12]}, now '
                    f'{self._fingerprint[:12]})')
        for then, now in zip(saved.get('manifests', []), self._identities):
            other = [name for name, content in now['content'].items()
                     if then['content'].get(name, content) != content]
            if other:
                return (f'files of other content, says the manifest (modalities '
                        f'{", ".join(other)}; variant {then["variant"]}, now {now["variant"]})')
        return ''


def balance_sampler(runner: Any) -> BalanceSampler:
    """Find the BalanceSampler of an epoch-based run.

    Args:
        runner: The runner.

    Returns:
        The sampler of the training loader.

    Raises:
        TypeError: If the loop is not epoch-based or the sampler is another one.
    """
    if not isinstance(runner.train_loop, EpochBasedTrainLoop):
        raise TypeError(f'BSS needs epochs, but the training loop is a '
                        f'{type(runner.train_loop).__name__}: set train_cfg=dict('
                        'type=\'CurriculumTrainLoop\', max_epochs=...) or by_epoch=True.')
    return balance_sampler_of(runner.train_dataloader)


def balance_sampler_of(loader: DataLoader) -> BalanceSampler:
    """Find the BalanceSampler of a loader.

    Args:
        loader: The training loader.

    Returns:
        Its sampler.

    Raises:
        TypeError: If the sampler is another one.
    """
    sampler = getattr(loader.batch_sampler, 'sampler', loader.sampler)
    if not isinstance(sampler, BalanceSampler):
        raise TypeError(f'BSS steers a BalanceSampler, but the sampler of the training loader is a '
                        f'{type(sampler).__name__}: set train_dataloader.sampler=dict('
                        'type=\'BalanceSampler\', shuffle=True).')
    return sampler


def batch_size_of(loader: DataLoader) -> int:
    """Read the batch size of a loader, also behind a custom batch sampler.

    Args:
        loader: The loader.

    Returns:
        Samples per batch on this rank.
    """
    return loader.batch_size or loader.batch_sampler.batch_size  # type: ignore[union-attr]


def _checkpoint_of_all_ranks(work_dir: str) -> str | None:
    """Take what rank 0 finds, so that no rank goes on from another place."""
    chosen = [latest_whole_checkpoint(work_dir)]
    broadcast_object_list(chosen)
    path = chosen[0]
    if path is not None and '://' not in path and not Path(path).exists():
        raise FileNotFoundError(
            f'Rank {get_rank()} does not find the checkpoint {path} that rank 0 goes on from: put '
            '`work_dir` on a file system that all machines see.')
    return path


def _report_identities(runner: Any, loader: DataLoader) -> list[dict[str, Any]]:
    found = identities(loader.dataset)
    for identity in found:
        runner.logger.info(identity['summary'])
        for change in identity['changes']:
            runner.logger.warning(f'The data is not what the manifest describes: {change}')
    return found


def _require_one_order(order_hash: str) -> None:
    if get_world_size() == 1:
        return
    digits = torch.tensor([int(order_hash[:8], 16), int(order_hash[8:], 16)])
    hashes = [tuple(found.tolist()) for found in all_gather(digits)]
    if len(set(hashes)) > 1:
        raise RuntimeError('The ranks disagree about the order of the epoch (fingerprints '
                           f'{hashes}): they must have the same data, seed and scores.')
