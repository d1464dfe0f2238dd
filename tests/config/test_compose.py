"""Every option of every group composes and passes the schema; what is wrong gets one sentence."""

import pytest
from hydra import compose, initialize_config_dir

from brainalign.config import check, conf_folder
from brainalign.config.check import ModelOptions
from brainalign.errors import BrainalignError

GROUPS = (
    "data", "electrodes", "model", "features", "window", "encoding", "analysis", "ceiling", "stats", "tracking", "experiment",
)  # fmt: skip


def options(group):
    return sorted(p.stem for p in (conf_folder() / group).glob("*.yaml"))


NEEDS = {f"data={name}": ["data.root=x"] for name in options("data") if not name.startswith("simulated")}
NEEDS |= {"experiment=chen2023": ["data.root=x"], "data=raw": ["data.root=x", "data.files=x"]}
FILES = ("fasttext", "features", "word2vec", "word_frequency")
NEEDS |= {f"model={name}": ["model.path=x"] for name in FILES} | {"model=joined": ["model.of=[mel,word_rate]"]}


def config(*overrides):
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return check(compose("config", overrides=[*overrides, "paths.output=results"]))


@pytest.mark.parametrize("choice", [f"{g}={o}" for g in GROUPS for o in options(g) if (g, o) != ("model", "auto")])
def test_every_option_of_every_group_composes(choice):
    found = config(choice, *NEEDS.get(choice, []))
    assert found.encoding.outer_folds == 5 and found.seed == 0


@pytest.mark.parametrize("name", [o for o in options("model") if o not in ("auto", "joined")])
def test_every_model_serves_as_partner_and_baseline(name):
    files = ["partner.path=x", "baseline.path=x"] if name in FILES else []
    found = config("analysis=cca", "model.name=another", f"model@partner={name}", f"model@baseline={name}", *files)
    assert found.partner.name == found.baseline.name == name


def test_the_shipped_groups_are_those_of_the_readme():
    present = {p.name for p in conf_folder().iterdir() if p.is_dir()}
    assert present == {*GROUPS, "hydra", "local"}


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["encoding=tikhonov", "encoding.solver=dual"], "encoding.solver=dual"),
        (["encoding=boosting", "encoding.penalty=tikhonov"], "encoding=boosting"),
        (["encoding.penalty=lasso"], "encoding.penalty='lasso'"),
    ],
)  # fmt: skip
def test_a_smoothness_penalty_has_one_solver_and_no_growth(overrides, said):
    with pytest.raises(BrainalignError, match=said):
        config(*overrides)


def test_auto_partner_is_the_other_modality_and_tiny_beside_tiny():
    assert config("model=gpt2", "analysis=cca").partner.name == "wav2vec2"
    assert config("model=tiny_gpt2", "analysis=cca").partner.name == "tiny_wav2vec2"
    assert config("model=tiny_wav2vec2", "analysis=cca").partner.name == "tiny_gpt2"
    assert config("model=wav2vec2", "analysis=cca").partner.name == "gpt2"
    assert config("model=gpt2", "analysis=cca", "partner.layers=[3]").partner.layers == [3]


def test_the_papers_window_and_the_fmri_window():
    assert (config().window.tmin, config().window.tmax, config().window.rate) == (0.0, 0.38, 50.0)
    fir = config("window=fir_tr").window
    assert (fir.tmin, fir.tmax, fir.rate, fir.unit) == (0, 5, None, "samples")


