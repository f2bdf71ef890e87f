"""Errors that are known by hand."""

import math

import numpy as np
import torch

from pvvae.metrics.endpoint_error import endpoint_errors
from pvvae.probes.tasks import FlowTask, NextFrameTask


def test_the_error_of_a_constant_flow_is_exact() -> None:
    truth = torch.zeros(2, 3, 4, 4)
    truth[0], truth[1] = 3.0, 4.0
    errors = FlowTask().errors(torch.zeros_like(truth), truth)
    assert errors.tolist() == [5.0, 5.0]
    assert FlowTask().errors(truth, truth).tolist() == [0.0, 0.0]


def test_the_error_is_that_of_the_published_protocol() -> None:
    draw = torch.Generator().manual_seed(0)
    answer, truth = (torch.randn(2, 3, 5, 7, generator=draw) for _ in range(2))
    other = endpoint_errors(*(one.permute(1, 2, 3, 0).numpy() for one in (answer, truth)))
    assert math.isclose(FlowTask().errors(answer, truth)[0].item(), other.mean, rel_tol=1e-9)


def test_what_moves_is_told_apart_and_may_be_missing() -> None:
    truth = torch.zeros(2, 1, 1, 2)
    truth[0, 0, 0, 1] = 2.0
    assert FlowTask().errors(torch.zeros_like(truth), truth).tolist() == [1.0, 2.0]
    still = torch.zeros(2, 1, 1, 2)
    assert FlowTask().errors(still, still)[1].isnan()


def test_the_next_frame_is_the_one_after_those_seen() -> None:
    frames = np.zeros((9, 16, 16, 3), np.uint8)
    frames[5] = 255
    task = NextFrameTask(5)
    assert len(task.seen(frames)) == 5
    repeated = task.rivals(frames)["repeated"]
    assert repeated.shape == (3, 1, 16, 16)
    assert task.errors(repeated, torch.ones(3, 1, 16, 16)).tolist() == [1.0]
    pixels = torch.arange(5.0)[None, None, :, None, None]
    assert task.answer(pixels).flatten().tolist() == [4.0]
