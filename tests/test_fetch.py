"""brainalign-tools fetch, against a server on this machine that lists and serves a tiny archive as S3 does."""

import hashlib
import re
import shutil
import threading
from collections import namedtuple
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

from brainalign.config import cards, composed
from brainalign.data.archives import download
from brainalign.data.files.patterns import Names, filled
from brainalign.tools import main
from brainalign.tools.fetch import CITATION
from tests.data.test_archives import TRANSCRIPT, narratives, opened, podcast

PAGE = 4
"""Files on a page of the listing."""
FIF = "derivatives/ecogprep/sub-03/ieeg/sub-03_task-podcast_desc-highgamma_ieeg.fif"


class Bucket(BaseHTTPRequestHandler):
    """As S3: ``GET /bucket?list-type=2&prefix=`` lists, ``GET /bucket/key`` serves, and goes on where ``Range`` says."""

    def do_GET(self):
        asked, at = urlsplit(self.path), self.server
        _, bucket, key = [*asked.path.split("/", 2), ""][:3]
        if not key:
            return self.listed(at.root / bucket, parse_qs(asked.query))
        file = at.root / bucket / unquote(key)
        name = file.name
        at.asked.append((name, self.headers.get("Range")))
        if not file.is_file() or name in at.gone:
            return self.send_error(404)
        content = file.read_bytes()
        begin = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")) if self.headers["Range"] else 0
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        end = len(content)
        if at.cuts.get(name, 0):
            at.cuts[name] -= 1
            end = begin + (len(content) - begin) // 2
            self.close_connection = True
        self.wfile.write(content[begin:end])

    def listed(self, root, query):
        prefix, after = query["prefix"][0], int(query.get("continuation-token", ["0"])[0])
        files = sorted(f.relative_to(root).as_posix() for f in root.rglob("*") if f.is_file())
        files = [f for f in files if f.startswith(prefix)]
        rows = ""
        for f in files[after : after + PAGE]:
            tag = self.server.tags.get(Path(f).name, hashlib.md5((root / f).read_bytes()).hexdigest())
            size = (root / f).stat().st_size
            rows += f"<Contents><Key>{escape(f)}</Key><ETag>&quot;{tag}&quot;</ETag><Size>{size}</Size></Contents>"
        if after + PAGE < len(files):
            rows += f"<NextContinuationToken>{after + PAGE}</NextContinuationToken>"
        page = f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{rows}</ListBucketResult>'.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """The bucket with ds005574 (and what no reader needs), and those of Narratives."""
    root = tmp_path_factory.mktemp("server")
    podcast(root / "openneuro.org" / "ds005574", TRANSCRIPT)
    (root / "openneuro.org" / "ds005574" / "sub-03" / "ieeg" / "sub-03_task-podcast_ieeg.edf").write_bytes(
        b"raw" * 1000
    )
    made = root / "narratives"
    narratives(made)
    (root / "fcp-indi" / "data" / "Projects" / "narratives").mkdir(parents=True)
    (made / "derivatives").rename(root / "fcp-indi" / "data" / "Projects" / "narratives" / "derivatives")
    made.rename(root / "openneuro.org" / "ds002345")
    return root


@pytest.fixture
def server(archive, monkeypatch):
    """Runs while a test does; the cards' buckets lie on it. ``asked``: what was asked for; ``cuts``, ``gone``, ``tags``: its faults."""
    made = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    made.root, made.asked, made.cuts, made.gone, made.tags = archive, [], {}, set(), {}
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    there = {
        name: replace(card, places=card.places and [replace(p, url=local(made, p.url)) for p in card.places])
        for name, card in cards.data_cards().items()
    }
    monkeypatch.setattr(cards, "data_cards", lambda: there)
    monkeypatch.setattr(download.time, "sleep", lambda _: None)
    yield made
    made.shutdown()
    made.server_close()


def local(server, url):
    return f"http://127.0.0.1:{server.server_port}/{url.rsplit('/', 1)[1]}"


def files_of(root):
    return {f.relative_to(root).as_posix() for f in root.rglob("*") if f.is_file()}


