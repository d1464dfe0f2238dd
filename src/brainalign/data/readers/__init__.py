"""One module for each kind of ``conf/data``: its options, and how they are read. What they share begins with an underscore."""

from brainalign.data.readers._base import ArchiveReader, Reader, ReadSettings, Simulator

__all__ = ["ArchiveReader", "ReadSettings", "Reader", "Simulator"]
