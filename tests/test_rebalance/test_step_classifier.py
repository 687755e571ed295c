"""The step seam: what it refuses, what it averages, and that every process agrees."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import MODEL_WRAPPERS, MODELS
from torch import nn

from projects.bss.rebalance import StepClassifier, StepDataParallel, average_over_ranks
from tests.test_rebalance.probes import config, run
from tests.test_rebalance.test_agm import agm
from tests.test_rebalance.test_mla import mla
from tests.test_rebalance.test_mmpareto import a_batch, arguments
from tests.toy import deterministic_model_config

ROOT = Path(__file__).resolve().parents[2]
SIZE, BATCH, EPOCHS = 24, 6, 4
BOOST = dict(type='ReconBoostClassifier', boosting_epochs=1, correction_epochs=1, agreement=0.5)


class Halves(StepClassifier):
    """Steps by half of the gradient of each loss term, computed one by one."""

    def step(self, data, optim_wrapper):
        losses = self.compute_losses(data, optim_wrapper)
        parameters = list(self.parameters())
        found = [self.gradients(loss, parameters, optim_wrapper) for loss in losses.values()]
        for parameter, *parts in zip(parameters, *found):
            known = [part for part in parts if part is not None]
            parameter.grad = sum(known) / 2
        self.update(optim_wrapper)
        return self.parse_losses(losses)[1]


class ForTwo(Halves):
    supported_modalities = (2, 2)


def parts_of_model():
    return {key: value for key, value in deterministic_model_config().items() if key != 'type'}


def make(kind=Halves):
    torch.manual_seed(0)
    return kind(**parts_of_model())


def test_several_backward_passes_sum_to_the_plain_one():
    ours, plain = make(), MODELS.build(deterministic_model_config())
    plain.load_state_dict(ours.state_dict())
    for model, lr in ((ours, 0.2), (plain, 0.1)):
        wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=lr))
        log = model.train_step(a_batch(), wrapper)
        assert set(log) == {'loss', *(f'loss_{n}' for n in (*model.modalities, 'fused'))}
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value)


def test_gradients_leaves_what_is_in_grad_alone():
    model = make()
    wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    data = model.data_preprocessor(a_batch(), True)
    losses = model.compute_losses(data, wrapper)
    parameters = list(model.parameters())
    parameters[0].grad = kept = torch.ones_like(parameters[0])
    found = model.gradients(losses['loss_rgb'], parameters, wrapper)
    expected = torch.autograd.grad(losses['loss_rgb'], parameters, allow_unused=True)
    assert parameters[0].grad is kept and parameters[1].grad is None
    assert any(grad is None for grad in found)
    for ours, theirs in zip(found, expected):
        assert (ours is None) == (theirs is None)
        assert ours is None or torch.equal(ours, theirs)


def test_average_over_one_rank_changes_nothing():
    gradient = torch.tensor([1., 2])
    average_over_ranks([gradient, None])
    assert gradient.tolist() == [1, 2]


def test_accumulation_is_refused():
    model = make()
    wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1), accumulative_counts=4)
    with pytest.raises(ValueError, match='Halves does not accumulate gradients, but `optim_wrapper'
                                         '.accumulative_counts` is 4: set it to 1 and the batch '
                                         'size to 4 times its value'):
        model.train_step(a_batch(), wrapper)


def test_several_optimisers_are_refused():
    model = make()
    wrapper = OptimWrapperDict(rgb=OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1)))
    with pytest.raises(TypeError, match=r"Halves steps one optimiser, but got the optimisers "
                                        r"\['rgb'\]"):
        model.train_step(a_batch(), wrapper)


def test_a_number_of_modalities_that_the_method_lacks_is_refused():
    with pytest.raises(ValueError, match=r"ForTwo is defined for exactly 2 modalities, but the "
                                         r"model has 3, \['rgb', 'flow', 'depth'\]"):
        make(ForTwo)


def test_wrapper_hands_everything_to_the_model():
    model = make().eval()
    wrapped = MODEL_WRAPPERS.build(dict(type='StepDataParallel', module=model))
    inputs = model.data_preprocessor(a_batch())['inputs']
    assert torch.equal(wrapped(inputs)['logits']['fused'], model(inputs)['logits']['fused'])
    for step in ('val_step', 'test_step'):
        (first, *_), (expected, *_) = (getattr(m, step)(a_batch()) for m in (wrapped, model))
        assert torch.equal(first.pred_scores.fused, expected.pred_scores.fused)
    optim_wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    before = model.head.classifiers['rgb'].weight.clone()
    wrapped.train_step(a_batch(), optim_wrapper=optim_wrapper)
    assert not torch.equal(model.head.classifiers['rgb'].weight, before)


def test_wrapper_refuses_a_model_that_would_not_average():
    with pytest.raises(TypeError, match='only wraps classifiers that average their gradients '
                                        'themselves, but got a Linear: leave `model_wrapper_cfg`'):
        StepDataParallel(nn.Linear(1, 1))


def shared_sum(made):
    """The toy model with one classifier for all modalities."""
    fusion = dict(type='SharedSumFusion', num_classes=3, hidden=[5],
                  in_channels=made['fusion']['in_channels'])
    return dict(made, fusion=fusion,
                head=dict(type='SplitHead', num_classes=3, fused_channels=None))


def runs_of(folder):
    """Runs of two processes; each has a twin of one process with batches of twice the size."""
    def made(model, batch_size, name, **options):
        return config(folder / name, size=SIZE, batch_size=batch_size, epochs=EPOCHS,
                      model=model, optim_wrapper=dict(
                          optimizer=dict(type='SGD', lr=.05, momentum=.9)), **options)

    plain = deterministic_model_config()
    models = dict(mmpareto=arguments(made=plain), reconboost={**shared_sum(plain), **BOOST},
                  mla=mla(encoder='MLPEncoder'),
                  agm={**agm(), 'encoders': plain['encoders']})
    wrapped = dict.fromkeys(models, dict(type='StepDataParallel'))
    wrapped['agm'] = dict(device_ids=None)  # trained in the ordinary way
    one = {name: made(model, BATCH, f'{name}1') for name, model in models.items()}
    two = {name: made(model, BATCH // 2, f'{name}2', model_wrapper_cfg=wrapped[name])
           for name, model in models.items()}
    return one, {**two, 'bypassed': made(models['mmpareto'], BATCH // 2, 'bypassed',
                                         model_wrapper_cfg=dict(device_ids=None))}


@pytest.fixture(scope='module')
def alone_and_ranks(tmp_path_factory):
    folder = tmp_path_factory.mktemp('step')
    alone, together = runs_of(folder)
    (folder / 'runs.json').write_text(json.dumps(together))
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1',
                   'CUDA_VISIBLE_DEVICES': ''}
    workers = [subprocess.Popen([sys.executable, Path(__file__).with_name('step_worker.py'),
                                 str(rank), '2', folder], cwd=folder, env=environment, text=True,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
               for rank in range(2)]
    ends = {name: run(made)[0].model.state_dict() for name, made in alone.items()}
    errors = [worker.communicate(timeout=300)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], errors
    return ends, [torch.load(folder / f'rank{rank}.pt', weights_only=True) for rank in range(2)]


@pytest.mark.parametrize('name', ['mmpareto', 'reconboost', 'mla', 'agm'])
def test_two_processes_train_as_one(alone_and_ranks, name):
    alone, ranks = alone_and_ranks
    for key, value in alone[name].items():
        assert torch.equal(ranks[0][name]['weights'][key], ranks[1][name]['weights'][key]), key
        torch.testing.assert_close(ranks[0][name]['weights'][key], value, rtol=1e-4, atol=1e-5)


def test_two_processes_report_the_same_weights_of_gradients(alone_and_ranks):
    first, second = (rank['mmpareto']['kappa'] for rank in alone_and_ranks[1])
    assert first == second
    assert any(kappa != 0.5 for kappa in first)


def test_a_wrapper_that_would_bypass_the_step_is_refused(alone_and_ranks):
    for rank in alone_and_ranks[1]:
        assert rank['bypassed']['error'].startswith(
            'MMParetoClassifier must be trained by its own `train_step`')
        assert "model_wrapper_cfg=dict(type='StepDataParallel')" in rank['bypassed']['error']
