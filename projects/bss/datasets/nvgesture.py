"""NVGesture: 25 hand gestures in colour, depth and optical flow."""
from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.logging import print_log
from mmengine.registry import DATASETS

from projects.bss.datasets.base import MultiModalDataset
from projects.bss.datasets.nvgesture_list import (NUM_CLASSES, SENSORS, FrameRange, GestureClip,
                                                  read_list)

_VIDEOS = {'rgb': ('color', 'color'), 'depth': ('depth', 'gray'), 'duo_left': ('duo_left', 'gray')}
_FLOW_LAYOUTS = ('clip', 'position')
_SPLITS = ('train', 'test')


def flow_file(folder: str, frames: FrameRange) -> str:
    """Address of a clip's optical flow: its folder and the frame range of the colour stream.

    Args:
        folder: The clip's folder below the flow prefix.
        frames: Frames of the colour stream of which the flow was computed.

    Returns:
        A relative path that does not depend on any list or order.
    """
    return f'{folder}/flow_{frames.start}_{frames.end}.npy'


@DATASETS.register_module()
class NVGestureDataset(MultiModalDataset):
    """NVGesture in its native layout.

    ``data_prefix`` has two entries, ``video`` (default ``'Video_data'``) and ``flow`` (default: the
    same folder); with relative prefixes they lie below ``data_root``.

    Args:
        modalities: Any of ``'rgb'``, ``'flow'``, ``'depth'`` and ``'duo_left'``, in the order of
            the model.
        split: ``'train'`` or ``'test'``; needed for ``flow_layout='position'`` only.
        flow_layout: ``'clip'``: flow lies beside the videos, addressed by clip folder and frame
            range, ``(T, H, W, 2)``. ``'position'``: the layout of the authors' code,
            ``flow_data/<split>/<i>.npy`` below the flow prefix, i the position in the unfiltered
            list, ``(H, W, 2, T)``.
        num_classes: Labels of the list must lie in 1..num_classes.
        data_prefix: Folders of the videos and of the flow.
        **kwargs: ``ann_file``, ``data_root``, ``pipeline``, ``on_error`` and the other arguments
            of ``MultiModalDataset``.

    Raises:
        ValueError: If an argument or a line of the list is wrong.
        FileNotFoundError: If the list or files of the used modalities are missing.

    Reference:
        Molchanov et al., Online Detection and Classification of Dynamic Hand Gestures with
        Recurrent 3D Convolutional Neural Networks, CVPR 2016.
    """

    METAINFO = dict(dataset_type='NVGesture',
                    classes=tuple(f'gesture {number:02d}' for number in range(1, NUM_CLASSES + 1)))
    obtain = ('NVGesture is obtained from NVIDIA (P. Molchanov et al., CVPR 2016; page "Online '
              'Detection and Classification of Dynamic Hand Gestures with Recurrent 3D '
              'Convolutional Neural Networks" on research.nvidia.com); unpack it so that '
              'data_root holds Video_data/ and the two .lst files.')
    substitute_command = 'python tools/data/nvgesture/make_miniature.py data/nvgesture-mini'
    derive_commands = {'flow': 'python tools/data/nvgesture/extract_flow.py {data_root}'}

    def __init__(self, *, modalities: Sequence[str] = ('rgb', 'flow', 'depth'),
                 split: str | None = None, flow_layout: str = 'clip',
                 num_classes: int = NUM_CLASSES, data_prefix: dict[str, str] | None = None,
                 **kwargs: Any) -> None:
        unknown = set(modalities) - {'flow', *_VIDEOS}
        if unknown:
            raise ValueError(f'modalities must be among {("flow", *_VIDEOS)}, got '
                             f'{sorted(unknown)}; correct the list.')
        if flow_layout not in _FLOW_LAYOUTS:
            raise ValueError(f'flow_layout must be one of {_FLOW_LAYOUTS}, got {flow_layout!r}; '
                             'choose the layout of the flow files.')
        if flow_layout == 'position' and split not in _SPLITS:
            raise ValueError(f"flow_layout='position' needs split to be one of {_SPLITS}, got "
                             f'{split!r}; name the split of the list.')
        self.split, self.flow_layout, self.num_classes = split, flow_layout, num_classes
        prefix = dict(video='Video_data', flow='Video_data') | dict(data_prefix or {})
        super().__init__(modalities=modalities, data_prefix=prefix, **kwargs)
        if num_classes != NUM_CLASSES and len(self._metainfo['classes']) == NUM_CLASSES:
            self._metainfo['classes'] = self._metainfo['classes'][:num_classes]

    def load_data_list(self) -> list[dict]:
        """Read the annotation list.

        Returns:
            One record per line, in the order of the list.
        """
        self.require_file(self.ann_file, 'annotation list')
        clips = read_list(self.ann_file, self.num_classes)
        self._report_empty_classes(clips)
        return [self._record(position, clip) for position, clip in enumerate(clips)]

    def _record(self, position: int, clip: GestureClip) -> dict:
        return {'clip_id': clip.folder, 'gt_label': clip.label,
                'modalities': {name: self._stream(name, position, clip)
                               for name in self.modalities}}

    def _stream(self, name: str, position: int, clip: GestureClip) -> dict:
        sensor, kind = _VIDEOS.get(name, ('color', 'flow'))
        frames = clip.sensors.get(sensor)
        if frames is None:
            raise ValueError(f'{self.ann_file}: clip {clip.folder!r} has no sensor {sensor!r}, '
                             f'which modality {name!r} needs (sensors of a line: '
                             f'{", ".join(SENSORS)}); correct the list or drop the modality.')
        if kind != 'flow':
            path = Path(self.data_prefix['video'], clip.folder, f'{frames.stem}.avi')
            return dict(path=str(path), format=kind, start=frames.start, end=frames.end)
        by_position = self.flow_layout == 'position'
        file = f'flow_data/{self.split}/{position}.npy' if by_position \
            else flow_file(clip.folder, frames)
        return dict(path=str(Path(self.data_prefix['flow'], file)), format=kind, start=0,
                    end=frames.length, layout='HWCT' if by_position else 'THWC')

    def _report_empty_classes(self, clips: list[GestureClip]) -> None:
        empty = sorted(set(range(self.num_classes)) - {clip.label for clip in clips})
        if empty:
            print_log(f'{self.ann_file} has no clip of {len(empty)} of the {self.num_classes} '
                      f'classes (labels {", ".join(str(label + 1) for label in empty)}).',
                      logger='current', level=logging.WARNING)
