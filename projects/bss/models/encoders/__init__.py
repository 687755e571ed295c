"""Networks that turn one modality into one vector per sample (Eq. 1)."""
from projects.bss.models.encoders.adapters import MLPEncoder, TimmEncoder, TorchvisionEncoder
from projects.bss.models.encoders.bert import BertEncoder
from projects.bss.models.encoders.clip import ClipTextEncoder, ClipVisionEncoder
from projects.bss.models.encoders.i3d import InceptionI3D
from projects.bss.models.encoders.small_conv import SmallConvEncoder
from projects.bss.models.encoders.stem import inflate_stem

__all__ = [
    'BertEncoder', 'ClipTextEncoder', 'ClipVisionEncoder', 'InceptionI3D', 'MLPEncoder',
    'SmallConvEncoder', 'TimmEncoder', 'TorchvisionEncoder', 'inflate_stem'
]
