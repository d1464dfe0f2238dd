"""Assemblies of responses as brain-score keeps them."""

import h5py
import numpy as np


def assembly(path, values, presentation, neuroid):
    """netCDF 4 as xarray writes a brain-score assembly: HDF5 whose dimensions are scales, texts of variable length."""
    with h5py.File(path, "w") as file:
        for dim, n in (("presentation", values.shape[0]), ("neuroid", values.shape[1])):
            file.create_dataset(dim, data=np.zeros(n, ">f4")).make_scale(
                "This is a netCDF dimension but not a netCDF variable."
            )
        for dim, table in (("presentation", presentation), ("neuroid", neuroid)):
            for name, column in table.items():
                own = file.create_dataset(
                    name, data=column, dtype=h5py.string_dtype() if isinstance(column[0], str) else None
                )
                own.dims[0].attach_scale(file[dim])
        data = file.create_dataset("data", data=values)
        for axis, dim in enumerate(("presentation", "neuroid")):
            data.dims[axis].attach_scale(file[dim])
