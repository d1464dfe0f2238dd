"""The project's own plain layout of a data set (docs/folder-layout.md)."""

from brainalign.data.folder.dataset import read_folder

__all__ = ["read_folder"]
