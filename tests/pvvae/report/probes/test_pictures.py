"""What is drawn of an answer."""

from dataclasses import replace

import numpy as np
import torch

from pvvae.probes.tasks import NextFrameTask
from pvvae.probes.trained import ProbedSource, ProbeQuestion
from pvvae.report.probes.pictures import answer_pictures
from tests.pvvae.report.probes.test_table import probed


def _answering(label: str, answer: torch.Tensor) -> ProbedSource:
    one = probed(label)
    return ProbedSource(one.label, one.about, one.results, one.errors, [answer])


def test_the_true_flow_has_the_colours_of_the_truth(question: ProbeQuestion) -> None:
    truth = question.task.truth(question.test, 0, question.test.frames(0))
    found = [_answering("right", truth), _answering("still", torch.zeros_like(truth))]
    shown = dict(answer_pictures(found, question, 0))
    assert list(shown) == ["frame", "truth", "right", "still"]
    assert np.array_equal(shown["frame"], question.test.frames(0)[2])
    assert np.array_equal(shown["right"], shown["truth"])
    assert (shown["still"] == 255).all() and (shown["truth"] != 255).any()


def test_an_answer_beyond_black_and_white_is_drawn_as_those(question: ProbeQuestion) -> None:
    asked = replace(question, task=NextFrameTask(4))
    frames = question.test.frames(0)
    bright = torch.full((3, 1, 16, 16), 1.5)
    shown = dict(answer_pictures([_answering("bright", bright)], asked, 0))
    assert np.array_equal(shown["last seen"], frames[3])
    assert np.array_equal(shown["truth"], frames[4])
    assert (shown["bright"] == 255).all()
