"""Gradient norms layer by layer against a backward pass of each sample alone."""
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from projects.bss.functional import layerwise_gradient_magnitude
from projects.bss.functional.layer_gradients import squared_product

SIZE = 4


def loss_of(output):
    return output.flatten(1).sin().square().sum(dim=1)


def by_loop(model, x, norm='total'):
    values = []
    for sample in x.split(1):
        model.zero_grad()
        loss_of(model(sample)).sum().backward()
        norms = [p.grad.norm() for p in model.parameters() if p.grad is not None]
        values.append(torch.stack(norms).norm(p=1 if norm == 'sum' else 2))
    model.zero_grad()
    return torch.stack(values)


def by_layers(model, x, norm='total'):
    return layerwise_gradient_magnitude(model, lambda: loss_of(model(x)), len(x), norm)


def random_input(*shape):
    return torch.randn(SIZE, *shape, dtype=torch.float64,
                       generator=torch.Generator().manual_seed(1))


class Fold(nn.Module):
    """Puts the frames of a sample into the dimension of samples, as image encoders do."""

    def forward(self, x):
        return x.transpose(1, 2).flatten(0, 1)


class Unfold(nn.Module):
    """Averages over the three frames of a sample."""

    def forward(self, x):
        return x.unflatten(0, (-1, 3)).mean(dim=1)


class Words(nn.Module):
    """Word and place embeddings, as BERT adds them up, before a classifier of each word."""

    def __init__(self, padding_idx=None):
        super().__init__()
        self.words = nn.Embedding(5, 6, padding_idx=padding_idx)
        self.places = nn.Embedding(9, 6)
        self.norm = nn.LayerNorm(6)
        self.classifier = nn.Linear(6, 3)

    def forward(self, ids):
        ids = ids.long()
        x = self.words(ids)
        x += self.places(torch.arange(ids.shape[1])[None])
        return self.classifier(self.norm(x))


class Residual(nn.Module):
    """A block that rectifies and adds in place, as ResNet does."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(2, 3, 3, padding=1), nn.Conv2d(3, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.relu(self.first(x))
        y = self.norm(self.second(x))
        y += x
        return self.relu(y)


def with_statistics(module):
    for norm in module.modules():
        if isinstance(norm, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            nn.init.uniform_(norm.running_mean)
            nn.init.uniform_(norm.running_var, 0.5, 2)
    return module


MODELS = dict(
    linear=(lambda: nn.Linear(5, 3), (5, )),
    linear_without_bias=(lambda: nn.Linear(5, 3, bias=False), (5, )),
    mlp=(lambda: nn.Sequential(nn.Linear(5, 7), nn.ReLU(inplace=True), nn.Linear(7, 2)), (5, )),
    few_words=(lambda: nn.Linear(50, 30), (6, 50)),
    many_words=(lambda: nn.Linear(3, 2), (40, 3)),
    grid_of_words=(lambda: nn.Linear(3, 2), (4, 5, 3)),
    conv1d=(lambda: nn.Conv1d(3, 4, 5, stride=2, padding=1), (3, 17)),
    conv2d=(lambda: nn.Conv2d(3, 4, (3, 5), stride=(2, 1), dilation=(1, 2)), (3, 9, 14)),
    conv3d=(lambda: nn.Conv3d(2, 3, 3, padding=1, bias=False), (2, 4, 5, 6)),
    pointwise=(lambda: nn.Conv3d(6, 5, 1), (6, 2, 3, 3)),
    strided_pointwise=(lambda: nn.Conv2d(6, 5, 1, stride=2), (6, 5, 5)),
    grouped=(lambda: nn.Conv2d(4, 6, 3, groups=2), (4, 6, 6)),
    depthwise_pointwise=(lambda: nn.Conv2d(4, 4, 1, groups=4), (4, 6, 6)),
    batch_norm=(lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)), (2, 6, 6)),
    batch_norm_of_vectors=(lambda: nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4)), (5, )),
    batch_norm_of_volumes=(lambda: nn.BatchNorm3d(2), (2, 3, 4, 5)),
    layer_norm=(lambda: nn.Sequential(nn.Linear(5, 6), nn.LayerNorm(6)), (7, 5)),
    layer_norm_of_planes=(lambda: nn.LayerNorm([3, 4]), (2, 3, 4)),
    group_norm=(lambda: nn.GroupNorm(2, 6), (6, 3, 3)),
    residual=(Residual, (2, 5, 5)),
    folded=(lambda: nn.Sequential(Fold(), nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.Flatten(2),
                                  nn.Conv1d(4, 2, 1), nn.Flatten(), nn.Linear(18, 3), Unfold()),
            (2, 3, 5, 5)))


@pytest.mark.parametrize('norm', ['total', 'sum'])
@pytest.mark.parametrize('name', MODELS)
def test_equals_single_samples(name, norm):
    make, shape = MODELS[name]
    torch.manual_seed(0)
    model, x = with_statistics(make().double().eval()), random_input(*shape)
    exact = by_layers(model, x, norm)
    assert not exact.requires_grad and all(p.grad is None for p in model.parameters())
    torch.testing.assert_close(exact, by_loop(model, x, norm), rtol=1e-9, atol=0)
    assert exact.std() > 1e-3 * exact.mean()


@pytest.mark.parametrize('padding_idx', [None, 2])
def test_embeddings(padding_idx):
    """Words that occur twice in a sample, and places looked up once for the whole batch."""
    torch.manual_seed(0)
    model = Words(padding_idx).double()
    ids = torch.tensor([[1, 1, 2, 1], [0, 2, 2, 2], [3, 4, 0, 1], [4, 4, 4, 4]])
    torch.testing.assert_close(by_layers(model, ids), by_loop(model, ids), rtol=1e-9, atol=0)


def test_frozen_and_unused_parameters_do_not_count():
    torch.manual_seed(0)
    model, x = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3)).double(), random_input(5)
    model.unused = nn.Linear(4, 4)
    model.forward = lambda x: model[2](model[1](model[0](x)))
    model[0].requires_grad_(False)
    model[2].bias.requires_grad_(False)
    torch.testing.assert_close(by_layers(model, x), by_loop(model, x), rtol=1e-9, atol=0)
    assert by_layers(model.requires_grad_(False), x).tolist() == [0] * SIZE


class Scaled(nn.Linear):
    """Has a parameter of its own beside the layer that it is derived from."""

    def __init__(self):
        super().__init__(5, 3)
        self.scale = nn.Parameter(torch.ones(3))

    def forward(self, x):
        return F.linear(x, self.weight.detach(), self.bias.detach()) * self.scale


class Raw(nn.Linear):
    """Not the layer that it is derived from."""

    def forward(self, x):
        return super().forward(x) * self.weight.mean()


def called_twice():
    layer = nn.Linear(5, 5)
    return nn.Sequential(layer, nn.Tanh(), layer)


def shared_weight():
    model = nn.Sequential(nn.Linear(5, 5), nn.Tanh(), nn.Linear(5, 5))
    model[2].weight = model[0].weight
    return model


class BesidesItsLayer(nn.Module):
    """Reads the weight of a layer besides calling it."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(5, 5)

    def forward(self, x):
        return self.layer(x) + F.linear(x, self.layer.weight)


