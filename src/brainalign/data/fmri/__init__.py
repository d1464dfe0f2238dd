"""Images and stories of fMRI, and where voxels and vertices lie."""
