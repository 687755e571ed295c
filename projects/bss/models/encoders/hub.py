"""Networks of the transformers library as encoders."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Mapping

import torch.nn as nn
from mmengine.model import BaseModule
from torch import Tensor

from projects.bss.functional import closest_name


class HubEncoder(BaseModule):
    """Encoder around a network of the transformers library.

    ``init_weights``, which the Runner calls before training, reads the pretrained weights; until
    then, and without ``pretrained``, they are the random ones of that library. Whatever the file
    holds, the parameters are float32.

    Args:
        network: Class of the network.
        config_class: Class of its config.
        pretrained: Folder with ``config.json`` and weights, or a name on the Hugging Face hub;
            ``None`` for random weights.
        config: Entries of the network's config, such as ``dict(num_hidden_layers=2)``; beside
            ``pretrained`` they change those of the folder.
        download: Whether a hub name that is not in the local cache may be downloaded.
        out_channels: Width of a linear layer behind the network; ``None`` adds none.
        options: Further arguments of the network.

    Raises:
        FileNotFoundError: If there is no such folder or cached name and ``download`` is False.
        ValueError: If ``config`` has an entry that such a network does not know.
    """

    def __init__(self, network: Any, config_class: Any, pretrained: str | None,
                 config: Mapping[str, Any] | None, download: bool, out_channels: int | None,
                 options: Mapping[str, Any]) -> None:
        super().__init__()
        self.pretrained = None if pretrained is None else str(pretrained)
        self.download = download
        self._options = dict(options)
        self.trunk: Any = network(self._read_config(config_class, dict(config or {})),
                                  **self._options).float()
        width = self.feature_width
        self.projection = nn.Identity() if out_channels is None else nn.Linear(width, out_channels)
        self.out_channels = out_channels or width

    @property
    def feature_width(self) -> int:
        """Width of the network's own features: that of CLIP's common space by default."""
        return self.trunk.config.projection_dim

    def init_weights(self) -> None:
        """Load the pretrained weights.

        Raises:
            FileNotFoundError: If the weights are not there.
            ValueError: If they are not those of such a network.
        """
        # The inherited method would call init_weights of the network, which draws new ones.
        if self.pretrained is not None and not self.is_init:
            self._load(self.pretrained)
        self._is_init = True

    def check_ids(self, ids: Tensor) -> None:
        """Check token ids against the network's vocabulary and largest length.

        Args:
            ids: Token ids, (N, L). Ids on an accelerator are not compared with the vocabulary,
                because reading them would stall it.

        Raises:
            ValueError: If the texts are too long or an id is not in the vocabulary.
        """
        config = self.trunk.config
        if ids.shape[1] > config.max_position_embeddings:
            raise ValueError(
                f'{type(self).__name__} reads texts of at most {config.max_position_embeddings} '
                f'tokens, but got {ids.shape[1]}: set `max_length` of Tokenize to that number or '
                'less, with `truncation=True`.')
        if ids.device.type == 'cpu' and int(ids.max()) >= config.vocab_size:
            raise ValueError(
                f'{type(self).__name__} has a vocabulary of {config.vocab_size} tokens, but got '
                f'the id {int(ids.max())}: give Tokenize the tokenizer of this network, or set '
                '`config=dict(vocab_size=...)`.')

    def _read_config(self, config_class: Any, changes: dict[str, Any]) -> Any:
        known = config_class().to_dict()
        # The library would keep an entry with a slip of the pen and never look at it.
        for name in set(changes) - set(known):
            raise ValueError(f'`config` of {type(self).__name__} is wrong. '
                             + closest_name('entry', name, known))
        if self.pretrained is None:
            return config_class(**changes)
        try:
            found, _ = config_class.get_config_dict(self.pretrained, **self._where())
            if 'text_config' in found and 'projection_dim' in found:
                # Of CLIP's whole config the towers take their part only, which may lack the width.
                changes = dict(projection_dim=found['projection_dim']) | changes
            return config_class.from_pretrained(self.pretrained, **self._where(), **changes)
        except OSError as error:
            raise self._absent(error) from error

    def _load(self, source: str) -> None:
        try:
            with _only_errors():
                loaded, report = type(self.trunk).from_pretrained(
                    source, config=self.trunk.config, output_loading_info=True, **self._where(),
                    **self._options)
        except OSError as error:
            raise self._absent(error) from error
        missing = sorted(report['missing_keys'])
        if missing:
            raise ValueError(
                f'`pretrained` {source!r} lacks {len(missing)} weights of '
                f'{type(self.trunk).__name__}, such as {missing[0]!r}: give the folder of a '
                'network of this kind.')
        self.trunk.load_state_dict(loaded.state_dict())

    def _where(self) -> dict[str, bool]:
        return dict(local_files_only=not self.download)

    def _absent(self, error: OSError) -> FileNotFoundError:
        tried = (f'its download failed ({error})' if self.download
                 else 'no download is tried unless `download=True` is set')
        return FileNotFoundError(
            f'`pretrained` {self.pretrained!r} is neither a folder with config.json and weights '
            f'nor a name in the local cache of the Hugging Face hub, and {tried}: give the folder, '
            'or set `pretrained=None` for random weights.')


@contextmanager
def _only_errors() -> Iterator[None]:
    # The library reports every weight that it did not need, which for one tower is half the file.
    from transformers.utils import logging
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
