"""Networks that have stopped to learn, noticed while they still pretend to.

REPA-E's recipe in fp16 lost its discriminator and then its denoiser at some 90,000 steps: losses
and gradient norms went to exactly 0, and it trained on (End2End-Diffusion/REPA-E, issue 30).
"""

from collections.abc import Mapping

from pvvae.errors import ConfigError

SATURATED = 16.0
"""Logit beyond which the gradient of a logistic loss, exp(-16) = 1e-7, is rounding of float32."""


class DeadNetworks:
    """Counts steps in a row at which a network's gradient is exactly 0, or a discriminator is sure.

    Every process that is given the same values gives the same answers.
    """

    def __init__(self, most: int | None) -> None:
        """``most`` steps in a row are too many; None counts none."""
        self._most = most
        self._steps: dict[str, int] = {}

    def step(self, norms: Mapping[str, float], *, done: int) -> str | None:
        """Look at the gradient norms of a step that was taken; why the run must end, if it must.

        Args:
            norms: by name, equal on all processes.
            done: steps with this one.
        """
        for name, norm in norms.items():
            if self._too_long(name, norm == 0.0, steps=1):
                return (
                    f"{name} was exactly 0 in {self._most:,} steps in a row up to step {done:,}: "
                    "this network learns nothing any more"
                )
        return None

    def line(self, means: Mapping[str, float | str], *, steps: int, done: int) -> str | None:
        """Look at the means of the ``steps`` steps of a line of the log, likewise."""
        real, fake = means.get("logit_real"), means.get("logit_fake")
        if not isinstance(real, float) or not isinstance(fake, float):
            return None
        sure = real >= SATURATED and fake <= -SATURATED
        if self._too_long("logits", sure, steps=steps):
            return (
                f"the discriminator's logits were beyond {SATURATED:g} on either side in "
                f"{self._steps['logits']:,} steps in a row up to step {done:,}: what it says has "
                "no gradient left"
            )
        return None

    def _too_long(self, name: str, dead: bool, *, steps: int) -> bool:
        self._steps[name] = self._steps.get(name, 0) + steps if dead else 0
        return self._most is not None and self._steps[name] >= self._most


ADVICE = (
    "begin another run=... with a lower optimizer.lr, engine.precision=fp32 or a later "
    "objective.gan_start; watch.max_dead says how long is waited"
)


def end_if(reason: str | None, folder: object) -> None:
    """End the run where there is a reason to.

    Raises:
        ConfigError: that says so in one line.
    """
    if reason is not None:
        raise ConfigError(f"{folder}: {reason}; {ADVICE}")
