"""Methods that rebalance modalities: pure functions, and for each method one adapter."""
from .gradient_hook import GradientHook
from .loss_hook import LossHook
from .method_hook import MethodHook, check_modalities, find_classifier
from .mmpareto import MMParetoClassifier, pareto_gradient, pareto_weights, restore_norm
from .state import CheckpointState
from .step_classifier import StepClassifier, StepDataParallel, average_over_ranks

__all__ = [
    'CheckpointState', 'GradientHook', 'LossHook', 'MMParetoClassifier', 'MethodHook',
    'StepClassifier', 'StepDataParallel', 'average_over_ranks', 'check_modalities',
    'find_classifier', 'pareto_gradient', 'pareto_weights', 'restore_norm'
]
