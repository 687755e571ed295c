"""Evaluation mode of parts of a model."""
import pytest
from torch import nn

from projects.bss.rebalance.modes import evaluating


def test_every_module_gets_its_own_mode_back():
    network = nn.Sequential(nn.BatchNorm1d(2), nn.Sequential(nn.Dropout()), nn.Dropout())
    network[1].eval()
    with pytest.raises(ZeroDivisionError), evaluating([network[0], network[1]]):
        assert [m.training for m in network.modules()] == [True, False, False, False, True]
        raise ZeroDivisionError
    assert [m.training for m in network.modules()] == [True, True, False, False, True]


def test_recurrent_layers_stay_differentiable_on_an_accelerator():
    layers = [nn.LSTM(2, 2), nn.GRU(2, 2), nn.LSTM(2, 2, num_layers=2, dropout=.5)]
    with evaluating(layers):
        assert [layer.training for layer in layers] == [True, True, False]
