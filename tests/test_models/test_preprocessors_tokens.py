"""Batches of token ids."""
from __future__ import annotations

import torch
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate
from mmengine.registry import MODELS

from projects.bss.models import TokenPreprocessor


def test_texts_are_padded_to_the_longest_behind_their_end() -> None:
    texts = [torch.tensor([2, 7, 3]), torch.tensor([2, 7, 8, 9, 3]), torch.tensor([2, 3])]
    samples = [object() for _ in texts]
    ids, passed = TokenPreprocessor(pad_id=49407).preprocess(texts, samples)
    assert ids.dtype == torch.int64 and passed is samples
    pad = 49407
    assert ids.tolist() == [[2, 7, 3, pad, pad], [2, 7, 8, 9, 3], [2, 3, pad, pad, pad]]
    assert TokenPreprocessor().preprocess(texts[:1], [])[0].tolist() == [[2, 7, 3]]


def test_it_serves_one_stream_of_a_sample() -> None:
    preprocessor = MODELS.build(dict(
        type='mmaction.MultiModalDataPreprocessor',
        preprocessors=dict(text=dict(type='TokenPreprocessor'))))
    batch = preprocessor(pseudo_collate([
        dict(inputs=dict(text=torch.tensor(ids)), data_samples=ActionDataSample())
        for ids in ([2, 5, 3], [2, 3])]), training=True)
    assert batch['inputs']['text'].tolist() == [[2, 5, 3], [2, 3, 0]]
    assert len(batch['data_samples']) == 2
