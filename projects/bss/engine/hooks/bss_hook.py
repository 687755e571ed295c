"""Decide when to score and hand the scheduler's plan to the sampler."""
from __future__ import annotations

import time
import warnings
from typing import Any, Mapping

import torch
from mmengine.registry import HOOKS
from torch import Tensor

from projects.bss.datasets.samplers import Plan
from projects.bss.functional import effective_sample_size, sampling_entropy

from ..building import build_part
from ..measurer import BalanceMeasurer
from ..memory import PeakMemory, TrainingPeak, peak_memory
from ..probe import LogitsProbe
from ..schedulers import BalanceScheduler
from ..score_source import ScoreSource, make_source
from ..score_table import ScoreTable
from ..wrapping import whole_model
from .resume_order_hook import ResumeOrderHook, balance_sampler


@HOOKS.register_module()
class BSSHook(ResumeOrderHook):
    """Balance-aware Sequence Sampling as a plugin: nothing but the order of training changes.

    Args:
        scheduler: ``HeuristicScheduler`` (BSS-H) or ``LearningBasedScheduler`` (BSS-L).
        measurer: ``BalanceMeasurer``; None takes the paper's criteria.
        source: ``'pass'`` scores by a pass of its own over the training set. ``'train'`` harvests
            the training forward passes, at no extra cost; the first epoch is then shuffled
            plainly, and scores are as old as the sample's last visit.
        burn_in: Epochs of plain shuffling before the first scoring (0 in the paper).
        probe: ``dict(logits={modality: path}, fused=path)`` names the sub-modules whose outputs
            are the logits; None asks the model, as a ``MultiModalClassifier`` can answer.
        scoring: Options of the pass: ``pipeline`` (a list of transforms; ``'val'``, the default,
            takes those of the validation set; None scores the training view), ``batch_size``
            (default: the validation loader's, at least twice the training loader's), ``mode``
            (``'eval'``, or ``'train'`` as in the authors' code) and ``dtype`` (``'bfloat16'`` or
            ``'float16'``; default: as training). Not used by ``source='train'``.

    Attributes:
        scoring_seconds: Seconds spent on scoring so far.

    Reference:
        Guan, Jiang, Yang: Balance-aware Sequence Sampling Makes Multi-modal Learning Better,
        IJCAI 2025, section 3.
    """

    def __init__(self,
                 scheduler: Any,
                 measurer: Any = None,
                 source: str = 'pass',
                 burn_in: int = 0,
                 probe: Mapping[str, Any] | None = None,
                 scoring: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        if burn_in < 0:
            raise ValueError(f'`burn_in` must not be negative, but got {burn_in}.')
        self.scheduler: BalanceScheduler = build_part(scheduler, BalanceScheduler, 'scheduler')
        self.measurer: BalanceMeasurer = build_part(measurer or 'BalanceMeasurer',
                                                    BalanceMeasurer, 'measurer')
        self.source: ScoreSource = make_source(source, self.measurer, dict(scoring or {}))
        self.first_planned_epoch = max(burn_in, self.source.first_epoch)
        self._probe_config = dict(probe or {})
        self._scored_epoch = -1
        self.scoring_seconds = 0.0
        self._scoring_memory = PeakMemory()

    def planned_samples(self, num_samples: int, max_epochs: int) -> list[int]:
        """Plain epochs before the first scoring, the scheduler's afterwards."""
        plain = min(self.first_planned_epoch, max_epochs)
        return [num_samples] * plain + self.scheduler.planned_samples(
            num_samples, max_epochs - plain)

    def before_train(self, runner: Any) -> None:
        """Attach the probe and make or restore the score table."""
        balance_sampler(runner)
        model = whole_model(runner.model)
        self.table = ScoreTable(len(runner.train_dataloader.dataset))
        self.probe = LogitsProbe(model, **self._probe_config)
        self.source.attach(runner, model, self.probe, self.table)
        self._training_memory = TrainingPeak(next(model.parameters()).device)
        self._started = time.perf_counter()
        super().before_train(runner)

    def steer(self, runner: Any) -> None:
        """Score if due, then plan the epoch."""
        epoch = runner.epoch - self.first_planned_epoch
        if epoch >= 0:
            if runner.epoch > self._scored_epoch and (epoch == 0 or self.scheduler.due(epoch)):
                self._score(runner)
            self.sampler.set_plan(self.scheduler.plan(self.table.score, epoch))
        self._report(runner)
        self._training_memory.begin()

    def after_train_iter(self,
                         runner: Any,
                         batch_idx: int,
                         data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        """Let the source look at the training forward pass, then move the cursor."""
        self.source.observe(self.sampler, data_batch)
        self._training_memory.observe()
        super().after_train_iter(runner, batch_idx, data_batch, outputs)

    def after_train_epoch(self, runner: Any) -> None:
        """Age the scores."""
        super().after_train_epoch(runner)
        self.source.flush()
        self.table.grow_older()

    def after_train(self, runner: Any) -> None:
        """Detach from the model and report what scoring cost."""
        self.probe.close()
        self.source.release()
        elapsed = time.perf_counter() - self._started
        runner.logger.info(f'BSS: scoring took {self.scoring_seconds:.1f} s, '
                           f'{100 * self.scoring_seconds / elapsed:.1f} % of the training time; '
                           f'peak memory {self._scoring_memory.peak:.0f} MiB, at most '
                           f'{self._scoring_memory.growth:.0f} MiB more than before a scoring; '
                           f'training {self._training_memory.read():.0f} MiB.')

    def state(self, runner: Any) -> dict[str, Any]:
        """Add the scores to the state."""
        self.source.flush()
        return dict(
            super().state(runner), scores=self.table.state_dict(), scored_epoch=self._scored_epoch)

    def restore(self, state: dict[str, Any]) -> None:
        """Take over scores and the place in the order."""
        super().restore(state)
        self.table.load_state_dict(state['scores'])
        self._scored_epoch = state['scored_epoch']

    def _score(self, runner: Any) -> None:
        started = time.perf_counter()
        with peak_memory(self._training_memory.device) as memory:
            self.source.refresh()
        if not self._scores_again(runner):
            self.source.release()
        self._scoring_memory = PeakMemory(max(memory.peak, self._scoring_memory.peak),
                                          max(memory.growth, self._scoring_memory.growth))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            current = self.measurer.score(self.table)
        for warning in caught:
            runner.logger.warning(str(warning.message))
        self.table.score.copy_(self.scheduler.update(self.table.score, current))
        self._scored_epoch = runner.epoch
        self._warn_of_unmeasured(runner)
        self.scoring_seconds += time.perf_counter() - started

    def _scores_again(self, runner: Any) -> bool:
        return any(self.scheduler.due(epoch - self.first_planned_epoch)
                   for epoch in range(runner.epoch + 1, runner.max_epochs))

    def _warn_of_unmeasured(self, runner: Any) -> None:
        unmeasured = self.table.unmeasured
        if len(unmeasured):
            runner.logger.warning(
                f'{len(unmeasured)} training samples were never measured and count as least '
                f'balanced: positions {unmeasured[:10].tolist()}'
                f'{" ..." if len(unmeasured) > 10 else ""}.')

    def _report(self, runner: Any) -> None:
        facts = plan_facts(self.sampler.plan, len(self.table))
        facts['scoring_seconds'] = self.scoring_seconds
        text = ', '.join(f'{name} {value:.4g}' for name, value in facts.items())
        runner.logger.info(
            f'BSS epoch {runner.epoch + 1}: order {self.sampler.order_hash()}, {text}')
        runner.visualizer.add_scalars({f'bss/{name}': value for name, value in facts.items()},
                                      step=runner.epoch + 1)


def plan_facts(plan: Plan | None, num_samples: int) -> dict[str, float]:
    """Describe a plan in numbers.

    Args:
        plan: The plan; None stands for plain shuffling.
        num_samples: Size n of the training set.

    Returns:
        Share of the data in use, entropy of the weights (1 is uniform) and effective sample size.
    """
    plan = plan or Plan()
    count = plan.num_candidates(num_samples)
    facts = dict(share=count / num_samples, entropy=1.0, effective_samples=float(count))
    if plan.weights is not None:
        probabilities: Tensor = plan.weights / plan.weights.sum()
        facts['entropy'] = sampling_entropy(probabilities)
        facts['effective_samples'] = effective_sample_size(probabilities.to(torch.float64))
    return facts
