"""What every fusion promises, for two, three and four modalities."""
from __future__ import annotations

import itertools

import pytest
import torch
from mmengine.model import BaseModule
from mmengine.registry import MODELS
from torch import nn

import projects.bss.models as models
from projects.bss.models import Fusion, MultiModalClassifier, SplitHead

WIDTH, CLASSES = 6, 3
SYMMETRIC = ['AttentionFusion', 'ChannelFusion', 'ConcatFusion', 'SumFusion', 'WeightFusion']
ASYMMETRIC = ['AffineFusion', 'LSTMFusion']
ALL = SYMMETRIC + ASYMMETRIC


class TwoLayers(BaseModule):
    """Encoder that can be cut between its layers."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(5, 4), nn.Linear(4, WIDTH)

    def forward(self, x):
        return self.last(self.first(x))

    def segments(self, places):
        return [self.first, self.last]


def make(name, modalities):
    """Build a fusion for some modalities of one width."""
    options = dict(
        SumFusion=dict(num_classes=CLASSES), LSTMFusion=dict(hidden=4),
        ChannelFusion=dict(num_classes=CLASSES, levels={m: dict(first=4) for m in modalities}))
    config = dict(type=name, in_channels=dict.fromkeys(modalities, WIDTH), **options.get(name, {}))
    torch.manual_seed(0)
    return MODELS.build(config)


def classifier(fusion):
    torch.manual_seed(1)
    return MultiModalClassifier(
        {name: TwoLayers() for name in fusion.in_channels}, fusion,
        SplitHead(CLASSES, None if fusion.gives_logits else fusion.out_channels))


def inputs(modalities):
    generator = torch.Generator().manual_seed(2)
    return {name: torch.randn(7, 5, generator=generator) for name in modalities}


def test_every_fusion_is_here():
    public = [getattr(models, name) for name in models.__all__]
    found = {part.__name__ for part in public
             if isinstance(part, type) and issubclass(part, Fusion) and part is not Fusion}
    assert found == set(ALL)


@pytest.mark.parametrize('name', ALL)
@pytest.mark.parametrize('modalities', ['ab', 'abc', 'abcd'])
def test_every_parameter_of_every_encoder_learns(name, modalities):
    model = classifier(make(name, modalities))
    logits = model(inputs(modalities))['logits']
    assert list(logits) == [*modalities, 'fused']
    model.loss(logits, torch.tensor([0, 1, 2, 0, 1, 2, 0]))['loss_fused'].backward()
    idle = [key for key, p in model.named_parameters() if p.grad is None or p.grad.norm() == 0]
    assert idle == []


@pytest.mark.parametrize('name', ALL)
def test_samples_do_not_see_each_other(name):
    model = classifier(make(name, 'abc'))
    batch = inputs('abc')
    whole = model(batch)['logits']
    single = model({m: x[2:3] for m, x in batch.items()})['logits']
    for stream, rows in whole.items():
        torch.testing.assert_close(single[stream], rows[2:3])


@pytest.mark.parametrize('name', ALL)
def test_the_order_of_the_inputs_does_not_matter(name):
    model = classifier(make(name, 'abc'))
    batch = inputs('abc')
    for order in itertools.permutations('abc'):
        logits = model({m: batch[m] for m in order})['logits']
        for stream, rows in model(batch)['logits'].items():
            assert torch.equal(logits[stream], rows)


def swapped(state, first, second):
    """Exchange the entries of two modalities."""
    names = {f'.{first}.': f'.{second}.', f'.{second}.': f'.{first}.'}

    def other(key):
        old = next((part for part in names if part in key), None)
        return key if old is None else key.replace(old, names[old])

    return {key: state[other(key)] for key in state}


@pytest.mark.parametrize('name', SYMMETRIC)
def test_modalities_that_are_equals_may_change_places(name):
    model, twin = (classifier(make(name, 'ab')) for _ in range(2))
    state = swapped(model.state_dict(), 'a', 'b')
    joint = dict(ConcatFusion='head.classifier.weight',
                 ChannelFusion='fusion.gates.0.squeeze.weight').get(name)
    if joint is not None:  # its columns belong to one modality after the other
        state[joint] = torch.cat(list(state[joint].chunk(2, dim=1))[::-1], dim=1)
    twin.load_state_dict(state)
    a, b = inputs('ab').values()
    original, renamed = model(dict(a=a, b=b))['logits'], twin(dict(a=b, b=a))['logits']
    for stream, other in dict(a='b', b='a', fused='fused').items():
        torch.testing.assert_close(renamed[other], original[stream])


@pytest.mark.parametrize('name', ALL)
def test_absent_modalities_leave_a_finite_prediction_of_the_others(name):
    fusion = make(name, 'abc')
    features = {m: torch.randn(4, WIDTH) for m in 'abc'}
    present = {m: torch.tensor(there) for m, there in dict(
        a=[True, False, True, False], b=[True, True, False, False],
        c=[True, True, True, False]).items()}
    zeroed = {m: z * present[m][:, None] for m, z in features.items()}
    fused = fusion(zeroed, present)
    assert fused.isfinite().all()
    torch.testing.assert_close(fused[:1], fusion({m: z[:1] for m, z in features.items()}))


@pytest.mark.parametrize('name', ALL)
def test_half_precision(name):
    fusion = make(name, 'ab')
    features = {m: torch.randn(2, WIDTH) for m in 'ab'}
    present = dict(a=torch.tensor([True, True]), b=torch.tensor([True, False]))
    features['b'][1] = 0
    with torch.autocast('cpu', torch.float16):
        fused = fusion(features, present)
    torch.testing.assert_close(fused.float(), fusion(features, present), atol=5e-3, rtol=1e-2)