def test_alphas_are_sorted_and_single():
    assert config("encoding.alphas=[100,1,100]").encoding.alphas == [1.0, 100.0]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("encoding.outer_folds=two", "encoding.outer_folds='two'.*Integer"),
        ("encoding.outer_folds=2", "outer_folds=2 is impossible; it must be at least 3"),
        ("encoding.alphas=[1,-2]", "finite numbers above 0"),
        ("encoding.alphas=[]", "finite numbers above 0"),
        ("encoding.split=sentence", "encoding.split='sentence' is unknown"),
        ("+encoding.lambdas=[1]", "encoding.lambdas is no key of encoding"),
        ("+sed=1", "sed is no key of the config; did you mean 'seed'"),
        ("seed=-1", "seed=-1"),
        ("device=gpu", "did you mean 'cpu'"),
        ("window.tmin=1", "tmax=0.38 lies before window.tmin=1"),
        ("model.layers=3", "model.layers=3 must be 'all' or a list"),
        ("features.pooling=sum", "valid: first, last, mean"),
        ("data.rho_max=1.5", "data.rho_max=1.5 is impossible"),
        ("data.repeated=1000", "data.repeated=1000 is impossible"),
        ("data=alice_fmri", "data.root is not set"),
        ("model=fasttext", "model.path is not set"),
        ("features.context=widow", "did you mean 'window'"),
        ("features.context_words=0", "features.context_words=0 is impossible"),
        ("stats.score=R", "stats.score='R' is unknown"),
        ("encoding.alphas=3", r"^encoding.alphas=3: a list is needed, as in encoding.alphas=\[3\]\.$"),
        ("window.tmax=[1]", r"^window.tmax=\[1\]: one value is needed, not a list\.$"),
    ],
)
def test_impossible_values_get_one_sentence(override, message):
    with pytest.raises(BrainalignError, match=message) as caught:
        config(override)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("analysis.answers=a.tsv", "needs the triplets that were answered"),
        ("analysis.distance=euclid", "analysis.distance='euclid' is unknown"),
        ("analysis.groups=[FR]", "must hold two different groups"),
        ("analysis.n=0", "analysis.n=0 is impossible"),
    ],
)
def test_what_abx_cannot_do_gets_one_sentence(override, message):
    with pytest.raises(BrainalignError, match=message):
        config("analysis=abx", override)


def test_every_named_language_model_has_its_card():
    """What the card says is what the option loads."""
    others = {"auto", "joined", *FILES}
    models = {n: ModelOptions()(n) for n in options("model") if n not in others}
    named = [n for n, m in models.items() if m.kind == "language" and m.checkpoint]
    assert len(named) >= 20
    for name in named:
        model = models[name]
        assert model.card.hub == model.checkpoint and model.card.layers > 0 and model.card.dims % 64 == 0
        assert model.card.licence and "20" in model.card.reference
    assert (ModelOptions()("gpt2_xl").card.layers, ModelOptions()("gpt2_xl").card.dims) == (48, 1600)
    with pytest.raises(BrainalignError, match="did you mean 'gpt2'"):
        ModelOptions()("gtp2")


@pytest.mark.parametrize(
    ("of", "said"),
    [
        ("[mel]", "names 1 feature set"),
        ("[mel,mel]", "names a feature set twice"),
        ("[mel,wordrate]", "model.of.wordrate: model 'wordrate' is no option of conf/model; did you mean 'word_rate'"),
        ("{mel: {n_mel: 8}, word_rate: null}", "model.of.mel.n_mel is no key .*did you mean 'n_mels'"),
        ("{a: {option: mel, tmin: x}, b: mel}", "model.of.a.tmin='x' must be a number"),
        ("{a: {option: mel, tmin: 0.3, tmax: 0.1}, b: mel}", "tmax=0.1 lies before its tmin=0.3"),
        ("[mel,auto]", "auto cannot be a band"),
        ("[mel,features]", "model.of.features.path is not set"),
        ("3", "must be a list of models"),
        ("{a: 3, b: mel}", "model.of.a=3 must be an option"),
    ],
)
def test_a_joined_model_of_what_is_no_model_is_refused_before_any_work(of, said):
    with pytest.raises(BrainalignError, match=said):
        config("model=joined", f"model.of={of}")


def test_a_joined_model_has_no_partner_of_its_own_accord():
    found = config(
        "model=joined", "model.of={sound: {option: mel, n_mels: 8}, words: word_rate}", "analysis=variance_partition"
    )
    assert found.partner is None and found.model.of["sound"] == {"option": "mel", "n_mels": 8}


def test_a_joined_model_is_refused_where_one_set_of_features_is_needed():
    of = "model.of=[mel,word_rate]"
    for analysis in ("latency", "cca", "geometry", "hierarchy", "controls", "extract"):
        with pytest.raises(
            BrainalignError, match=f"model=joined is several feature sets, .* but analysis={analysis} takes one"
        ):
            config("model=joined", of, f"analysis={analysis}")
    assert config("model=joined", of, "analysis=ceiling").model.joined
