"""What a run, a failed run and a sweep leave behind and say holds no secret; the markers are made up."""

MARKS = ("hf_MARKERmade0up00000000", "MARKERpa/ssw0rd", "MARKERof a key", "MARKERquoted")
SMALL = (
    "data=simulated_small", "data.subjects=2", "data.electrodes=3", "data.sentences=6", "data.repeated=0", "model=envelope",
    "stats.permutations=0", "encoding.outer_folds=3", "encoding.alphas=[100]", "window.tmax=0.1",
)  # fmt: skip
WORDS = (
    f"+hydra.job.env_set={{HF_TOKEN:{MARKS[0]},MY_PASSWORD:'{MARKS[3]}',PLAIN:shown}}", f"+hydra.job.env_set.A_KEY='{MARKS[2]}'",
)  # fmt: skip


def told_of(place, *said):
    """Marks in any file below a folder, and in what was said."""
    files = [f for f in place.rglob("*") if f.is_file()]
    assert files
    texts = {str(f): f.read_bytes() for f in files} | {n: t.encode() for n, t in enumerate(said)}
    return sorted({(name, mark) for name, text in texts.items() for mark in MARKS if mark.encode() in text})


def test_no_file_of_a_run_holds_a_secret(brainalign, tmp_path):
    done = brainalign(*SMALL, *WORDS, "analysis=ceiling")
    assert done.returncode == 0, done.stderr
    assert told_of(tmp_path, done.stdout, done.stderr) == []
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
    sweep = brainalign("-m", *SMALL, *WORDS, "analysis=describe", "data.rho_max=0.01,0.5", "data.rho_min=0.1")
    assert "MULTIRUN" not in sweep.stderr and sweep.returncode == 1  # one of two children fails, in a sentence
    assert list(tmp_path.glob("outputs/2*/*/multirun.yaml"))
    assert told_of(tmp_path, failed.stdout, failed.stderr, sweep.stdout, sweep.stderr) == []
