"""Methods that rebalance modalities: pure functions, and for each method one adapter."""
from .domfn import (DOMFNHead, agreement, divergence, largest_divergence, most_confident,
                    unimodal_losses)
from .gradient_hook import GradientHook
from .loss_hook import LossHook
from .method_hook import MethodHook, check_modalities, find_classifier
from .mmpareto import MMParetoClassifier, pareto_gradient, pareto_weights, restore_norm
from .ogm import OGMHook, modulate_gradient, modulation_coefficients, true_class_scores
from .reconboost import (Phase, ReconBoostClassifier, agreement_losses, boosting_losses,
                         phase_number, phase_of)
from .shared_sum import SharedSumFusion
from .state import CheckpointState
from .step_classifier import StepClassifier, StepDataParallel, average_over_ranks

__all__ = [
    'CheckpointState', 'DOMFNHead', 'GradientHook', 'LossHook', 'MMParetoClassifier', 'MethodHook',
    'OGMHook', 'Phase', 'ReconBoostClassifier', 'SharedSumFusion', 'StepClassifier',
    'StepDataParallel', 'agreement', 'agreement_losses', 'average_over_ranks', 'boosting_losses',
    'check_modalities', 'divergence', 'find_classifier', 'largest_divergence', 'modulate_gradient',
    'modulation_coefficients', 'most_confident', 'pareto_gradient', 'pareto_weights',
    'phase_number', 'phase_of', 'restore_norm', 'true_class_scores', 'unimodal_losses'
]
