"""Torchvision networks from local files, with their classifier or a linear layer behind them."""
from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torchvision.models import get_model

from projects.bss.models import TorchvisionEncoder


@pytest.fixture(scope='module')
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(3)
    path = tmp_path_factory.mktemp('weights') / 'resnet18.pth'
    torch.save(get_model('resnet18', weights=None).state_dict(), path)
    return path


@torch.no_grad()
def test_a_local_file_is_read(weights: Path) -> None:
    state = torch.load(weights)
    image = torch.randn(2, 3, 32, 32)
    whole = get_model('resnet18', weights=None).eval()
    whole.load_state_dict(state)
    encoder = TorchvisionEncoder('resnet18', str(weights), keep_classifier=True).eval()
    assert encoder.out_channels == 1000
    torch.testing.assert_close(encoder(image), whole(image))
    features = TorchvisionEncoder('resnet18', str(weights)).eval()(image)
    torch.testing.assert_close(features @ state['fc.weight'].T + state['fc.bias'], whole(image))
    grey = TorchvisionEncoder('resnet18', str(weights), in_channels=1).trunk.conv1.weight
    torch.testing.assert_close(grey, state['conv1.weight'].sum(dim=1, keepdim=True))


@torch.no_grad()
def test_a_linear_layer_stands_behind_the_features() -> None:
    encoder = TorchvisionEncoder('resnet18', keep_classifier=True, out_channels=768).eval()
    clip = torch.randn(1, 3, 2, 32, 32)
    assert encoder.out_channels == 768
    scores = torch.stack([encoder.trunk(clip[:, :, frame]) for frame in (0, 1)]).mean(dim=0)
    torch.testing.assert_close(encoder(clip), encoder.projection(scores), rtol=1e-4, atol=1e-5)
    assert encoder.projection.weight.shape == (768, 1000)


def test_files_that_do_not_fit_are_named(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="is 'data/none.pth', but there is no such file"):
        TorchvisionEncoder('resnet18', 'data/none.pth')
    with pytest.raises(ValueError, match=f"'{weights}' must hold the state dict .* 'resnet34'"):
        TorchvisionEncoder('resnet34', str(weights))
    (tmp_path / 'text.pt').write_text('no weights')
    with pytest.raises(ValueError, match="text.pt' must hold the state dict of torchvision's"):
        TorchvisionEncoder('resnet18', str(tmp_path / 'text.pt'))
