from __future__ import annotations

import ast
import logging
import math

import pytest
import torch
import torch.nn.functional as F
from mmengine.logging import MMLogger
from torch import Tensor, nn

from projects.bss.models import InceptionI3D, MultiModalClassifier, inflate_stem
from projects.bss.models.encoders.i3d import Unit3d
from projects.bss.models.encoders.same_padding import max_pool_same, pad_same

STEM = 'Conv3d_1a_7x7'
MIXED = ['3b', '3c', '4b', '4c', '4d', '4e', '4f', '5b', '5c']
UNITS = [STEM, 'Conv3d_2b_1x1', 'Conv3d_2c_3x3'] + [
    f'Mixed_{stage}.{branch}' for stage in MIXED
    for branch in ('b0', 'b1a', 'b1b', 'b2a', 'b2b', 'b3b')]
STATE = ('conv3d.weight', 'bn.weight', 'bn.bias', 'bn.running_mean', 'bn.running_var')


def public_keys() -> set[str]:
    """Give the keys of the public checkpoint files."""
    return {f'{unit}.{entry}' for unit in UNITS for entry in STATE} | {'logits.conv3d.weight',
                                                                       'logits.conv3d.bias'}


def old_style_state(in_channels: int) -> dict[str, Tensor]:
    """Write a random state dict like the public files, which count no batches."""
    torch.manual_seed(in_channels)
    state = InceptionI3D(in_channels, num_classes=400).state_dict()
    return {key: torch.rand_like(value) for key, value in state.items()
            if not key.endswith('num_batches_tracked')}


@pytest.fixture(scope='module')
def rgb_file(tmp_path_factory):
    path = tmp_path_factory.mktemp('i3d') / 'rgb_imagenet.pt'
    torch.save(old_style_state(3), path)
    return str(path)


