"""What ``conf/analysis`` can name: one module or folder a kind, which says and does all there is to it."""

from brainalign.analysis._base import Analysis, Asked, Needs

__all__ = ["Analysis", "Asked", "Needs"]
