"""BERT as an encoder of texts."""
from __future__ import annotations

from typing import Any, Callable, Mapping

from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.models.encoders.hub import HubEncoder


def _pooler(output: Any, mask: Tensor) -> Tensor:
    return output.pooler_output


def _cls(output: Any, mask: Tensor) -> Tensor:
    return output.last_hidden_state[:, 0]


def _mean(output: Any, mask: Tensor) -> Tensor:
    weights = mask[..., None].to(output.last_hidden_state.dtype)
    return (output.last_hidden_state * weights).sum(dim=1) / weights.sum(dim=1)


_POOLS: dict[str, Callable[[Any, Tensor], Tensor]] = dict(pooler=_pooler, cls=_cls, mean=_mean)


@MODELS.register_module()
class BertEncoder(HubEncoder):
    """BERT for token ids.

    Args:
        pretrained: Folder with ``config.json`` and weights, or a name on the Hugging Face hub,
            read by :meth:`init_weights`; ``None`` for random weights.
        config: Entries of transformers' ``BertConfig``, such as ``dict(num_hidden_layers=2)``;
            by default the sizes of BERT-base. Beside ``pretrained`` they change those of the
            folder.
        pool: ``'pooler'``: the pretrained dense layer and tanh on the first token. ``'cls'``:
            last hidden state of the first token. ``'mean'``: mean of the last hidden states.
        download: Whether a hub name that is not in the local cache may be downloaded.
        pad_id: Id of the tokens that stand behind a text and are not looked at.
        out_channels: Width of a linear layer behind the features; ``None`` adds none.

    Raises:
        FileNotFoundError: If there is no such folder or cached name and ``download`` is False.
        ValueError: For an unknown ``pool``.

    Reference:
        Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language
        Understanding", NAACL 2019.
    """

    def __init__(self, pretrained: str | None = None, config: Mapping[str, Any] | None = None,
                 pool: str = 'pooler', download: bool = False, pad_id: int = 0,
                 out_channels: int | None = None) -> None:
        from transformers import BertConfig, BertModel
        if pool not in _POOLS:
            raise ValueError(f'`pool` must be one of {tuple(_POOLS)}, but got {pool!r}.')
        # A pooler that nothing reads would have parameters without gradient.
        super().__init__(BertModel, BertConfig, pretrained, config, download, out_channels,
                         dict(add_pooling_layer=pool == 'pooler'))
        self.pool, self.pad_id = pool, pad_id

    @property
    def feature_width(self) -> int:
        """Width of the hidden states."""
        return self.trunk.config.hidden_size

    def forward(self, x: Tensor) -> Tensor:
        """Encode texts.

        Args:
            x: Token ids, int64 (N, L), padded with ``pad_id``.

        Returns:
            Features, shape (N, out_channels).

        Raises:
            ValueError: If the texts are too long or an id is not in the vocabulary.
        """
        self.check_ids(x)
        mask = x != self.pad_id
        # A text that is absent is padding only, and attention over nothing is not a number.
        mask[:, 0] = True
        output = self.trunk(input_ids=x, attention_mask=mask.long())
        return self.projection(_POOLS[self.pool](output, mask))
