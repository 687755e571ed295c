from __future__ import annotations

import torch

from projects.bss.models import LSTMFusion


def cell(x, h, c, layer, lstm):
    """One step of a standard LSTM cell, gate by gate."""
    gates = (x @ getattr(lstm, f'weight_ih_l{layer}').T + getattr(lstm, f'bias_ih_l{layer}')
             + h @ getattr(lstm, f'weight_hh_l{layer}').T + getattr(lstm, f'bias_hh_l{layer}'))
    i, f, g, o = gates.chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def test_states_of_the_last_layer_by_a_loop():
    torch.manual_seed(0)
    widths = dict(a=3, b=2, c=5)
    fusion = LSTMFusion(widths, hidden=4, num_layers=2)
    features = {name: torch.randn(6, width) for name, width in widths.items()}
    states, memories = [torch.zeros(6, 4)] * 2, [torch.zeros(6, 4)] * 2
    outputs = []
    for name in 'abc':
        x = fusion.projections[name](features[name])
        for layer in range(2):
            states[layer], memories[layer] = cell(x, states[layer], memories[layer], layer,
                                                  fusion.lstm)
            x = states[layer]
        outputs.append(x)
    assert fusion.out_channels == 12
    torch.testing.assert_close(fusion(features), torch.cat(outputs, dim=1))


def test_an_empty_lstm_gives_zeros():
    fusion = LSTMFusion(dict(a=3, b=3), hidden=4)
    for parameter in fusion.lstm.parameters():
        torch.nn.init.zeros_(parameter)
    assert fusion(dict(a=torch.ones(2, 3), b=torch.ones(2, 3))).tolist() == [[0] * 8] * 2


def test_the_order_of_the_config_matters_and_that_of_the_features_not():
    torch.manual_seed(0)
    first, second = LSTMFusion(dict(a=3, b=3), hidden=4), LSTMFusion(dict(b=3, a=3), hidden=4)
    second.load_state_dict(first.state_dict())
    features = dict(a=torch.randn(2, 3), b=torch.randn(2, 3))
    torch.testing.assert_close(first(dict(reversed(features.items()))), first(features))
    a, b = first(features).chunk(2, dim=1)
    later_b, later_a = second(features).chunk(2, dim=1)
    assert not torch.allclose(torch.cat([a, b]), torch.cat([later_a, later_b]))


def test_default_sizes():
    fusion = LSTMFusion(dict(a=3, b=3))
    assert (fusion.out_channels, fusion.lstm.num_layers, fusion.lstm.hidden_size) == (1024, 2, 512)
