"""The checks of docs/gpu-checks.md by name, ordered by what each could break."""

from launchers.doctor.computing import COMPUTING
from launchers.doctor.gpu_check import GpuCheck
from launchers.doctor.training import TRAINING
from launchers.doctor.using import USING
from pvvae.errors import ConfigError

CHECKS: tuple[GpuCheck, ...] = (*COMPUTING, *TRAINING, *USING)
"""Every check; a number is that of the page, without one it is this command's own."""


def named(names: list[str]) -> tuple[GpuCheck, ...]:
    """The checks of these names in their order, all for none.

    Raises:
        ConfigError: for a name that no check has.
    """
    known = {check.name for check in CHECKS}
    if strange := [name for name in names if name not in known]:
        raise ConfigError(
            f"--only: no check is called {strange[0]!r}; known: {', '.join(sorted(known))}"
        )
    return tuple(check for check in CHECKS if not names or check.name in names)
