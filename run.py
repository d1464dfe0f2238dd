"""The door at the root: ``python run.py model=gpt2 analysis=cca``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))

from brainalign.cli import main

if __name__ == "__main__":
    main()
