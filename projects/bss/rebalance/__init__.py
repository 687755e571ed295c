"""Methods that rebalance modalities: pure functions, and for each method one adapter."""
from .agm import (AGMClassifier, agm_coefficients, clipped_losses, discrepancy_ratios,
                  scale_parts)
from .amss import AMSSHook, keep_fractions, mask_elements, mask_rows, significance_sums
from .domfn import (DOMFNHead, agreement, divergence, largest_divergence, most_confident,
                    unimodal_losses)
from .gradient_hook import GradientHook
from .loss_hook import LossHook
from .method_hook import MethodHook, check_modalities, find_classifier
from .mmpareto import MMParetoClassifier, pareto_gradient, pareto_weights, restore_norm
from .mses import MSESHook, early_stop, moving_average, pair_average
from .mslr import MSLRHook, relative_accuracy, split_by_rate
from .ogm import OGMHook, modulate_gradient, modulation_coefficients, true_class_scores
from .pmr import (PMRHook, class_means, entropy_weights, modality_ratios, prototype_entropy,
                  prototype_logits, prototype_weights, update_prototypes)
from .reconboost import (Phase, ReconBoostClassifier, agreement_losses, boosting_losses,
                         phase_number, phase_of)
from .shared_sum import SharedSumFusion
from .state import CheckpointState
from .step_classifier import StepClassifier, StepDataParallel, average_over_ranks
from .validation_hook import ValidationHook

__all__ = [
    'AGMClassifier', 'AMSSHook', 'CheckpointState', 'DOMFNHead', 'GradientHook', 'LossHook',
    'MMParetoClassifier', 'MSESHook', 'MSLRHook', 'MethodHook', 'OGMHook', 'PMRHook', 'Phase', 'ReconBoostClassifier',
    'SharedSumFusion', 'StepClassifier', 'StepDataParallel', 'ValidationHook', 'agm_coefficients', 'agreement',
    'agreement_losses', 'average_over_ranks', 'boosting_losses', 'check_modalities', 'class_means', 'clipped_losses',
    'discrepancy_ratios',
    'divergence', 'early_stop', 'entropy_weights', 'find_classifier', 'keep_fractions',
    'largest_divergence', 'mask_elements', 'mask_rows', 'modality_ratios', 'modulate_gradient',
    'modulation_coefficients', 'most_confident', 'moving_average', 'pair_average',
    'pareto_gradient', 'pareto_weights', 'phase_number', 'phase_of', 'prototype_entropy',
    'prototype_logits', 'prototype_weights', 'relative_accuracy', 'restore_norm', 'scale_parts',
    'significance_sums', 'split_by_rate', 'true_class_scores', 'unimodal_losses',
    'update_prototypes'
]
