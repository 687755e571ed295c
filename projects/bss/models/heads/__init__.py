"""Classifiers on features."""
from projects.bss.models.heads.joint_head import JointHead

__all__ = ['JointHead']
