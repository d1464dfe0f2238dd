"""One function a figure; tables in, matplotlib figures out."""
