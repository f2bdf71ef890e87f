"""``python -m launchers`` is ``pvvae``, where the console command is not installed."""

import sys

from launchers.cli import main
from pvvae.run.process_lifetime import follow_lifeline

follow_lifeline()  # of a study, say, that gives this command
sys.exit(main())
