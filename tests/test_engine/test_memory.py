"""What scoring keeps: one batch of activations, one table of scores."""
import multiprocessing
import re
import weakref
from concurrent.futures import ProcessPoolExecutor

import pytest
import torch
from mmengine.registry import TASK_UTILS
from torch import Tensor, nn

from projects.bss.engine import BalanceMeasurer, BSSHook
from projects.bss.engine.memory import TrainingPeak, peak_memory
from tests.toy import BSS_L, build, run, toy_config

NO_FILES = dict(logger=dict(type='LoggerHook', interval=1000), checkpoint=None)
EVERY_EPOCH = dict(type='LearningBasedScheduler', interval=1)


class AliveBatches:
    """Count the earlier batches of which an activation is still alive when the next one begins."""

    def __init__(self, model):
        self.model, self.batches, self.most = model, [], []
        model.register_forward_pre_hook(self.begin)
        for module in model.modules():
            if not list(module.children()) and isinstance(module, (nn.Linear, nn.ReLU)):
                module.register_forward_hook(self.remember)

    def begin(self, *_):
        if self.model.training:
            return
        self.most.append(sum(any(ref() is not None for ref in batch) for batch in self.batches))
        self.batches.append([])

    def remember(self, module, inputs, output):
        if not self.model.training and isinstance(output, Tensor):
            self.batches[-1].append(weakref.ref(output))


@TASK_UTILS.register_module(force=True)
class Hoarder(BalanceMeasurer):
    """Does what must not be done."""

    def measure(self, outputs):
        self.kept = getattr(self, 'kept', []) + [outputs.logits]
        return super().measure(outputs)


def alive_in_a_pass(tmp_path, measurer):
    hook = dict(type='BSSHook', scheduler=EVERY_EPOCH, measurer=measurer,
                scoring=dict(batch_size=4))
    runner, _ = build(toy_config(tmp_path, hook, size=20, epochs=1, val_dataloader=None,
                                 val_cfg=None, val_evaluator=None, default_hooks=NO_FILES))
    counter = AliveBatches(runner.model)
    runner.train()
    assert len(counter.batches) >= 5 and all(counter.batches)
    return max(counter.most)


@pytest.mark.parametrize('correlation, information', [
    ('PredictionSimilarity', 'TrainingLoss'), ('FeatureSimilarity', 'HeadGradientMagnitude')])
def test_a_pass_keeps_no_activation_of_an_earlier_batch(tmp_path, correlation, information):
    measurer = dict(type='BalanceMeasurer', correlation=correlation, information=information)
    assert alive_in_a_pass(tmp_path, measurer) == 0


def test_samples_run_again_keep_their_batch_and_one_chunk_of_it(tmp_path):
    """The forward pass of a replay counts as a batch too."""
    measurer = dict(type='BalanceMeasurer', information='GradientMagnitude')
    assert alive_in_a_pass(tmp_path, measurer) <= 2


def test_the_count_sees_what_is_kept(tmp_path):
    assert alive_in_a_pass(tmp_path, dict(type='Hoarder')) == 4


def state_bytes(part):
    """Bytes of all tensors of a state."""
    if isinstance(part, Tensor):
        return part.nbytes
    return sum(map(state_bytes, part.values())) if isinstance(part, dict) else 0


@pytest.mark.parametrize('source', ['pass', 'train'])
def test_scores_take_as_much_after_three_epochs_as_after_one(tmp_path, source):
    sizes = []
    for epochs in (1, 3):
        runner, _ = run(toy_config(tmp_path, dict(BSS_L, source=source), size=6, epochs=epochs,
                                   default_hooks=NO_FILES))
        hook = next(hook for hook in runner.hooks if isinstance(hook, BSSHook))
        sizes.append(state_bytes(hook.state(runner)))
        assert getattr(hook.source, '_seen', []) == []
    assert sizes[0] == sizes[1] >= 6 * 4 * 4


def measure_peaks():
    device = torch.device('cpu')
    with peak_memory(device) as much:
        hold = torch.ones(100 << 18)
    del hold
    with peak_memory(device) as little:
        torch.ones(1 << 18)
    return much, little


def test_the_peak_of_a_part_is_measured():
    # The peak of this process may be that of an earlier test.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context('spawn')) as pool:
        much, little = pool.submit(measure_peaks).result()
    assert 60 < much.growth < 200 and little.growth < 20
    assert little.peak == pytest.approx(much.peak, abs=20) and much.peak > 100


class Allocator:
    """What torch counts of a GPU, in MiB."""

    def __init__(self, monkeypatch):
        self.taken = self.peak = 0
        monkeypatch.setattr(torch.cuda, 'max_memory_allocated', lambda device: self.peak << 20)
        monkeypatch.setattr(torch.cuda, 'reset_peak_memory_stats', self.reset)

    def reset(self, device):
        self.peak = self.taken

    def pass_through(self, *sizes):
        for self.taken in sizes:
            self.peak = max(self.peak, self.taken)


def test_peaks_on_a_gpu_are_those_of_their_own_part(monkeypatch):
    """Training, a log line, a validation that takes most, a scoring, training again."""
    memory, device = Allocator(monkeypatch), torch.device('cuda')
    training = TrainingPeak(device)
    memory.pass_through(5, 40, 10)
    training.observe()
    memory.reset(device)
    memory.pass_through(90, 10)
    with peak_memory(device) as scoring:
        memory.pass_through(30, 10)
    training.begin()
    memory.pass_through(35, 10)
    training.observe()
    memory.pass_through(80, 10)
    assert (scoring.peak, scoring.growth) == (30, 20)
    assert training.read() == 40


def test_a_run_reports_the_peaks_of_scoring_and_of_training(tmp_path):
    run(toy_config(tmp_path, size=6, epochs=1, log_level='INFO', default_hooks=NO_FILES))
    (log, ) = tmp_path.glob('*/*.log')
    (line, ) = [line for line in log.read_text().splitlines() if 'BSS: scoring took' in line]
    scoring, training = (float(re.search(rf'{name} (\d+) MiB', line)[1])
                         for name in ('peak memory', 'training'))
    # On a CPU both are of the process, whose peak only rises.
    assert 100 < scoring <= training
