"""The door from any folder: ``python scripts/run.py model=gpt2 analysis=cca``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from brainalign.cli import main

if __name__ == "__main__":
    main()
