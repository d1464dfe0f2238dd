"""Atlases: the region of each voxel, vertex or electrode, from a labelled image or surface."""
