"""From Hydra's composed config to a typed Config: every key, type and value is checked here, once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import ConfigKeyError, MissingMandatoryValue, OmegaConfBaseException, ValidationError

from brainalign.bounds import SEED, check_bounds, numbers
from brainalign.config import settings
from brainalign.config.options import Source, read_option
from brainalign.errors import BrainalignError, nearest, within
from brainalign.models import Model, model_kind
from brainalign.registry import importable, kind_of, own_figure

LONGEST_NAME = 100
NO_NAMES = ("0", "all", "intercept only")
"""Labels of our own: no model, all regions, no weights."""


def check(composed: DictConfig, sources: Sequence[Source] = ()) -> settings.Config:
    """The typed config of a run.

    Args:
        composed: What Hydra made of files and overrides.
        sources: Where Hydra looked for options, and where those that options name are looked for; none = in ``conf/``.

    Raises:
        BrainalignError: An unknown key, a wrong type, a missing or an impossible value.
    """
    composed = composed.copy()
    try:
        OmegaConf.resolve(composed)
        check_places(composed)
    except OmegaConfBaseException as error:
        raise BrainalignError(f"the config does not resolve: {str(error).splitlines()[0]}") from error
    _check_allowed(composed.get("allow"))
    values: dict[str, Any] = {}
    for group in ("data", "model", "analysis"):
        values[group] = _typed(composed, group, _kind(composed, group))
    values["option"] = option = ModelOptions(sources, composed.get("allow") or ())
    if values["model"].automatic and values["data"].simulated:
        auto = values["model"]
        values["model"] = option(auto.on_simulated, layers=auto.layers, name=auto.settled_name)
    values["baseline"] = None
    if composed.get("baseline") is not None:  # ~model@baseline takes it away
        values["baseline"] = _typed(composed, "baseline", _kind(composed, "baseline"))
    values["partner"] = None
    if composed.get("partner") is not None:
        values["partner"] = _typed(composed, "partner", _kind(composed, "partner"))
        if values["partner"].automatic:
            beside = values["model"].partner
            values["partner"] = None if beside is None else option(beside, layers=values["partner"].layers)
        if values["partner"] is not None and values["partner"].name == values["model"].name:
            raise BrainalignError(
                f"model and model@partner are both {values['model'].name!r}: a model shares everything with itself; choose another "
                "partner, or give the two different names (partner.name=)."
            )
    for group in ("lexical", "acoustic", "contextual"):
        values[group] = None
        if composed.get(group) is not None:
            values[group] = _typed(composed, group, _kind(composed, group))
    for role in ("model", "partner", "baseline"):
        if values[role] is not None:
            values[role].check_options(option)
    for group, kind in settings.FIXED.items():
        values[group] = _typed(composed, group, kind)
    banded = values["analysis"].needs.penalties or composed.model.get("kind") == "joined"
    if values["encoding"].boosting is not None and banded:
        raise BrainalignError(
            "encoding=boosting has no penalties, and so none for each band of features, which a joined model and a partition "
            "of variance are made of; use encoding=ridge."
        )
    for name in values["figures"].own:
        own_figure(name, composed.get("allow") or ())
    for key in ("mode", "compare_modes", "seed", "device", "plan"):
        values[key] = composed.get(key)
    if not isinstance(values["seed"], int) or isinstance(values["seed"], bool):
        raise BrainalignError(f"seed={values['seed']!r} must be a whole number of at least 0.")
    within("seed", values["seed"], *SEED)
    for key in ("plan", "compare_modes"):
        if not isinstance(values[key], bool):
            raise BrainalignError(f"{key}={values[key]!r} must be true or false.")
    known = {*values, "allow", "hydra", "local", "experiment"} - {"option"}
    for key in map(str, composed):
        if key not in known:
            raise BrainalignError(f"{key} is no key of the config; {nearest(key, known)}")
    for role in ("model", "partner", "baseline"):
        if values[role] is not None and values[role].joined:
            _check_joined(role, values)
    _absolute(values["paths"])
    return settings.Config(**values)


def _check_allowed(allow: Any) -> None:
    """Refuse what names no packages."""
    named = allow is None or (
        isinstance(allow, ListConfig) and all(isinstance(p, str) and p.isidentifier() for p in allow)
    )
    if not named:
        raise BrainalignError(
            f"allow={allow} must be a list of packages whose classes may be imported, such as [my_lab]."
        )


def _check_joined(role: str, values: dict[str, Any]) -> None:
    """Refuse a joined model where one set of features is needed, before any work starts."""
    analysis, needs, name = values["analysis"].kind, values["analysis"].needs, values[role].name
    if needs.study and needs.models and not needs.bands:
        fitting = [name for name, kind in importable("analysis")[0].items() if kind.needs.bands]  # type: ignore[attr-defined]
        raise BrainalignError(
            f"{role}={name} is several feature sets, each with a penalty of its own, but analysis={analysis} takes one; name one of "
            f"{role}.of, or analysis={' or '.join(fitting)}."
        )


class ModelOptions:
    """Options of ``model`` by name, for those that name others: bands, partners, controls.

    Args:
        sources: Where Hydra looks for options; none = in ``conf/``.
        allow: Packages of which ``kind: module.path:Class`` may be imported.

    Example:
        >>> ModelOptions()("mel", n_mels=8).n_mels
        8
    """

    def __init__(self, sources: Sequence[Source] = (), allow: Collection[str] = ()) -> None:
        self.sources, self.allow = list(sources), list(allow)

    def __call__(self, name: str, /, **changes: Any) -> Model:
        """The model of an option, with these keys changed.

        Args:
            name: Of the option.
            changes: Key -> value.

        Raises:
            BrainalignError: There is no such option, or it has an unknown key or an impossible value.
        """
        said = OmegaConf.merge(read_option("model", name, self.sources), changes)
        composed = OmegaConf.create({"model": said, "allow": self.allow})
        return _typed(composed, "model", _kind(composed, "model"))  # type: ignore[no-any-return]


def _kind(composed: DictConfig, role: str) -> type:
    """The class of the kind that stands under a key of the config: ``data``, ``analysis``, or a model's role."""
    node = composed.get(role)
    kind = node.get("kind") if isinstance(node, DictConfig) else None
    allow = composed.get("allow") or ()
    if role not in ("data", "analysis"):
        return model_kind(kind, role, allow)
    return kind_of(role, kind, allow=allow)


