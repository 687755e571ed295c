from __future__ import annotations

import math

import pytest
import torch
from mmengine.model import BaseModule
from torch import nn

from projects.bss.models import (ChannelFusion, InceptionI3D, JointHead, MultiModalClassifier,
                                 SplitHead, TorchvisionEncoder)
from projects.bss.models.fusions.channel import ChannelGates

RESNET = dict(layer2=128, layer3=256, layer4=512)


class Scale(BaseModule):
    """Encoder of two factors, one per segment."""

    def __init__(self, first, last):
        super().__init__()
        self.first, self.last = first, last

    def forward(self, x):
        return self.last * self.first * x

    def segments(self, places):
        return [lambda x: self.first * x, lambda x: self.last * x]


def scalar_fusion(gate_scale=1.0, **changes):
    """Two modalities of one channel; the gate of each is its excitation's."""
    fusion = ChannelFusion(**{**dict(
        in_channels=dict(a=1, b=1), num_classes=2, levels=dict(a=dict(x=1), b=dict(x=1)),
        ratio=4, gate_scale=gate_scale), **changes})
    return fusion


def set_gates(gates, squeeze, excite):
    with torch.no_grad():
        gates.squeeze.weight.fill_(squeeze)
        gates.squeeze.bias.zero_()
        for layer in gates.excite.values():
            layer.weight.fill_(excite)
            layer.bias.zero_()


@pytest.mark.parametrize('gate_scale, factor', [(1, 0.731059), (2, 1.462117)])
def test_gate_of_the_scalar_example(gate_scale, factor):
    fusion = scalar_fusion(gate_scale)
    set_gates(fusion.gates[0], squeeze=1, excite=1)  # joint = 0.75 + 0.25 = 1, hence e = 1
    maps = dict(a=torch.tensor([[[0.5, 1.0]]]), b=torch.tensor([[0.25]]))
    gated = fusion.gates[0](maps)
    torch.testing.assert_close(gated['a'], factor * maps['a'])
    torch.testing.assert_close(gated['b'], factor * maps['b'])


@pytest.mark.parametrize('gate_scale, factor', [(1, 0.5), (2, 1)])
def test_gates_without_excitation(gate_scale, factor):
    gates = ChannelGates(dict(a=3, b=2), ratio=4, gate_scale=gate_scale)
    set_gates(gates, squeeze=0, excite=0)
    maps = dict(a=torch.randn(2, 3, 4, 5), b=torch.randn(2, 2, 6))
    for name, gated in gates(maps).items():
        torch.testing.assert_close(gated, factor * maps[name])


def test_gates_by_the_definition_for_three_modalities():
    torch.manual_seed(0)
    gates = ChannelGates(dict(a=4, b=2, c=6), ratio=4, gate_scale=1)
    maps = dict(c=torch.randn(3, 6), a=torch.randn(3, 4, 5, 7), b=torch.randn(3, 2, 2, 3, 3))
    squeezed = torch.cat([maps['a'].mean((2, 3)), maps['b'].mean((2, 3, 4)), maps['c']], dim=1)
    joint = torch.relu(squeezed @ gates.squeeze.weight.T + gates.squeeze.bias)
    assert joint.shape == (3, int(2 * 12 / 4))
    gated = gates(maps)
    for sample in range(3):
        for channel in range(2):
            e = (joint[sample] @ gates.excite['b'].weight[channel]
                 + gates.excite['b'].bias[channel]).item()
            torch.testing.assert_close(gated['b'][sample, channel],
                                       maps['b'][sample, channel] / (1 + math.exp(-e)))


def test_gates_see_every_modality():
    torch.manual_seed(0)
    gates = ChannelGates(dict(a=4, b=4), ratio=4, gate_scale=1)
    maps = dict(a=torch.randn(1, 4), b=torch.randn(1, 4))
    changed = gates(dict(maps, b=maps['b'] + 1))
    assert not torch.allclose(changed['a'], gates(maps)['a'])


def test_gates_do_not_see_what_an_absent_modality_makes_of_zeros():
    torch.manual_seed(0)
    gates = ChannelGates(dict(a=4, b=4), ratio=4, gate_scale=1)
    maps = dict(a=torch.randn(2, 4), b=torch.randn(2, 4))
    present = dict(a=torch.tensor([True, True]), b=torch.tensor([True, False]))
    zeros = dict(maps, b=maps['b'] * torch.tensor([[1.], [0.]]))
    torch.testing.assert_close(gates(maps, present)['a'], gates(zeros)['a'])


def test_encoders_run_in_lock_step():
    fusion = scalar_fusion()
    set_gates(fusion.gates[0], squeeze=1, excite=1)
    x = dict(a=torch.tensor([[0.25]]), b=torch.tensor([[0.125]]))
    features = fusion.encode(nn.ModuleDict(dict(a=Scale(2, 3), b=Scale(4, 5))), x)
    gate = 1 / (1 + math.exp(-1))  # of 2 * 0.25 + 4 * 0.125 = 1
    assert features['a'].item() == pytest.approx(3 * gate * 0.5)
    assert features['b'].item() == pytest.approx(5 * gate * 0.5)


