"""What a run, a failed run and a sweep leave behind and say holds no secret; the markers are made up."""

import zipfile

import pytest

from brainalign.tools import main

MARKS = ("hf_MARKERmade0up00000000", "MARKERpa/ssw0rd", "MARKERof a key", "MARKERquoted", "MARKERsig", "MARKERacc==")
SMALL = (
    "data=simulated_small", "data.subjects=2", "data.electrodes=3", "data.sentences=6", "data.repeated=0", "model=envelope",
    "stats.permutations=0", "encoding.outer_folds=3", "encoding.alphas=[100]", "window.tmax=0.1",
)  # fmt: skip
WORDS = (
    f"+hydra.job.env_set={{HF_TOKEN:{MARKS[0]},MY_PASSWORD:'{MARKS[3]}',PLAIN:shown,CONNECTION:'AccountKey={MARKS[5]};E=x'}}",
    f"+hydra.job.env_set.A_KEY='{MARKS[2]}'",
)  # fmt: skip


def told_of(place, *said):
    """Marks in any file below a folder, and in what was said."""
    files = [f for f in place.rglob("*") if f.is_file()]
    assert files
    texts = {str(f): f.read_bytes() for f in files} | {n: t.encode() for n, t in enumerate(said)}
    return sorted({(name, mark) for name, text in texts.items() for mark in MARKS if mark.encode() in text})


def exported(place, pattern):
    for n, run in enumerate(place.glob(pattern)):
        main(["export", str(run), str(place / f"{n}.zip")])
        yield place / f"{n}.zip"


@pytest.mark.parametrize(
    "uri", [f"postgresql://me@127.0.0.1:1/x?sslpassword={MARKS[0]}", f"redis://me:{MARKS[1]}@127.0.0.1:1/x"]
)
def test_doctor_holds_no_secret(uri, tmp_path, capsys):
    main(["doctor", "--uri", uri, "--cache", str(tmp_path)])
    told = capsys.readouterr().out
    assert "MLflow store" in told and "***" in told and "MARKER" not in told


def test_no_file_of_a_run_holds_a_secret(brainalign, tmp_path):
    done = brainalign(*SMALL, *WORDS, "analysis=ceiling")
    assert done.returncode == 0, done.stderr
    (archive,) = (zipfile.ZipFile(f) for f in exported(tmp_path, "outputs/2*/*"))
    archive.extractall(tmp_path / "unzipped")
    assert told_of(tmp_path, done.stdout, done.stderr) == [] and (tmp_path / "unzipped" / "report.html").is_file()
    left = next(tmp_path.glob("outputs/2*/*/report.html")).parent
    assert "PLAIN: shown" in (left / ".hydra" / "hydra.yaml").read_text() and (left / "tracking.json").is_file()


def test_no_file_of_a_failed_run_or_of_a_sweep_holds_a_secret(brainalign, tmp_path):
    uri = f"tracking.uri='postgresql://me:{MARKS[1]}@127.0.0.1:1/x'"
    failed = brainalign(*SMALL, *WORDS, uri)
    assert (
        failed.returncode == 1
        and "Traceback" not in failed.stderr
        and "postgresql://***@127.0.0.1:1/x" in failed.stderr
    )
    sweep = brainalign("-m", *SMALL, *WORDS, "analysis=describe", "data.rho_max=0.01,0.5", "data.rho_min=0.1",
                       "tracking.uri=offline", f"tracking.artifacts='s3://k:{MARKS[1]}@bucket/x?sig={MARKS[4]}'")  # fmt: skip
    assert "tracking.artifacts='s3://***@bucket/x?sig=***'" in sweep.stderr  # Hydra's own line of a child
    assert "MULTIRUN" not in sweep.stderr and sweep.returncode == 1  # one of two children fails, in a sentence
    assert list(tmp_path.glob("outputs/2*/*/multirun.yaml"))
    assert told_of(tmp_path, failed.stdout, failed.stderr, sweep.stdout, sweep.stderr) == []
