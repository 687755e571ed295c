"""Balance-aware Sequence Sampling as pure functions: torch only, usable in anybody's loop."""
from .evidence import combine_opinions, dirichlet_kl, evidential_loss, opinion
from .gradients import flatten_gradients, gradient_cosine, min_norm, restore_gradients
from .layerwise import layerwise_gradient_magnitude
from .magnitude import gradient_magnitude, head_gradient_magnitude, sample_gradient_magnitude
from .measure import (balance_score, feature_similarity, min_max, multimodal_loss,
                      prediction_similarity, stream_weights)
from .names import closest_name
from .pacing import PACINGS, paced_count, pacing
from .sampling import (effective_sample_size, momentum_update, rank, sampling_entropy,
                       sampling_probabilities, weighted_permutation)
from .spectrogram import log_spectrogram
from .streaming import streamed_permutation
from .valuation import shapley_values, subsets

__all__ = [
    'PACINGS', 'balance_score', 'closest_name', 'combine_opinions', 'dirichlet_kl',
    'effective_sample_size', 'evidential_loss', 'feature_similarity', 'flatten_gradients',
    'gradient_cosine', 'gradient_magnitude', 'head_gradient_magnitude',
    'layerwise_gradient_magnitude', 'log_spectrogram', 'min_max', 'min_norm', 'momentum_update',
    'multimodal_loss', 'opinion', 'paced_count', 'pacing', 'prediction_similarity', 'rank',
    'restore_gradients', 'sample_gradient_magnitude', 'sampling_entropy', 'sampling_probabilities',
    'shapley_values', 'stream_weights', 'streamed_permutation', 'subsets', 'weighted_permutation'
]
