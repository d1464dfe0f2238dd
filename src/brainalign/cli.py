"""The command line: hydra.main, and one sentence for what a user can mend."""

from __future__ import annotations

import errno
import gc
import logging
import os
import sys
from pathlib import Path

import hydra
from hydra.conf import HydraConf
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from brainalign.allocator import one_arena
from brainalign.config import check, conf_folder
from brainalign.config.sentences import sentence
from brainalign.errors import BrainalignError
from brainalign.plans import leave_nothing, note_failure
from brainalign.secrets import hide_in_files, hide_in_logs, hide_secrets, told_without_secrets
from brainalign.sweep import finish, words

FULL = (errno.ENOSPC, errno.EDQUOT)
UNWRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR)
"""What goes wrong where results are to be written."""


@hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="config")
def _task(composed: DictConfig) -> None:
    job = HydraConfig.get()
    hide_in_logs()
    folder = Path(job.runtime.output_dir)
    if job.output_subdir is not None:
        hide_in_files(folder / job.output_subdir)
    try:
        config = check(composed, job.runtime.config_sources)
        from brainalign.experiment import run
        from brainalign.tracking import sigterm_raises

        gc.freeze()  # what libraries made on import lives as long as the process

        with sigterm_raises():  # before the MLflow run is there, too: submitit's own handler ignores SIGTERM
            run(config, folder, words(job))
    except BrainalignError as error:
        if job.mode == RunMode.MULTIRUN:
            if composed.plan is True:
                note_failure(error, " ".join(map(str, job.overrides.task)))
            else:
                _record(error, composed, job)
            raise  # the other children go on; the sweep's end reports it
        _refuse(str(error))
    finally:
        log = folder / f"{job.job.name}.log"
        refused = job.mode == RunMode.RUN and log.exists() and log.stat().st_size == 0  # before anything was done
        if composed.plan is True or refused:
            leave_nothing(folder, [".hydra", log.name], Path(composed.paths.output).expanduser().absolute())


def _record(error: BrainalignError, composed: DictConfig, job: HydraConf) -> None:
    """Keep the sentence of a sweep's child that failed before it was tracked."""
    from brainalign.tracking import absolute_uri, record_failure

    overrides = [str(o) for o in job.overrides.task]
    record_failure(
        error,
        uri=composed.tracking.uri or absolute_uri(Path(composed.paths.output).expanduser().absolute()),
        experiment=composed.tracking.experiment,
        name=" ".join(overrides)[:200],
        tags={"overrides": "\n".join(overrides)},
        folder=Path(job.runtime.output_dir),
    )


def _refuse(text: str) -> None:
    sys.stderr.write(f"brainalign: {hide_secrets(text)}\n")
    raise SystemExit(1)


def _options_first(arguments: list[str]) -> list[str]:
    """Overrides behind all options: argparse takes them in one row only, and ``data=... -m model=a,b`` is what one writes."""
    return sorted(arguments, key=lambda word: word[:1] != "-" and ("=" in word or word[:1] == "~"))


def main() -> None:
    """Compose the config from ``conf/`` and the command line, and run it; faults of the user's get one sentence."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    # Threads of OpenMP and OpenBLAS sleep while they wait: else they keep a core busy between steps, and where others want that core a
    # run takes twice as long. Before NumPy and PyTorch are loaded, which read these once.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
    one_arena()
    # Python looks through all objects again and again for cycles to free, 8 % of a small run: a tenth as often is enough.
    gc.set_threshold(10_000, 20, 20)
    sys.argv[1:] = _options_first(sys.argv[1:])
    sys.excepthook = told_without_secrets
    logging.raiseExceptions = False  # a log that cannot be written is no reason for a traceback
    # For --help Hydra copies its store of settings once a group, 126 times; what is read from the store is a copy anyhow.
    setattr(ConfigStore, "__deepcopy__", lambda store, _: store)  # noqa: B010
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises instead of printing, and the sentence is ours
    try:
        try:
            _task()
        except BaseException as error:
            finish(error)
            raise
        finish(None)
    except BrainalignError as error:
        _refuse(str(error))
    except (HydraException, OmegaConfBaseException) as error:
        _refuse(sentence(error, sys.argv[1:]))
    except ValueError as error:
        if "Config group override must be a string" not in str(error):
            raise
        nulls = [word for word in sys.argv[1:] if word.endswith("=null")]
        _refuse(f"{nulls[0] if nulls else error}: a group wants the name of an option; ~GROUP takes a group away.")
    except OSError as error:
        if error.errno in FULL:
            where = error.filename or "the place of results (paths.output, paths.cache)"
            _refuse(
                f"{where} is full ({os.strerror(error.errno)}); make room and give the same command again: "
                "what was finished is reused."
            )
        if error.errno not in UNWRITABLE or error.filename is None:
            raise
        _refuse(
            f"{error.filename} cannot be written ({error.strerror}); set paths.output and paths.cache to folders that can."
        )
    except KeyboardInterrupt:
        sys.stderr.write(
            "brainalign: stopped by Ctrl-C; what was finished stays: features and fitted layers are reused.\n"
        )
        raise SystemExit(130) from None