def refused(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main(["fetch", *words])
    said = capsys.readouterr().err
    assert ended.value.code == 1 and said.startswith("brainalign-tools: ") and said.count("\n") == 1, said
    return said


def test_what_the_reader_needs_is_fetched_and_read(server, tmp_path, capsys):
    main(["fetch", "podcast_ecog", "--to", str(tmp_path / "set"), "--participants", "1"])
    said = capsys.readouterr().out
    assert re.search(
        r"licence: CC0 .*\n6 file\(s\) of 1 participant \(03\), .* in all\nto fetch into .*: 6 file\(s\), ", said
    )
    assert "gives no checksum" not in said and "cite Zada et al. 2025" in said
    got = files_of(tmp_path / "set")
    assert FIF in got and not [name for name in got if "sub-09" in name or name.endswith((".edf", ".part"))]
    assert "@article{zada2025," in (tmp_path / "set" / CITATION).read_text()
    data = opened("podcast_ecog", tmp_path / "set")
    assert [r.subject for r in data.recordings] == ["sub-03"] and data.stimuli["podcast"].audio is not None
    assert any("has 9 participants, here is 1" in note for note in data.notes)
    before = len(server.asked)
    main(["fetch", "podcast_ecog", "--to", str(tmp_path / "set"), "--participants", "sub-03"])
    assert len(server.asked) == before and ": 0 file(s), 0 B" in capsys.readouterr().out


def test_a_set_in_two_buckets(server, tmp_path):
    main(["fetch", "narratives_fmri", "--to", str(tmp_path / "set"), "--participants", "002"])
    data = opened("narratives_fmri", tmp_path / "set")
    assert [r.subject for r in data.recordings] == ["002"] and len(data.recordings[0].channels) == 9


def test_a_plan_lists_and_fetches_nothing(server, tmp_path, capsys):
    main(["fetch", "podcast_ecog", "--to", str(tmp_path / "set"), "--plan"])
    said = capsys.readouterr().out
    assert "2 participants (03, 09)" in said and FIF in said and ".edf" not in said
    assert not (tmp_path / "set").exists() and server.asked == []


def test_a_cut_file_is_gone_on_with(server, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(download, "PIECE", 1000)
    source = server.root / "openneuro.org" / "ds005574" / FIF
    size, name = source.stat().st_size, source.name
    server.cuts[name] = 2  # the connection is taken up again at once
    to = ["--to", str(tmp_path), "--participants", "1"]
    main(["fetch", "podcast_ecog", *to])
    begins = [int(of.removeprefix("bytes=")[:-1]) if of else 0 for asked, of in server.asked if asked == name]
    half = size // 2 // 1000 * 1000  # whole pieces are kept
    assert begins == [0, half, half + (size - half) // 2 // 1000 * 1000]
    assert (tmp_path / FIF).read_bytes() == source.read_bytes()

    (tmp_path / FIF).unlink()
    server.cuts[name] = download.TRIES  # nor does it hold in any of the tries
    assert "which are kept: give the same command again, and it goes on" in refused(capsys, "podcast_ecog", *to)
    kept = (tmp_path / f"{FIF}.part").stat().st_size
    assert 0.8 * size < kept < size and not (tmp_path / FIF).exists()
    main(["fetch", "podcast_ecog", *to])
    assert (name, f"bytes={kept}-") in server.asked
    assert (tmp_path / FIF).read_bytes() == source.read_bytes() and not (tmp_path / f"{FIF}.part").exists()


def test_another_checksum_keeps_nothing(server, tmp_path, capsys):
    server.tags["podcast.wav"] = "0" * 32
    said = refused(capsys, "podcast_ecog", "--to", str(tmp_path), "--participants", "1")
    assert "podcast.wav: the checksum of what came is not the archive's (md5:000" in said
    assert not [f for f in files_of(tmp_path) if "podcast.wav" in f or "tmp" in f]


def test_a_file_put_there_in_parts_is_held_against_its_size(server, tmp_path, capsys):
    server.tags["podcast.wav"] = "0" * 32 + "-2"
    main(["fetch", "podcast_ecog", "--to", str(tmp_path), "--participants", "1"])
    assert "of 1 file(s) the archive gives no checksum: their size is checked" in capsys.readouterr().out


def test_faults_are_one_sentence(server, tmp_path, capsys, monkeypatch):
    to = ["--to", str(tmp_path / "set")]
    assert "'01' is no participant of podcast_ecog" in refused(capsys, "podcast_ecog", *to, "--participants", "sub-01")
    assert "--participants=3: podcast_ecog has 2" in refused(capsys, "podcast_ecog", *to, "--participants", "3")
    assert "did you mean 'podcast_ecog'" in refused(capsys, "podcast_ecg", *to)
    assert "get it from its home, https://braintreebank.dev" in refused(capsys, "brain_treebank", *to)
    assert "nothing in http" in refused(capsys, "lebel_fmri", *to)
    free = namedtuple("usage", "free")(2**28 + 1000)
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _: free)
        assert re.search(r"are to be fetched, and 268 MB are free", refused(capsys, "podcast_ecog", *to))
    assert not (tmp_path / "set").exists()
    server.gone.add("podcast.wav")
    assert "podcast.wav is refused by its server: 404 Not Found" in refused(capsys, "podcast_ecog", *to)
    (tmp_path / "set" / "stimuli").mkdir(exist_ok=True)
    (tmp_path / "set" / "stimuli" / "podcast.wav").write_bytes(b"mine")
    assert "podcast.wav is not the file of the archive" in refused(capsys, "podcast_ecog", *to)
    assert (tmp_path / "set" / "stimuli" / "podcast.wav").read_bytes() == b"mine"
    (tmp_path / "file").touch()
    assert "cannot be written" in refused(capsys, "podcast_ecog", "--to", str(tmp_path / "file"))
    server.shutdown()
    server.server_close()
    assert "cannot be reached" in refused(capsys, "podcast_ecog", *to)


@pytest.mark.parametrize("name", [name for name, card in cards.data_cards().items() if card.places])
def test_what_the_option_reads_is_among_what_is_fetched(name):
    data = composed([f"data={name}", "data.root=x"]).data
    stimuli = data.stimuli.root or "stimuli"
    within = "" if stimuli == "." else f"{stimuli}/"
    patterns = [getattr(data, "files", None), getattr(data, "events_file", None)]
    patterns += [p and within + p for p in (data.stimuli.patterns.audio, data.stimuli.patterns.words)]
    wanted = [filled(p, {"subject": "01", "stimulus": "s", "run": "1", "hemi": "L"}) for p in patterns if p]
    if data.kind == "bids" and data.derivative is None:
        session = data.session or "01"
        stem = f"sub-01/ses-{session}/{data.recording}/sub-01_ses-{session}_task-{data.task}"
        acquisition = f"_acq-{data.entities['acquisition']}" if data.entities else ""
        ending = "meg.fif" if data.recording == "meg" else "ieeg.eeg"
        wanted += [f"{stem}{acquisition}_run-1_{ending}", f"{stem}_run-1_events.tsv"]
    fetched = [Names(p, "files") for place in data.card.places for p in place.files]
    assert wanted
    for path in wanted:
        assert any(names.fields(path) is not None for names in fetched), path
