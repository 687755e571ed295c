"""The exact gradient magnitude of a batch against one backward pass per sample."""
from __future__ import annotations

import logging

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.logging import MMLogger
from mmengine.registry import MODELS
from torch import nn

from projects.bss.engine import GradientMagnitude, LogitsProbe, ModelOutputs
from projects.bss.engine.replay import Replay
from projects.bss.engine.scoring import present_of
from projects.bss.functional import multimodal_loss
from tests.toy import CLASSES, WIDTHS, model_config

SIZE = 5
LABELS = torch.arange(SIZE) % CLASSES
BERT = dict(type='BertEncoder', config=dict(
    hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
    vocab_size=50, max_position_embeddings=12))


class Stubborn(nn.Module):
    """An encoder that looks at a value, which cannot be vectorised."""

    def __init__(self, width):
        super().__init__()
        self.layer = nn.Linear(width, 4)

    def forward(self, x):
        return self.layer(x) * (2 if x.sum().item() > 0 else 1)


def toy_model(**encoders):
    torch.manual_seed(0)
    config = model_config()
    config['encoders'].update(encoders)
    model = MODELS.build(config).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            nn.init.uniform_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return model


def resnet_model():
    torch.manual_seed(0)
    widths = dict(audio=512, video=512)
    return MODELS.build(dict(
        type='MultiModalClassifier',
        encoders=dict(audio=dict(type='TorchvisionEncoder', name='resnet18', in_channels=1),
                      video=dict(type='TorchvisionEncoder', name='resnet18')),
        fusion=dict(type='ConcatFusion', in_channels=widths),
        head=dict(type='JointHead', num_classes=CLASSES, in_channels=widths,
                  fused_channels=1024))).eval()


def toy_inputs():
    generator = torch.Generator().manual_seed(1)
    return {name: torch.randn(SIZE, width, generator=generator) for name, width in WIDTHS.items()}


def batch_of(inputs, absent=()):
    samples = []
    for row in range(len(next(iter(inputs.values())))):
        sample = ActionDataSample().set_gt_labels(int(LABELS[row]))
        if row in dict(absent):
            sample.set_metainfo(dict(absent=dict(absent)[row]))
        samples.append(sample)
    return dict(inputs=inputs, data_samples=samples)


def outputs_of(model, data):
    probe = LogitsProbe(model)
    probe.listening = True
    with torch.no_grad():
        model(**data, mode='loss')
    samples = data['data_samples']
    logits, features = probe.take(len(samples))
    return ModelOutputs(logits, features, LABELS[:len(samples)], present_of(samples, logits),
                        Replay(model, probe, data))


def by_loop(model, data, norm='total', alpha=0.2):
    """Forward and backward of each sample by itself, with ``.grad`` and nothing of the engine."""
    values = []
    seen = {}
    handle = model.register_logits_hook(lambda logits, features: seen.update(logits))
    for row, sample in enumerate(data['data_samples']):
        model.zero_grad()
        model({name: x[row:row + 1] for name, x in data['inputs'].items()}, [sample], mode='loss')
        present = {name: torch.tensor([name not in sample.get('absent', ())])
                   for name in data['inputs']}
        multimodal_loss(seen, LABELS[row:row + 1], alpha, present=present).sum().backward()
        norms = torch.stack([p.grad.norm() for p in model.parameters() if p.grad is not None])
        values.append(norms.sum() if norm == 'sum' else norms.norm())
    handle.remove()
    model.zero_grad()
    return torch.stack(values)


class Scaled(Stubborn):
    """An encoder that can be vectorised, with a parameter outside any layer."""

    def __init__(self, width):
        super().__init__(width)
        self.scale = nn.Parameter(torch.tensor(1.5))

    def forward(self, x):
        return self.layer(x) * self.scale


@pytest.fixture
def lines_of_log():
    lines: list[str] = []
    handler = logging.Handler(logging.INFO)
    handler.emit = lambda record: lines.append(record.getMessage())
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)
    logger.setLevel(level)


@pytest.mark.parametrize('norm', ['total', 'sum'])
@pytest.mark.parametrize('chunk_size', [None, 2])
def test_layer_by_layer(norm, chunk_size, lines_of_log):
    model, data = toy_model(), batch_of(toy_inputs())
    exact = GradientMagnitude(alpha=0.3, norm=norm, chunk_size=chunk_size)(outputs_of(model, data))
    torch.testing.assert_close(exact, by_loop(model, data, norm, 0.3), rtol=1e-5, atol=0)
    assert exact.std() > 0.1 and not lines_of_log
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize('norm', ['total', 'sum'])
@pytest.mark.parametrize('chunk_size', [None, 2])
def test_vectorised(norm, chunk_size, lines_of_log):
    model, data = toy_model(flow=Scaled(WIDTHS['flow'])), batch_of(toy_inputs())
    criterion = GradientMagnitude(alpha=0.3, norm=norm, chunk_size=chunk_size)
    for _ in range(2):
        exact = criterion(outputs_of(model, data))
        torch.testing.assert_close(exact, by_loop(model, data, norm, 0.3), rtol=1e-5, atol=0)
    line, = lines_of_log
    assert line == ('GradientMagnitude goes on with torch.func, because the model cannot be '
                    'measured layer by layer: the parameter encoders.flow.scale belongs to no '
                    'layer that is known.')


