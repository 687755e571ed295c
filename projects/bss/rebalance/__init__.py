"""Methods that rebalance modalities: pure functions, and for each method one adapter."""
from .gradient_hook import GradientHook
from .loss_hook import LossHook
from .method_hook import MethodHook, check_modalities, find_classifier
from .state import CheckpointState

__all__ = [
    'CheckpointState', 'GradientHook', 'LossHook', 'MethodHook', 'check_modalities',
    'find_classifier'
]
