"""Train a copy of a model on the loss of one stream, and measure it; the run notices nothing."""
from __future__ import annotations

import copy
import random
from typing import Any, Sequence

import numpy as np
import torch
from mmengine.dataset import DefaultSampler
from mmengine.dist import get_rank
from mmengine.optim import OptimWrapper
from torch import Tensor
from torch.utils.data import DataLoader

from projects.bss.engine.dataset_view import seed_views
from projects.bss.engine.hooks import ResumeOrderHook
from projects.bss.engine.hooks.resume_order_hook import balance_sampler, batch_size_of
from projects.bss.engine.randomness import untouched_randomness
from projects.bss.engine.score_source import pass_loader
from projects.bss.engine.scoring import labels_of, measure_dataset, present_of, scoring_loader
from projects.bss.models import MultiModalClassifier

from .step_classifier import average_over_ranks


def stream_losses(model: MultiModalClassifier, data: dict[str, Any],
                  streams: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Compute the unweighted loss of every sample in some streams.

    Args:
        model: The classifier.
        data: Preprocessed batch of N samples.
        streams: Names of the streams, K of them.

    Returns:
        Losses, shape (K, N), and where they count, that is where a sample has the modality, bool,
        of the same shape.
    """
    samples = data['data_samples']
    logits = model(**data, mode='tensor')['logits']
    labels = labels_of(samples).to(next(iter(logits.values())).device)
    losses = torch.stack([model.head.sample_losses(logits[name], labels) for name in streams])
    present = present_of(samples, logits) or {}
    there = [present.get(name, torch.ones_like(labels, dtype=torch.bool)) for name in streams]
    return losses, torch.stack(there)


def mean_of_streams(losses: Tensor, there: Tensor) -> Tensor:
    """Average over the samples that count.

    Args:
        losses: Shape (K, N).
        there: Which count, shape (K, N).

    Returns:
        Means, shape (K,); 0 where none counts.
    """
    return losses.masked_fill(~there, 0).sum(dim=1) / there.sum(dim=1).clamp(min=1)


class BranchTraining:
    """Copies of a model, each trained on the loss of one stream for the epochs that come.

    Copies begin with weights and optimiser of the run, and keep its learning rate as it is now.
    They see the training set in plainly shuffled order, all of them the same one. Weights,
    buffers, optimiser, gradients, hooks, samplers and random streams of the run stay as they are.

    Args:
        runner: The runner, between two epochs.
        model: Its model without a parallel wrapper.
        epochs: Number of epochs to train.
    """

    def __init__(self, runner: Any, model: MultiModalClassifier, epochs: int) -> None:
        self.runner, self.model, self.epochs = runner, model, epochs
        self.dataset = runner.train_dataloader.dataset
        self.seed = balance_sampler(runner).seed
        validation = runner.val_dataloader
        self._loaders = (pass_loader(runner), scoring_loader(
            validation, validation.dataset, batch_size_of(validation)))

    def measure_now(self, streams: Sequence[str]) -> Tensor:
        """Measure the model as it is.

        Args:
            streams: Names of the streams, K of them.

        Returns:
            Mean losses on training and validation set, shape (2, K).
        """
        return self._measure(*self._copies(), streams)

    def measure_after(self, stream: str) -> Tensor:
        """Train a copy on one stream and measure that stream.

        Args:
            stream: Name of the stream.

        Returns:
            Mean losses on training and validation set, shape (2, 1).
        """
        model, optim_wrapper = self._copies()
        with untouched_randomness():
            self._train(model, optim_wrapper, stream)
        return self._measure(model, optim_wrapper, [stream])

    def _copies(self) -> tuple[MultiModalClassifier, OptimWrapper]:
        # One memo for both, so that the optimiser's copy holds the parameters of the model's.
        memo: dict[int, Any] = {}
        model = copy.deepcopy(self.model, memo)
        optim_wrapper = copy.deepcopy(self.runner.optim_wrapper, memo)
        # mmengine's schedules replace `step` by a function that steps the wrapper of the run.
        vars(optim_wrapper).pop('step', None)
        return model, optim_wrapper

    def _measure(self, model: MultiModalClassifier, optim_wrapper: OptimWrapper,
                 streams: Sequence[str]) -> Tensor:
        with optim_wrapper.optim_context(model):
            return torch.stack([_mean_losses(model, loader, streams) for loader in self._loaders])

    def _train(self, model: MultiModalClassifier, optim_wrapper: OptimWrapper,
               stream: str) -> None:
        first = self.runner.epoch
        sampler = DefaultSampler(self.dataset, shuffle=True, seed=self.seed)
        loader = _training_loader(self.runner.train_dataloader, sampler, self.seed)
        optim_wrapper.initialize_count_status(model, 0, self.epochs * len(loader))
        _seed_streams([self.seed, first, get_rank()])
        model.train()
        for epoch in range(first, first + self.epochs):
            sampler.set_epoch(epoch)
            self._seed_views(epoch)
            for batch in loader:
                _train_batch(model, optim_wrapper, batch, stream)
        self._seed_views(first)

    def _seed_views(self, epoch: int) -> None:
        # Without the hook the run itself leaves views to the global streams.
        if any(isinstance(hook, ResumeOrderHook) for hook in self.runner.hooks):
            seed_views(self.dataset, self.seed, epoch)


def _mean_losses(model: MultiModalClassifier, loader: DataLoader,
                 streams: Sequence[str]) -> Tensor:

    def measure(data: dict[str, Any]) -> Tensor:
        return torch.cat(stream_losses(model, data, streams)).float()

    _, values = measure_dataset(model, loader, measure, 2 * len(streams))
    losses, there = values.double().chunk(2)
    return mean_of_streams(losses, there.bool())


def _train_batch(model: MultiModalClassifier, optim_wrapper: OptimWrapper, batch: Any,
                 stream: str) -> None:
    with optim_wrapper.optim_context(model):
        data = model.data_preprocessor(batch, True)
        loss = mean_of_streams(*stream_losses(model, data, [stream])).sum()
    optim_wrapper.backward(optim_wrapper.scale_loss(loss))
    if optim_wrapper.should_update():
        average_over_ranks(parameter.grad for parameter in model.parameters())
        optim_wrapper.step()
        optim_wrapper.zero_grad()


def _training_loader(loader: DataLoader, sampler: DefaultSampler, seed: int) -> DataLoader:
    return DataLoader(
        loader.dataset,
        batch_size=batch_size_of(loader),
        sampler=sampler,
        num_workers=loader.num_workers,
        collate_fn=loader.collate_fn,
        pin_memory=loader.pin_memory,
        drop_last=loader.drop_last,
        worker_init_fn=loader.worker_init_fn,
        multiprocessing_context=loader.multiprocessing_context,
        generator=torch.Generator().manual_seed(seed))


def _seed_streams(words: Sequence[int]) -> None:
    seeds = np.random.SeedSequence(words).generate_state(3)
    random.seed(int(seeds[0]))
    np.random.seed(seeds[1])
    torch.manual_seed(int(seeds[2]))