def test_in_train_mode_each_sample_is_a_batch_of_one(lines_of_log):
    model, data = toy_model(), batch_of(toy_inputs())
    outputs = outputs_of(model, data)
    model.train()
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.Dropout)):
            module.eval()
    exact = GradientMagnitude()(outputs)
    torch.testing.assert_close(exact, by_loop(model, data), rtol=1e-5, atol=0)
    assert not lines_of_log


def test_of_text_and_clips(lines_of_log):
    """BERT looks its places up once for a batch; I3D rectifies in place."""
    torch.manual_seed(0)
    widths = dict(text=16, video=32)
    model = MODELS.build(dict(
        type='MultiModalClassifier',
        encoders=dict(text=BERT, video=dict(type='InceptionI3D', width=1 / 32)),
        fusion=dict(type='ConcatFusion', in_channels=widths),
        head=dict(type='JointHead', num_classes=CLASSES, in_channels=widths,
                  fused_channels=48))).eval()
    data = batch_of(dict(text=torch.tensor([[5, 6, 5, 0], [7, 8, 9, 5], [9, 0, 0, 0]]),
                         video=torch.randn(3, 3, 9, 32, 32)))
    exact = GradientMagnitude()(outputs_of(model, data))
    torch.testing.assert_close(exact, by_loop(model, data), rtol=1e-4, atol=0)
    assert not lines_of_log


def test_of_two_resnets(lines_of_log):
    model = resnet_model()
    data = batch_of(dict(audio=torch.randn(2, 1, 40, 32), video=torch.randn(2, 3, 2, 32, 32)))
    exact = GradientMagnitude()(outputs_of(model, data))
    torch.testing.assert_close(exact, by_loop(model, data), rtol=1e-5, atol=0)
    assert not lines_of_log


def test_frozen_parameters_do_not_count():
    model, data = toy_model(), batch_of(toy_inputs())
    everything = GradientMagnitude()(outputs_of(model, data))
    model.encoders.requires_grad_(False)
    heads = GradientMagnitude()(outputs_of(model, data))
    torch.testing.assert_close(heads, by_loop(model, data), rtol=1e-5, atol=0)
    assert (heads < everything).all()


def test_absent_modalities():
    model = toy_model()
    data = batch_of(toy_inputs(), {1: ('rgb', ), 2: ('flow', 'depth'), 4: ('rgb', )}.items())
    exact = GradientMagnitude()(outputs_of(model, data))
    torch.testing.assert_close(exact, by_loop(model, data), rtol=1e-5, atol=0)
    whole = by_loop(model, batch_of(toy_inputs()))
    assert (exact == whole).tolist() != [True] * SIZE
    torch.testing.assert_close(exact[[0, 3]], whole[[0, 3]], rtol=1e-5, atol=0)


def test_what_cannot_be_vectorised_is_measured_sample_by_sample(lines_of_log):
    model, data = toy_model(flow=Stubborn(WIDTHS['flow'])), batch_of(toy_inputs())
    criterion = GradientMagnitude()
    for _ in range(2):
        with torch.no_grad():  # as in a scoring pass
            exact = criterion(outputs_of(model, data))
        torch.testing.assert_close(exact, by_loop(model, data), rtol=1e-5, atol=0)
    assert len(lines_of_log) == 2
    assert 'single samples have gradients of' in lines_of_log[0]
    assert 'goes on sample by sample, because the model cannot be vectorised' in lines_of_log[1]
    assert '.item()' in lines_of_log[1]


def test_inputs_that_are_not_stacked():
    data = batch_of(toy_inputs())
    outputs = outputs_of(toy_model(), data)
    outputs.replay.data = dict(data, inputs={name: list(x) for name, x in data['inputs'].items()})
    with pytest.raises(TypeError, match='one row for each of the 5 samples of a batch, but got'):
        GradientMagnitude()(outputs)


def test_refusals():
    with pytest.raises(ValueError, match='`chunk_size` must be at least 1 sample.*but got 0'):
        GradientMagnitude(chunk_size=0)
    with pytest.raises(ValueError, match='needs `replay` of its ModelOutputs'):
        GradientMagnitude()(ModelOutputs({}, {}, LABELS))
