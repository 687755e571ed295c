"""Networks that turn one modality into one vector per sample (Eq. 1)."""
from projects.bss.models.encoders.adapters import MLPEncoder, TimmEncoder, TorchvisionEncoder
from projects.bss.models.encoders.i3d import InceptionI3D
from projects.bss.models.encoders.stem import inflate_stem

__all__ = ['InceptionI3D', 'MLPEncoder', 'TimmEncoder', 'TorchvisionEncoder', 'inflate_stem']
