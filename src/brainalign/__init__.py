"""brainalign: how far do speech and language models agree with each other and with the brain?"""

__version__ = "0.1.0"
