"""The simulated accelerator keeps devices apart, counts what waits, and computes right."""
from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from mmengine.device import get_device
from torch import Tensor, nn

from tests.accelerator import NAME, WAITS


def there(*values: Any) -> Tensor:
    return torch.tensor(values, device=NAME)


def test_mmengine_takes_it() -> None:
    assert get_device() == NAME
    assert there(1).device == torch.device(NAME, 0)


@pytest.mark.parametrize('mix', [
    lambda x, y: x + y, lambda x, y: y * x, lambda x, y: torch.cat([x, y]),
    lambda x, y: torch.stack([x[0], y[0]]), lambda x, y: F.linear(x, y),
    lambda x, y: x[None] @ y[:, None], lambda x, y: x.lerp_(y, 0.5),
    lambda x, y: y.index_add_(0, torch.tensor([0]), x[:1]), lambda x, y: y[x.long()],
    lambda x, y: x.__setitem__(torch.tensor([0, 1]), y),
    lambda x, y: F.cross_entropy(x[None], y[None])])
def test_tensors_of_two_devices_do_not_mix(mix: Callable[[Tensor, Tensor], Any]) -> None:
    with pytest.raises(RuntimeError, match='tensors of the CPU beside those of the accelerator'):
        mix(there(0.0, 1.0), torch.tensor([1.0, 0.0]))


@pytest.mark.parametrize('own, other', [(NAME, 'cpu'), ('cpu', NAME)])
def test_generators_draw_for_their_device_only(own: str, other: str) -> None:
    for draw in (torch.randn, torch.rand, torch.randperm):
        assert draw(3, generator=torch.Generator(own), device=own).device.type == own
        with pytest.raises(RuntimeError, match=f'got a generator of the device {other}'):
            draw(3, generator=torch.Generator(other), device=own)
    x = torch.zeros(3, device=own)
    assert x.bernoulli_(1.0, generator=torch.Generator(own)).tolist() == [1.0] * 3
    with pytest.raises(RuntimeError, match=f'got a generator of the device {other}'):
        x.bernoulli_(0.5, generator=torch.Generator(other))


def test_numbers_and_indices_of_the_cpu_go_with_everything() -> None:
    x = there(1.0, 2.0)
    assert (x * torch.tensor(3.0))[torch.tensor([1])].tolist() == [6.0]
    x[torch.tensor([0])] = there(5.0)
    assert x.tolist() == [5.0, 2.0]


@pytest.mark.parametrize('read, times', [
    (lambda x: x.sum().item(), 1), (lambda x: bool(x[0] > 0), 1), (lambda x: x.cpu(), 1),
    (lambda x: x[x > 1], 1), (lambda x: x.nonzero(), 1), (lambda x: x.long().bincount(), 1),
    (lambda x: x + torch.tensor([1.0, 1.0]).to(NAME), 1), (lambda x: torch.zeros(2).copy_(x), 1),
    (lambda x: x[torch.tensor([0])], 1), (lambda x: torch.allclose(x, x), 1),
    (lambda x: torch.tensor(1.0, device=NAME), 1),
    (lambda x: x.masked_fill(x > 1, 0).sum(), 0), (lambda x: x.to('cpu', non_blocking=True), 0),
    (lambda x: torch.ones(2).to(NAME, non_blocking=True) + x, 0), (lambda x: x[:1] * 2, 0),
    (lambda x: torch.full((), 2.0, device=NAME) + torch.arange(2, device=NAME), 0)])
def test_waits_are_counted(read: Callable[[Tensor], Any], times: int) -> None:
    x = there(1.0, 2.0)
    WAITS.clear()
    read(x)
    assert sum(WAITS.values()) == times


def test_a_checkpoint_cannot_hold_its_tensors_but_is_brought_there(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match='was pickled: bring it to the CPU first'):
        torch.save(dict(state=there(1.0)), tmp_path / 'wrong.pth')
    with pytest.raises(RuntimeError, match='was pickled'):
        pickle.dumps(there(1.0))
    torch.save(dict(state=[torch.ones(2)]), tmp_path / 'right.pth')
    [state] = torch.load(tmp_path / 'right.pth', map_location=NAME)['state']
    assert state.device.type == NAME and state.tolist() == [1.0, 1.0]
    assert torch.load(tmp_path / 'right.pth')['state'][0].device.type == 'cpu'


class Net(nn.Module):

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 5, batch_first=True)
        self.layers = nn.Sequential(nn.Conv1d(5, 6, 3), nn.BatchNorm1d(6), nn.ReLU(),
                                    nn.Flatten(), nn.Dropout(0.3), nn.Linear(12, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(self.lstm(x)[0].transpose(1, 2))


def losses_of(net: nn.Module, device: str) -> list[float]:
    torch.manual_seed(0)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    losses = []
    for _ in range(4):
        loss = F.cross_entropy(net(torch.randn(3, 4, 4).to(device)), torch.arange(3).to(device))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_it_trains_as_a_cpu_does() -> None:
    net = Net()
    moved = copy.deepcopy(net).to(NAME)
    assert {p.device.type for p in moved.parameters()} == {NAME}
    assert losses_of(moved, NAME) == pytest.approx(losses_of(net, 'cpu'), rel=1e-5)
    assert moved.layers[1].num_batches_tracked.item() == 4


def test_autocast() -> None:
    layer = nn.Linear(2, 2).to(NAME)
    with torch.autocast(NAME, torch.bfloat16):
        assert layer(there([1.0, 2.0])).dtype == torch.bfloat16
    assert layer(there([1.0, 2.0])).dtype == torch.float32
