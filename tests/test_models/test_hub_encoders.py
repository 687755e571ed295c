"""BERT and CLIP as encoders: folders, random weights, padding, errors."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.registry import MODELS
from torch import Tensor, nn

from projects.bss.models import (BertEncoder, ClipTextEncoder, ClipVisionEncoder,
                                 MultiModalClassifier)

SMALL = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
BERT = dict(SMALL, vocab_size=50, max_position_embeddings=12)
TEXT = dict(BERT, bos_token_id=48, eos_token_id=49)
VISION = dict(SMALL, image_size=32, patch_size=16)
IDS = torch.tensor([[2, 7, 8, 9, 3], [2, 7, 3, 0, 0]])


@pytest.fixture(scope='module')
def bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small BERT saved in half precision."""
    from transformers import BertConfig, BertModel
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp('bert')
    BertModel(BertConfig(**BERT)).half().save_pretrained(path)
    return path


@pytest.fixture(scope='module')
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small CLIP, both towers, whose parts do not say the width of the projection."""
    from transformers import CLIPConfig, CLIPModel
    torch.manual_seed(2)
    path = tmp_path_factory.mktemp('clip')
    CLIPModel(CLIPConfig(text_config=TEXT, vision_config=VISION,
                         projection_dim=24)).save_pretrained(path)
    return path


def ready(encoder: Any) -> Any:
    encoder.init_weights()
    return encoder.eval()


@torch.no_grad()
def encode(encoder: nn.Module, x: Tensor) -> Tensor:
    return encoder(x)


def test_bert_gives_the_features_of_the_folder_in_float32(bert_folder: Path) -> None:
    from transformers import BertModel
    theirs = BertModel.from_pretrained(bert_folder).float().eval()
    with torch.no_grad():
        output = theirs(IDS, attention_mask=(IDS != 0).long())
    states, mask = output.last_hidden_state, (IDS != 0)[..., None]
    expected = dict(pooler=output.pooler_output, cls=states[:, 0],
                    mean=torch.stack([states[0].mean(dim=0), states[1, :3].mean(dim=0)]))
    assert mask.sum() == 8
    for pool, features in expected.items():
        encoder = ready(BertEncoder(str(bert_folder), pool=pool))
        assert {parameter.dtype for parameter in encoder.parameters()} == {torch.float32}
        assert encoder.out_channels == 16
        torch.testing.assert_close(encode(encoder, IDS), features)


def test_clip_gives_the_features_of_the_folder(clip_folder: Path) -> None:
    from transformers import CLIPModel
    theirs = CLIPModel.from_pretrained(clip_folder).eval()
    ids = torch.tensor([[48, 7, 8, 9, 49], [48, 7, 49, 49, 49]])
    clips = torch.randn(2, 3, 2, 32, 32)
    with torch.no_grad():
        output = theirs(ids, pixel_values=clips[:, :, 0])
    text, vision = (ready(build(str(clip_folder))) for build in (ClipTextEncoder,
                                                                 ClipVisionEncoder))
    assert text.out_channels == vision.out_channels == 24
    unit = torch.nn.functional.normalize
    torch.testing.assert_close(unit(encode(text, ids)), output.text_embeds)
    torch.testing.assert_close(unit(encode(vision, clips[:, :, 0])), output.image_embeds)
    frames = [encode(vision, clips[:, :, number]) for number in (0, 1)]
    torch.testing.assert_close(encode(vision, clips[:, :, :1]), frames[0])
    torch.testing.assert_close(encode(vision, clips), (frames[0] + frames[1]) / 2)


@pytest.mark.parametrize('pool', ['pooler', 'cls', 'mean'])
def test_padding_makes_no_difference_to_bert(pool: str) -> None:
    encoder = ready(BertEncoder(config=BERT, pool=pool))
    alone = encode(encoder, IDS[1:, :3])
    torch.testing.assert_close(encode(encoder, IDS)[1:], alone)
    wider = torch.where(IDS == 0, 11, IDS)
    torch.testing.assert_close(encode(ready_copy(encoder, pool, 11), wider)[1:], alone)
    assert not torch.allclose(encode(encoder, wider)[1:], alone)


def ready_copy(encoder: BertEncoder, pool: str, pad_id: int) -> BertEncoder:
    copy = ready(BertEncoder(config=BERT, pool=pool, pad_id=pad_id))
    copy.load_state_dict(encoder.state_dict())
    return copy


@pytest.mark.parametrize('pad_id', [0, 49])
def test_padding_makes_no_difference_to_clip(pad_id: int) -> None:
    random = {key: value for key, value in TEXT.items() if 'token' not in key}
    encoder = ready(ClipTextEncoder(config=random))
    ids = torch.tensor([[48, 7, 8, 9, 49], [48, 7, 49, pad_id, pad_id]])
    torch.testing.assert_close(encode(encoder, ids)[1:], encode(encoder, ids[1:, :3]))
    other = torch.tensor([[48, 8, 49]])
    assert not torch.allclose(encode(encoder, ids[1:, :3]), encode(encoder, other))


@pytest.mark.parametrize('pool', ['pooler', 'cls', 'mean'])
def test_an_absent_text_has_finite_features_and_gradients(pool: str) -> None:
    encoder = BertEncoder(config=BERT, pool=pool)
    features = encoder(torch.tensor([[2, 7, 3], [0, 0, 0]]))
    features[0].sum().backward()
    assert features.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in encoder.parameters())


def test_every_parameter_of_every_pool_is_trained() -> None:
    ids, picture = torch.tensor([[48, 7, 49]]), torch.randn(2, 3, 32, 32)
    for encoder, x in ((BertEncoder(config=BERT), ids), (BertEncoder(config=BERT, pool='cls'), ids),
                       (ClipTextEncoder(config=TEXT, out_channels=5), ids),
                       (ClipVisionEncoder(config=VISION, out_channels=5), picture)):
        encoder(x).square().sum().backward()
        assert [name for name, parameter in encoder.named_parameters()
                if parameter.grad is None] == []


def test_a_projection_stands_behind_the_features(clip_folder: Path, bert_folder: Path) -> None:
    for encoder, x in ((BertEncoder(str(bert_folder), out_channels=7), IDS),
                       (ClipVisionEncoder(str(clip_folder), out_channels=7),
                        torch.randn(2, 3, 32, 32))):
        plain = ready(type(encoder)(encoder.pretrained))
        encoder = ready(encoder)
        assert encoder.out_channels == 7
        torch.testing.assert_close(encode(encoder, x), encoder.projection(encode(plain, x)))


def test_pictures_of_another_size_are_read() -> None:
    encoder = ready(ClipVisionEncoder(config=VISION))
    assert encode(encoder, torch.randn(1, 3, 48, 32)).shape == (1, 512)


def test_weights_survive_the_initialisation_of_a_whole_model(bert_folder: Path) -> None:
    model = MultiModalClassifier(
        encoders=dict(text=dict(type='BertEncoder', pretrained=str(bert_folder)),
                      other=dict(type='BertEncoder', config=BERT)),
        fusion=dict(type='ConcatFusion', in_channels=dict(text=16, other=16)),
        head=dict(type='JointHead', num_classes=2, in_channels=dict(text=16, other=16),
                  fused_channels=32),
        init_cfg=dict(type='Constant', layer='Linear', val=0.5))
    parameters = dict(model.named_parameters())
    drawn = model.encoders['other'].trunk.embeddings.word_embeddings.weight.clone()
    model.init_weights()
    from transformers import BertModel
    expected = BertModel.from_pretrained(bert_folder).state_dict()
    for name, value in model.encoders['text'].trunk.state_dict().items():
        assert torch.equal(value, expected[name].float()), name
    # The library's own init_weights would have drawn once more; ours lets the draw stand.
    assert torch.equal(model.encoders['other'].trunk.embeddings.word_embeddings.weight, drawn)
    assert all(parameters[name] is parameter for name, parameter in model.named_parameters())


def test_a_config_changes_the_folder(bert_folder: Path) -> None:
    encoder = BertEncoder(str(bert_folder), config=dict(hidden_dropout_prob=0.4))
    assert encoder.trunk.config.hidden_size == 16
    assert encoder.trunk.embeddings.dropout.p == 0.4
    assert BertEncoder(config=BERT).trunk.config.vocab_size == 50


@pytest.mark.parametrize('kind', ['BertEncoder', 'ClipTextEncoder', 'ClipVisionEncoder'])
@pytest.mark.parametrize('name', ['/no/such/folder', 'nobody/nothing', 'bert-base-nowhere'])
def test_absent_weights_are_not_downloaded(kind: str, name: str) -> None:
    with pytest.raises(FileNotFoundError, match=f"`pretrained` '{name}' is neither a folder .* "
                       'no download is tried unless `download=True`'):
        MODELS.build(dict(type=kind, pretrained=name))


def test_a_failed_download_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_OFFLINE', True)
    with pytest.raises(FileNotFoundError, match='its download failed'):
        BertEncoder('nobody/nothing', download=True)


def test_a_folder_without_weights_or_with_others_is_refused(bert_folder: Path, clip_folder: Path,
                                                            tmp_path: Path) -> None:
    (tmp_path / 'config.json').write_text((bert_folder / 'config.json').read_text())
    with pytest.raises(FileNotFoundError, match=f"'{tmp_path}' is neither a folder with config"):
        BertEncoder(str(tmp_path)).init_weights()
    with pytest.raises(ValueError, match=f"'{clip_folder}' lacks .* weights of BertModel, such as"):
        BertEncoder(str(clip_folder), config=SMALL).init_weights()


@pytest.mark.parametrize('ids, message', [
    (torch.ones(1, 13, dtype=torch.long), 'reads texts of at most 12 tokens, but got 13'),
    (torch.tensor([[2, 50, 3]]), 'has a vocabulary of 50 tokens, but got the id 50'),
])
@pytest.mark.parametrize('build', [lambda: BertEncoder(config=BERT),
                                   lambda: ClipTextEncoder(config=TEXT)])
def test_texts_that_do_not_fit_are_named(build: Any, ids: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()(ids)


def test_arguments_are_checked() -> None:
    with pytest.raises(ValueError, match=r"`pool` must be one of .*, but got 'max'"):
        BertEncoder(config=BERT, pool='max')
    with pytest.raises(ValueError, match="`config` of BertEncoder is wrong. Unknown entry "
                       "'num_hidden_layer'. Did you mean 'num_hidden_layers'"):
        BertEncoder(config=dict(num_hidden_layer=2))