class Late(nn.Module):
    """Changes the input of a layer after the layer has read it."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(5, 5), nn.Linear(5, 3)
        self.second.weight.requires_grad_(False)

    def forward(self, x):
        x = self.first(x).clone()
        y = self.second(x)
        x.mul_(2)
        return y


@pytest.mark.parametrize('make, reason', [
    (called_twice, 'the parameter 0.weight is used more than once'),
    (shared_weight, 'the parameter 0.weight is used more than once'),
    (BesidesItsLayer, 'the parameter layer.weight is used more than once'),
    (lambda: Raw(5, 3), 'the parameter weight'),
    (Scaled, 'the parameter scale belongs to no layer that is known'),
    (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(5, 3)), 'belongs to no layer'),
    (lambda: nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4)), '1.weight belongs to no layer'),
    (Late, 'changed in place')])
def test_refuses_what_it_does_not_know(make, reason):
    torch.manual_seed(0)
    model, x = make().double(), random_input(5)
    with pytest.raises(RuntimeError, match=reason):
        by_layers(model, x)
    assert not any(layer._forward_hooks for layer in model.modules())


@pytest.mark.parametrize('make', [BesidesItsLayer, called_twice])
def test_a_weight_cached_in_half_precision_is_still_counted_twice(make):
    model, x = make(), random_input(5).float()
    with torch.autocast('cpu', torch.bfloat16):
        with pytest.raises(RuntimeError, match='used more than once'):
            by_layers(model, x)
        assert torch.is_autocast_cache_enabled()


def test_rows_that_are_not_samples():
    model = nn.Sequential(nn.Flatten(0), nn.Unflatten(0, (5, 4)), nn.Linear(4, 2))
    with pytest.raises(RuntimeError, match=r'a Linear maps \(5, 4\) to \(5, 2\).*the 4 samples'):
        by_layers(model.double(), random_input(5))


def test_unknown_norm():
    with pytest.raises(ValueError, match="`norm` must be 'total' or 'sum', but got 'max'"):
        layerwise_gradient_magnitude(nn.Linear(1, 1), lambda: torch.zeros(1), 1, 'max')


def test_both_forms_of_the_product():
    """||[1, 2] [3]^T + [0, 1] [2]^T||^2 = ||[3, 8]||^2 = 73."""
    x, g = torch.tensor([[[1., 2], [0, 1]]]), torch.tensor([[[3.], [2]]])
    assert squared_product(x, g).tolist() == [73]
    wide = torch.cat([x, torch.zeros(1, 2, 9)], dim=2)
    assert squared_product(wide, torch.cat([g, torch.zeros(1, 2, 9)], dim=2)).tolist() == [73]