@pytest.fixture
def log():
    """Collect what the current logger is told."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)


def loaded(**arguments) -> InceptionI3D:
    encoder = InceptionI3D(**arguments)
    encoder.init_weights()
    return encoder


@pytest.mark.parametrize('in_channels, num_classes, parameters, entries', [
    (3, 400, 12_697_264, 344), (3, None, 12_287_264, 342), (2, None, 12_265_312, 342),
    (1, None, 12_243_360, 342)])
def test_size_of_the_network(in_channels, num_classes, parameters, entries):
    encoder = InceptionI3D(in_channels, num_classes)
    assert sum(p.numel() for p in encoder.parameters()) == parameters
    assert len(encoder.state_dict()) == entries


def test_keys_are_those_of_the_public_files():
    state = old_style_state(2)
    assert state.keys() == public_keys() and len(state) == 287
    assert state[f'{STEM}.conv3d.weight'].shape == (64, 2, 7, 7, 7)
    assert state['Mixed_4e.b1b.conv3d.weight'].shape == (288, 144, 3, 3, 3)
    assert state['logits.conv3d.weight'].shape == (400, 1024, 1, 1, 1)


@pytest.mark.parametrize('size, kernel, stride, left, right', [
    (5, 3, 2, 1, 1), (4, 3, 2, 0, 1), (1, 7, 2, 3, 3), (2, 7, 2, 2, 3), (3, 2, 2, 0, 1),
    (4, 2, 2, 0, 0), (9, 3, 1, 1, 1), (9, 1, 1, 0, 0), (3, 1, 2, 0, 0)])
def test_same_padding(size, kernel, stride, left, right):
    x = torch.ones(1, 1, size, 1, 1)
    padded = pad_same(x, (kernel, 1, 1), (stride, 1, 1))
    assert padded.flatten().tolist() == [0] * left + [1] * size + [0] * right


def _padded(x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
    for axis, (k, s) in enumerate(zip(kernel, stride), start=2):
        size = x.shape[axis]
        total = max((math.ceil(size / s) - 1) * s + k - size, 0)
        shape = list(x.shape)
        shape[axis] = size + total
        wider = x.new_zeros(shape)
        wider.narrow(axis, total // 2, size).copy_(x)
        x = wider
    return x


def _reference(state: dict[str, Tensor], x: Tensor) -> Tensor:
    def unit(name: str, x: Tensor, stride: int = 1) -> Tensor:
        weight, gamma, beta, mean, var = (state[f'{name}.{entry}'] for entry in STATE)
        x = F.conv3d(_padded(x, weight.shape[2:], (stride, ) * 3), weight, stride=stride)
        x = (x - mean.view(-1, 1, 1, 1)) / (var.view(-1, 1, 1, 1) + 1e-3).sqrt()
        return (x * gamma.view(-1, 1, 1, 1) + beta.view(-1, 1, 1, 1)).clamp(min=0)

    def pool(x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
        return F.max_pool3d(_padded(x, kernel, stride), kernel, stride)

    def mixed(name: str, x: Tensor) -> Tensor:
        return torch.cat([
            unit(f'{name}.b0', x),
            unit(f'{name}.b1b', unit(f'{name}.b1a', x)),
            unit(f'{name}.b2b', unit(f'{name}.b2a', x)),
            unit(f'{name}.b3b', pool(x, (3, 3, 3), (1, 1, 1)))], dim=1)

    x = pool(unit(STEM, x, 2), (1, 3, 3), (1, 2, 2))
    x = pool(unit('Conv3d_2c_3x3', unit('Conv3d_2b_1x1', x)), (1, 3, 3), (1, 2, 2))
    x = pool(mixed('Mixed_3c', mixed('Mixed_3b', x)), (3, 3, 3), (2, 2, 2))
    for stage in MIXED[2:7]:
        x = mixed(f'Mixed_{stage}', x)
    x = mixed('Mixed_5c', mixed('Mixed_5b', pool(x, (2, 2, 2), (2, 2, 2))))
    return x.mean(dim=(2, 3, 4))


@pytest.mark.parametrize('shape', [(2, 3, 9, 40, 33), (1, 3, 1, 16, 64)])
def test_features_equal_a_second_implementation(shape):
    torch.manual_seed(0)
    encoder = InceptionI3D().double().eval()
    for module in encoder.modules():
        if isinstance(module, nn.BatchNorm3d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.02, 0.1)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    clip = torch.randn(shape, dtype=torch.float64)
    with torch.no_grad():
        features = encoder(clip)
        expected = _reference(encoder.state_dict(), clip)
    assert features.shape == (shape[0], 1024) and features.std() > 1e-3
    torch.testing.assert_close(features, expected)


@pytest.mark.parametrize('kernel, stride', [(7, 2), (3, 1), (1, 1)])
def test_folded_normalisation(kernel, stride):
    """Without gradients the kernels are scaled, with them the feature map; layers stay as is."""
    torch.manual_seed(0)
    unit = Unit3d(3, 5, kernel, stride).eval()
    for tensor in (unit.bn.weight, unit.bn.bias, unit.bn.running_mean):
        nn.init.normal_(tensor)
    nn.init.uniform_(unit.bn.running_var, 0.02, 2)
    kept = {name: value.clone() for name, value in unit.state_dict().items()}
    x = torch.randn(2, 3, 6, 9, 8)
    with torch.no_grad():
        folded = unit(x)
    assert not folded.requires_grad and folded.std() > 0.1
    torch.testing.assert_close(folded, unit(x), rtol=1e-5, atol=1e-5)
    assert all(torch.equal(value, kept[name]) for name, value in unit.state_dict().items())


@pytest.mark.parametrize('frames, positions', [(64, 8), (79, 10), (80, 10), (1, 1)])
def test_temporal_positions(frames, positions):
    encoder = InceptionI3D().eval()
    shapes = []
    encoder.Mixed_5c.register_forward_hook(lambda m, args, out: shapes.append(tuple(out.shape)))
    with torch.no_grad():
        encoder(torch.zeros(1, 3, frames, 20, 33))
    assert shapes == [(1, 1024, positions, 1, 2)]


def test_autocast_training_reaches_the_stem():
    torch.manual_seed(0)
    encoder = InceptionI3D(dropout=0.1)
    clips = torch.randn(2, 3, 4, 48, 48)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        encoder(clips).float().square().sum().backward()
    gradient = encoder.get_submodule(STEM).conv3d.weight.grad
    assert gradient.dtype == torch.float32
    assert gradient.isfinite().all() and gradient.abs().sum() > 0


def pooling_only(pool: str) -> InceptionI3D:
    """Make an encoder whose clips are feature maps already."""
    encoder = InceptionI3D(pool=pool)
    for name, _ in list(encoder.named_children()):
        setattr(encoder, name, nn.Identity())
    encoder.logits = None
    return encoder


def test_fixed_pooling_ignores_the_tail():
    feature_map = torch.rand(2, 4, 10, 8, 7)
    official = nn.AvgPool3d((8, 7, 7), stride=(8, 7, 7))(feature_map).flatten(1)
    torch.testing.assert_close(pooling_only('fixed')(feature_map), official)
    torch.testing.assert_close(pooling_only('adaptive')(feature_map),
                               feature_map.flatten(2).mean(dim=2))


def test_fixed_pooling_needs_a_whole_window():
    with pytest.raises(ValueError, match=r"`pool='fixed'` needs a feature map of at least "
                                         r"\(8, 7, 7\), but got \(7, 7, 7\)"):
        pooling_only('fixed')(torch.zeros(1, 4, 7, 7, 7))


def test_logits_classify_the_mean_feature():
    torch.manual_seed(0)
    encoder = InceptionI3D(num_classes=5).eval()
    clip = torch.randn(2, 3, 20, 16, 16)
    with torch.no_grad():
        logits = encoder(clip)
        kernel, encoder.logits = encoder.logits.conv3d, None
        expected = F.linear(encoder(clip), kernel.weight.flatten(1), kernel.bias)
    assert encoder.out_channels == 5
    torch.testing.assert_close(logits, expected)


def test_public_style_file_fills_the_network(rgb_file, log):
    encoder = loaded(pretrained=rgb_file)
    own, file = encoder.state_dict(), torch.load(rgb_file)
    for key in public_keys() - {'logits.conv3d.weight', 'logits.conv3d.bias'}:
        assert torch.equal(own[key], file[key])
    line, = [line for line in log if rgb_file in line]
    assert 'adapted: []; missing, left at their initialisation: []' in line
    assert "unexpected, not used: ['logits.conv3d.weight', 'logits.conv3d.bias']" in line


def test_flow_file_fills_a_two_channel_network(tmp_path):
    state = old_style_state(2)
    torch.save(dict(state_dict=state), tmp_path / 'flow_imagenet.pt')
    encoder = loaded(in_channels=2, num_classes=400, pretrained=str(tmp_path / 'flow_imagenet.pt'),
                     stem_init='random')
    own = encoder.state_dict()
    assert all(torch.equal(own[key], value) for key, value in state.items())


@pytest.mark.parametrize('in_channels', [1, 2, 4])
def test_inflated_stem(rgb_file, log, in_channels):
    encoder = loaded(in_channels=in_channels, pretrained=rgb_file)
    kernels = torch.load(rgb_file)[f'{STEM}.conv3d.weight']
    own = encoder.state_dict()[f'{STEM}.conv3d.weight']
    for channel in range(in_channels):
        torch.testing.assert_close(own[:, channel], kernels.sum(dim=1) / in_channels)
    grey = torch.rand(1, 1, 7, 7, 7)
    torch.testing.assert_close(F.conv3d(grey.expand(-1, in_channels, -1, -1, -1), own),
                               F.conv3d(grey.expand(-1, 3, -1, -1, -1), kernels),
                               rtol=1e-4, atol=1e-4)
    line, = [line for line in log if rgb_file in line]
    assert f"adapted: ['{STEM}.conv3d.weight (3 to {in_channels} channels)']" in line


def test_random_stem_keeps_convolution_and_normalisation(rgb_file, log):
    torch.manual_seed(5)
    encoder = InceptionI3D(1, pretrained=rgb_file, stem_init='random')
    before = {key: value.clone() for key, value in encoder.state_dict().items()}
    encoder.init_weights()
    changed = {key for key, value in encoder.state_dict().items()
               if not torch.equal(value, before[key])}
    stem = {f'{STEM}.{entry}' for entry in STATE}
    assert changed == public_keys() - stem - {'logits.conv3d.weight', 'logits.conv3d.bias'}
    line, = [line for line in log if rgb_file in line]
    missing = line.split('missing, left at their initialisation: ')[1].split(';')[0]
    assert set(ast.literal_eval(missing)) == stem


def test_other_number_of_classes_leaves_the_classifier(rgb_file, log):
    loaded(num_classes=25, pretrained=rgb_file)
    line, = [line for line in log if rgb_file in line]
    assert "of another shape, not used: ['logits.conv3d.weight', 'logits.conv3d.bias']" in line


def test_weights_arrive_inside_a_classifier(rgb_file):
    model = MultiModalClassifier(
        encoders={name: dict(type='InceptionI3D', in_channels=channels, pretrained=rgb_file)
                  for name, channels in dict(rgb=3, depth=1).items()},
        fusion=dict(type='ConcatFusion', in_channels=dict(rgb=1024, depth=1024)),
        head=dict(type='JointHead', num_classes=25, in_channels=dict(rgb=1024, depth=1024),
                  fused_channels=2048))
    model.init_weights()
    file = torch.load(rgb_file)
    for name in ('rgb', 'depth'):
        torch.testing.assert_close(model.encoders[name].Mixed_5c.b0.conv3d.weight.data,
                                   file['Mixed_5c.b0.conv3d.weight'])


def test_missing_file():
    with pytest.raises(FileNotFoundError, match='there is no file nowhere.pt: download'):
        loaded(pretrained='nowhere.pt')


def test_file_of_another_network(tmp_path):
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / 'linear.pt')
    with pytest.raises(ValueError, match=r"no key of .*linear.pt fits; its first keys are "
                                         r"\['weight', 'bias'\]"):
        loaded(pretrained=str(tmp_path / 'linear.pt'))


@pytest.mark.parametrize('kernel, stride', [
    ((3, 3, 3), (1, 1, 1)), ((1, 3, 3), (1, 2, 2)), ((3, 3, 3), (2, 2, 2)),
    ((2, 2, 2), (2, 2, 2)), ((7, 4, 5), (1, 3, 2))])
@pytest.mark.parametrize('size', [(5, 8, 9), (1, 2, 3), (4, 1, 7)])
@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last_3d])
def test_pooling_without_gradients_gives_the_very_values(kernel, stride, size, layout):
    x = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0)).to(
        memory_format=layout)
    expected = F.max_pool3d(_padded(x, kernel, stride), kernel, stride)
    with torch.no_grad():
        assert torch.equal(max_pool_same(x, kernel, stride), expected)
    assert torch.equal(max_pool_same(x, kernel, stride), expected)


def test_kernels_keep_the_precision_of_the_convolution():
    """Strategies that shard keep buffers in float32 beside weights in half precision."""
    unit = Unit3d(2, 3, 3).eval()
    unit.conv3d.bfloat16()
    x = torch.rand(1, 2, 3, 4, 4)
    with torch.no_grad():
        found = unit(x.bfloat16())
        expected = unit.conv3d.float() and unit(x)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), expected, atol=0.02, rtol=0.02)


@pytest.mark.parametrize('argument, value', [('pool', 'max'), ('stem_init', 'zero')])
def test_unknown_choice(argument, value):
    with pytest.raises(ValueError, match=f"`{argument}` must be one of .*, but got '{value}'"):
        InceptionI3D(**{argument: value})


def test_inflation_by_hand():
    weight = torch.tensor([[[1.], [2.], [6.]]])
    assert inflate_stem(weight, 1).tolist() == [[[9]]]
    assert inflate_stem(weight, 2).tolist() == [[[4.5], [4.5]]]
