"""Classifiers on features."""
from projects.bss.models.heads.base import StreamHead
from projects.bss.models.heads.evidential_head import EvidentialHead
from projects.bss.models.heads.joint_head import JointHead
from projects.bss.models.heads.split_head import SplitHead

__all__ = ['EvidentialHead', 'JointHead', 'SplitHead', 'StreamHead']