def test_logits_are_the_mean_of_those_of_the_modalities():
    torch.manual_seed(0)
    fusion = scalar_fusion()
    features = dict(a=torch.randn(3, 1), b=torch.randn(3, 1))
    split = fusion.split_logits(features, nn.Identity())
    torch.testing.assert_close(split['a'], fusion.classifiers['a'](features['a']))
    torch.testing.assert_close(fusion(features), (split['a'] + split['b']) / 2)
    present = dict(a=torch.tensor([True, True, False]), b=torch.tensor([True, False, False]))
    expected = torch.stack([(split['a'] + split['b'])[0] / 2, split['a'][1], torch.zeros(2)])
    torch.testing.assert_close(fusion(features, present), expected)


@pytest.fixture(scope='module')
def resnets() -> MultiModalClassifier:
    """A spectrogram beside clips of three frames, gates after layers 2, 3 and 4."""
    torch.manual_seed(0)
    return MultiModalClassifier(
        dict(audio=TorchvisionEncoder('resnet18', in_channels=1),
             video=TorchvisionEncoder('resnet18')),
        ChannelFusion(dict(audio=512, video=512), 3, dict(audio=RESNET, video=RESNET)),
        SplitHead(3, None)).eval()


def test_levels_of_resnet(resnets):
    assert [gates.squeeze.out_features for gates in resnets.fusion.gates] == [128, 256, 512]
    inputs = dict(audio=torch.randn(2, 1, 33, 47), video=torch.randn(2, 3, 3, 32, 32))
    audio, video = (resnets.encoders[name].trunk for name in ('audio', 'video'))
    maps = {}
    for name, trunk, x in (('audio', audio, inputs['audio']),
                           ('video', video, inputs['video'].transpose(1, 2).flatten(0, 1))):
        maps[name] = trunk.layer1(trunk.maxpool(trunk.relu(trunk.bn1(trunk.conv1(x)))))
    for place, gates in zip(RESNET, resnets.fusion.gates):
        maps = {name: resnets.encoders[name].trunk.get_submodule(place)(x)
                for name, x in maps.items()}
        # The frames of a clip, folded into the batch, are squeezed together.
        squeezed = torch.cat([maps['audio'].mean((2, 3)),
                              maps['video'].unflatten(0, (2, 3)).mean((1, 3, 4))], dim=1)
        joint = gates.squeeze(squeezed).relu()
        gate = {name: layer(joint).sigmoid() for name, layer in gates.excite.items()}
        maps['audio'] = gate['audio'][:, :, None, None] * maps['audio']
        repeated = gate['video'].repeat_interleave(3, dim=0)
        maps['video'] = repeated[:, :, None, None] * maps['video']
    features = resnets(inputs)['features']
    torch.testing.assert_close(features['audio'], maps['audio'].mean((2, 3)), rtol=1e-4, atol=1e-5)
    expected = maps['video'].unflatten(0, (2, 3)).mean((1, 3, 4))
    torch.testing.assert_close(features['video'], expected, rtol=1e-4, atol=1e-5)


def test_either_classifier_reaches_both_encoders(resnets):
    inputs = dict(audio=torch.randn(1, 1, 32, 32), video=torch.randn(1, 3, 2, 32, 32))
    features = resnets(inputs)['features']
    for name in ('audio', 'video'):
        resnets.zero_grad()
        resnets.fusion.classify_each(features)[name].sum().backward(retain_graph=True)
        for other in ('audio', 'video'):
            assert resnets.encoders[other].trunk.conv1.weight.grad.abs().sum() > 0


def test_three_i3d():
    torch.manual_seed(0)
    widths = dict(Mixed_4f=52, Mixed_5b=52, Mixed_5c=64)
    channels = dict(rgb=3, flow=2, depth=1)
    model = MultiModalClassifier(
        {name: InceptionI3D(in_channels=count, width=1 / 16) for name, count in channels.items()},
        ChannelFusion(dict.fromkeys(channels, 64), 3, dict.fromkeys(channels, widths),
                      gate_scale=2), JointHead(3, dict.fromkeys(channels, 64), None))
    for gates in model.fusion.gates:
        set_gates(gates, squeeze=0, excite=0)
    model.eval()
    inputs = {name: torch.randn(1, count, 8, 32, 32) for name, count in channels.items()}
    features = model(inputs)['features']
    for name, encoder in model.encoders.items():  # gates without excitation are the identity
        torch.testing.assert_close(features[name], encoder(inputs[name]))


@pytest.mark.parametrize('levels', [
    dict(a=dict(x=1)), dict(a=dict(x=1), b=dict(x=1, y=1)), dict(a={}, b={})])
def test_levels_that_differ(levels):
    with pytest.raises(ValueError, match='`levels` must name one or more sub-modules for each of '
                                         r"the modalities \['a', 'b'\], as many for one"):
        scalar_fusion(levels=levels)


@pytest.mark.parametrize('ratio', [0, -1, 5])
def test_ratio_without_a_joint_vector(ratio):
    with pytest.raises(ValueError, match=rf'`ratio` must lie above 0 .* 2 \* 2 channels / ratio, '
                                         f'but got {ratio}: take a number up to 4'):
        scalar_fusion(ratio=ratio)


def test_encoder_that_cannot_be_cut():
    with pytest.raises(TypeError, match="cannot reach into the encoder of modality 'a', a Linear"):
        scalar_fusion().encode(dict(a=nn.Linear(1, 1), b=nn.Linear(1, 1)), {})
