"""Methods that rebalance modalities: pure functions, and for each method one adapter."""
from .agm import AGMClassifier, agm_coefficients, clipped_losses, discrepancy_ratios, scale_parts
from .agm_clip import AGMClipHook, clip_factor
from .amss import AMSSHook, keep_fractions, mask_elements, mask_rows, significance_sums
from .domfn import (DOMFNHead, agreement, divergence, largest_divergence, most_confident,
                    unimodal_losses)
from .facts import RebalancingMethod, registered_methods
from .gradient_hook import GradientHook
from .loss_hook import LossHook
from .method_hook import MethodHook, check_modalities, find_classifier
from .mla import MLAClassifier, project_gradient, update_projection_root
from .mmpareto import MMParetoClassifier, pareto_gradient, pareto_weights, restore_norm
from .mses import MSESHook, early_stop, moving_average, pair_average
from .mslr import MSLRHook, relative_accuracy, split_by_rate
from .ogm import OGMHook, modulate_gradient, modulation_coefficients, true_class_scores
from .ogr_gb import OGRGBHook, blend_weights, overfitting_and_generalisation
from .pmr import (PMRHook, class_means, entropy_weights, modality_ratios, prototype_entropy,
                  prototype_logits, prototype_weights, update_prototypes)
from .reconboost import (Phase, ReconBoostClassifier, agreement_losses, boosting_losses,
                         phase_number, phase_of)
from .shared_entropy import SharedEntropyFusion, certainty_weights
from .shared_sum import SharedSumFusion
from .smv import SMVHook, contributions, correct_by_subset, count_copies, extra_share, keep_only
from .state import CheckpointState
from .step_classifier import StepClassifier, StepDataParallel, average_over_ranks
from .validation_hook import ValidationHook

__all__ = [
    'AGMClassifier', 'AGMClipHook', 'AMSSHook', 'CheckpointState', 'DOMFNHead', 'GradientHook',
    'LossHook', 'MLAClassifier', 'MMParetoClassifier', 'MSESHook', 'MSLRHook', 'MethodHook',
    'OGMHook', 'OGRGBHook', 'PMRHook', 'Phase', 'RebalancingMethod', 'ReconBoostClassifier',
    'SMVHook', 'SharedEntropyFusion', 'SharedSumFusion', 'StepClassifier', 'StepDataParallel',
    'ValidationHook', 'agm_coefficients', 'agreement', 'agreement_losses', 'average_over_ranks',
    'blend_weights', 'boosting_losses', 'certainty_weights', 'check_modalities', 'class_means',
    'clip_factor', 'clipped_losses', 'contributions', 'correct_by_subset', 'count_copies',
    'discrepancy_ratios', 'divergence', 'early_stop', 'entropy_weights', 'extra_share',
    'find_classifier', 'keep_fractions', 'keep_only', 'largest_divergence', 'mask_elements',
    'mask_rows', 'modality_ratios', 'modulate_gradient', 'modulation_coefficients',
    'most_confident', 'moving_average', 'overfitting_and_generalisation', 'pair_average',
    'pareto_gradient', 'pareto_weights', 'phase_number', 'phase_of', 'project_gradient',
    'prototype_entropy', 'prototype_logits', 'prototype_weights', 'registered_methods',
    'relative_accuracy', 'restore_norm', 'scale_parts', 'significance_sums', 'split_by_rate',
    'true_class_scores', 'unimodal_losses', 'update_projection_root', 'update_prototypes'
]