def _typed(composed: DictConfig, group: str, kind: type) -> Any:
    """One group as its dataclass, or one sentence on what is wrong with it."""
    node = composed.get(group)
    keys = [field.name for field in fields(kind)]
    if not isinstance(node, DictConfig):
        raise BrainalignError(f"{group}={node!r} must be one of the options of the group, not a value.")
    for key in map(str, node):
        if key not in keys:
            raise BrainalignError(
                f"{group}.{key} is no key of {group} (kind {node.get('kind', group)}); {nearest(str(key), keys)}"
            )
    for key in keys:
        if key in node and OmegaConf.is_missing(node, key):
            raise BrainalignError(f"{group}.{key} is not set; give it on the command line: {group}.{key}=...")
    for key, value, widest in numbers(group, OmegaConf.to_container(node)):
        within(key, value, *widest)  # what no number type can hold is no type error
    try:
        found = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(kind), node))
    except ValidationError as error:
        key = str(error.full_key or "") or _refused(node, kind)
        value = OmegaConf.select(node, key)
        reason = _reason(str(error.msg or error).splitlines()[0], f"{group}.{key}", value)
        raise BrainalignError(f"{group}.{key}={value!r}: {reason}.") from error
    except MissingMandatoryValue as error:
        key = str(error.full_key or "")
        raise BrainalignError(f"{group}.{key} is not set; give it on the command line: {group}.{key}=...") from error
    except ConfigKeyError as error:  # of a schema within the schema
        key, own = str(error.full_key or ""), [field.name for field in fields(error.object_type)]  # type: ignore[arg-type]
        raise BrainalignError(f"{group}.{key} is no key of {group}; {nearest(key.split('.')[-1], own)}") from error
    except OmegaConfBaseException as error:
        raise BrainalignError(f"{group}: {str(error).splitlines()[0]}") from error
    _no_empty_list(group, found)
    check_bounds(group, found)
    if isinstance(found, Model):
        _name(group, found.name)
    return found


def _reason(said: str, key: str, value: Any) -> str:
    """OmegaConf's reason for refusing a value, in words where a list and a single value were mixed up."""
    if "is not a ListConfig" in said:
        return f"a list is needed, as in {key}=[{value}]"
    return "one value is needed, not a list" if isinstance(value, ListConfig) else said.rstrip(".")


def _no_empty_list(prefix: str, options: Any) -> None:
    """Refuse ``[]`` where null means all, or the rule's own choice: a list of none is a variable of a script that was empty."""
    for name, hint in get_type_hints(type(options)).items():
        value = getattr(options, name)
        if is_dataclass(value):
            _no_empty_list(f"{prefix}.{name}", value)
        elif value == [] and type(None) in get_args(hint):
            raise BrainalignError(f"{prefix}.{name}=[] holds nothing; name one or more, or leave it null.")


def check_places(composed: DictConfig) -> None:
    """Refuse folders that are none, before anything is written: an empty variable of a shell script must not mean ``/``.

    Args:
        composed: What Hydra made of files and overrides.

    Raises:
        BrainalignError: ``paths.output`` or ``paths.cache`` is empty or no text.
    """
    for key in ("output", "cache"):
        value = OmegaConf.select(composed, f"paths.{key}")
        if not isinstance(value, str) or not value.strip() or "\0" in value:
            raise BrainalignError(f"paths.{key}={value!r} is no folder; name one, such as outputs.")


def _name(group: str, name: str) -> None:
    """A model's name stands in tables, legends and metrics."""
    plain = name.strip() == name and name.isprintable() and 0 < len(name) <= LONGEST_NAME
    if not plain or name in NO_NAMES:
        raise BrainalignError(
            f"{group}.name={name[:LONGEST_NAME]!r} cannot stand in tables and figures; it must be 1 to {LONGEST_NAME} printable signs, "
            f"no blanks around them, and none of {', '.join(NO_NAMES)}."
        )


def _refused(node: DictConfig, kind: type) -> str:
    """The key that does not fit its schema, where OmegaConf does not name it (a list in place of a mapping)."""
    for key in map(str, node):
        try:
            OmegaConf.merge(OmegaConf.structured(kind), {key: node._get_node(key)})
        except OmegaConfBaseException:
            return key
    return ""


def _absolute(paths: settings.Paths) -> None:
    """Folders do not depend on where a worker happens to run."""
    paths.output = str(Path(paths.output).expanduser().absolute())
    paths.cache = str(Path(paths.cache).expanduser().absolute())
