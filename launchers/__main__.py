"""``python -m launchers`` is ``pvvae``, where the console command is not installed."""

import sys

from launchers.cli import main

sys.exit(main())
