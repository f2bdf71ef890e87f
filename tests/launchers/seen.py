"""Write what GPUs this process sees to a file of its rank: python -m tests.launchers.seen PATH"""

import os
import sys
from pathlib import Path

from pvvae.accelerator import VISIBLE, settle_accelerator

if __name__ == "__main__":
    settle_accelerator()
    (path,) = (word for word in sys.argv[1:] if not word.startswith("--local_rank"))
    Path(f"{path}{os.environ['LOCAL_RANK']}").write_text(os.environ.get(VISIBLE, ""))
