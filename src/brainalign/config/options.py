"""Options of a group where Hydra would find them: in ``conf/``, in the folder of ``--config-dir``, on ``hydra.searchpath``."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Protocol, cast

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from brainalign.config.location import conf_folder
from brainalign.errors import BrainalignError, nearest


class Source(Protocol):
    """A place where Hydra looks for options: ``hydra.runtime.config_sources``."""

    path: str
    schema: str


def read_option(group: str, name: str, sources: Sequence[Source] = ()) -> DictConfig:
    """What an option says, with those options of its group that it begins from (``defaults: [gpt2, _self_]``).

    Args:
        group: Of ``conf/``.
        name: Of the option.
        sources: Where to look, the first that has it counts; none = in ``conf/``.

    Raises:
        BrainalignError: No option has this name, or it is no YAML of keys.

    Example:
        >>> read_option("model", "mel").kind
        'mel'
    """
    return _read([folder / group for folder in _folders(sources)], group, name, ())


def _read(folders: Sequence[Traversable], group: str, name: str, above: tuple[str, ...]) -> DictConfig:
    found = [folder / f"{name}.yaml" for folder in folders]
    file = next((file for file in found if file.is_file()), None)
    if file is None:
        known = {
            f.name.removesuffix(".yaml") for d in folders if d.is_dir() for f in d.iterdir() if f.name.endswith(".yaml")
        }
        raise BrainalignError(f"{group} {name!r} is no option of conf/{group}; {nearest(name, sorted(known))}")
    try:
        own = OmegaConf.create(file.read_text(encoding="utf-8"))
    except (YAMLError, OmegaConfBaseException, UnicodeDecodeError) as error:
        raise BrainalignError(f"{file} cannot be read as YAML ({str(error).splitlines()[0]}).") from error
    if not isinstance(own, DictConfig):
        raise BrainalignError(f"{file} must hold keys with values, as the options of conf/{group} do.")
    bases = [str(base) for base in own.pop("defaults", ())]
    bases += [] if "_self_" in bases else ["_self_"]
    if set(bases) & {*above, name}:
        raise BrainalignError(f"{file} begins from itself (defaults); name another option of conf/{group}.")
    parts = [own if base == "_self_" else _read(folders, group, base, (*above, name)) for base in bases]
    return cast(DictConfig, OmegaConf.merge(*parts))


def _folders(sources: Sequence[Source]) -> list[Traversable]:
    found: list[Traversable] = []
    for source in sources:
        if source.schema == "file":
            found.append(Path(source.path))
        elif source.schema == "pkg":
            package, _, inner = source.path.partition("/")
            found.append(files(package) / inner if inner else files(package))
    return found or [conf_folder()]
