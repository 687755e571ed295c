"""The two towers of CLIP as encoders of texts and of images."""
from __future__ import annotations

from typing import Any, Mapping

from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.models.encoders.hub import HubEncoder


@MODELS.register_module()
class ClipTextEncoder(HubEncoder):
    """CLIP's text tower with its projection, for token ids.

    A text is read up to its end token only, so whatever pads it makes no difference.

    Args:
        pretrained: Folder with ``config.json`` and weights of a whole CLIP or of this tower, or a
            name on the Hugging Face hub, read by :meth:`init_weights`; ``None`` for random
            weights.
        config: Entries of transformers' ``CLIPTextConfig``; by default the sizes of ViT-B/32.
            Beside ``pretrained`` they change those of the folder. For random weights the end
            token is the largest id of a text, as in every vocabulary ordered like CLIP's, unless
            ``eos_token_id`` says otherwise.
        download: Whether a hub name that is not in the local cache may be downloaded.
        out_channels: Width of a linear layer behind the features; ``None`` adds none.

    Raises:
        FileNotFoundError: If there is no such folder or cached name and ``download`` is False.

    Reference:
        Radford et al., "Learning Transferable Visual Models From Natural Language Supervision",
        ICML 2021.
    """

    def __init__(self, pretrained: str | None = None, config: Mapping[str, Any] | None = None,
                 download: bool = False, out_channels: int | None = None) -> None:
        from transformers import CLIPTextConfig, CLIPTextModelWithProjection
        if pretrained is None:
            # With this number the library looks for the largest id; it never looks for the other.
            config = dict(eos_token_id=2, bos_token_id=None) | dict(config or {})
        super().__init__(CLIPTextModelWithProjection, CLIPTextConfig, pretrained, config, download,
                         out_channels, {})

    def forward(self, x: Tensor) -> Tensor:
        """Encode texts.

        Args:
            x: Token ids, int64 (N, L).

        Returns:
            Features, shape (N, out_channels).

        Raises:
            ValueError: If the texts are too long or an id is not in the vocabulary.
        """
        self.check_ids(x)
        # Attention looks back only, so padding behind the end token needs no mask.
        return self.projection(self.trunk(input_ids=x).text_embeds)


@MODELS.register_module()
class ClipVisionEncoder(HubEncoder):
    """CLIP's vision transformer with its projection, for images and frames.

    Args:
        pretrained: As for ``ClipTextEncoder``.
        config: Entries of transformers' ``CLIPVisionConfig``, as for ``ClipTextEncoder``.
        download: Whether a hub name that is not in the local cache may be downloaded.
        out_channels: Width of a linear layer behind the features; ``None`` adds none.

    Raises:
        FileNotFoundError: If there is no such folder or cached name and ``download`` is False.

    Reference:
        Radford et al., ICML 2021.
    """

    def __init__(self, pretrained: str | None = None, config: Mapping[str, Any] | None = None,
                 download: bool = False, out_channels: int | None = None) -> None:
        from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection
        super().__init__(CLIPVisionModelWithProjection, CLIPVisionConfig, pretrained, config,
                         download, out_channels, {})

    def forward(self, x: Tensor) -> Tensor:
        """Encode images or clips.

        Args:
            x: Images, shape (N, 3, H, W), or clips, shape (N, 3, T, H, W), of which every side
                has a whole number of patches. Position encodings are interpolated to other sizes
                than the network's own.

        Returns:
            Features, shape (N, out_channels), averaged over the frames of a clip.
        """
        clips = x if x.dim() == 5 else x[:, :, None]
        frames = clips.transpose(1, 2)
        features = self.trunk(pixel_values=frames.flatten(0, 1),
                              interpolate_pos_encoding=True).image_embeds
        return self.projection(features.unflatten(0, frames.shape[:2]).mean(dim=1))
