"""Inventories of phones: TIMIT's 61 by Lee & Hon (1989), ARPAbet with stress, MFA's IPA; one for a whole data set."""

import numpy as np
import pandas as pd
import pytest

from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.phones.articulation import ARTICULATORY, FEATURES, Articulation, PhoneOnsets
from brainalign.features.phones.inventories import INVENTORIES, inventory_if_known, inventory_of, unknown_in

LEE_AND_HON = """
iy ih eh ae ix ax ah ax-h uw ux uh ao aa ey ay oy aw ow er axr l el r w y m em n en nx ng eng v f dh th z s zh sh jh ch b p d dx t g k
hh hv bcl pcl dcl tcl gcl kcl q epi pau h#
"""
ENGLISH_US_MFA = """
aj aw b bʲ c cʰ cʷ d dʒ dʲ d̪ ej f fʲ h i iː j k kʰ kʷ l m mʲ m̩ n n̩ ow p pʰ pʲ pʷ s t tʃ tʰ tʲ tʷ t̪ v vʲ w z æ ç ð ŋ ɐ ɑ ɑː ɒ ɒː ɔj ə ɚ ɛ ɝ
ɟ ɟʷ ɡ ɡʷ ɪ ɫ ɫ̩ ɱ ɲ ɹ ɾ ɾʲ ɾ̃ ʃ ʉ ʉː ʊ ʎ ʒ ʔ θ
"""
TIMIT, MFA = LEE_AND_HON.split(), ENGLISH_US_MFA.split()


def test_timit_has_61_symbols_that_fold_to_39_classes():
    timit = INVENTORIES["timit61"]
    assert len(TIMIT) == len(set(TIMIT)) == len(timit.symbols) == 61
    folded = {p: timit.folded(p) for p in TIMIT}
    classes = set(folded.values())
    assert None not in classes and len(classes) == 39  # 38 phones and silence (Lee & Hon's 39, less the deleted q)
    assert {p for p in TIMIT if folded[p] == ""} == {"bcl", "pcl", "dcl", "tcl", "gcl", "kcl", "q", "epi", "pau", "h#"}
    same = [
        ("ao", "aa"),
        ("zh", "sh"),
        ("ix", "ih"),
        ("ax", "ah"),
        ("ax-h", "ah"),
        ("axr", "er"),
        ("el", "l"),
        ("en", "n"),
        ("nx", "n"),
    ]
    assert all(folded[a] == folded[b] for a, b in [*same, ("em", "m"), ("eng", "ng"), ("ux", "uw"), ("hv", "hh")])
    assert all(f in FEATURES for i in INVENTORIES.values() for f in i.symbols.values() if f)


def test_each_inventory_is_known_by_its_phones():
    assert inventory_of(TIMIT).name == "timit61" and inventory_of([p.upper() for p in TIMIT]).name == "timit61"
    assert inventory_of(["AH0", "B", "IY1", "ER2", "sp", "ZH"]).name == "cmu39"
    assert inventory_of([*MFA, "spn"]).name == "mfa_ipa"
    assert not unknown_in(MFA, INVENTORIES["mfa_ipa"])
    with pytest.raises(
        BrainalignError, match="no inventory that is known .cmu39, timit61, mfa_ipa.: .* among these 'ʁ'"
    ):
        inventory_of(["ʁ", "ə", "s"])
    assert inventory_if_known(["ʁ", "ə"]) is None
    with pytest.raises(BrainalignError, match="model.inventory='timit' is unknown; did you mean 'timit61'"):
        inventory_of([], "timit")


def placed(extractor, labels):
    phones = pd.DataFrame(
        {"phone": labels, "onset": 0.1 * np.arange(len(labels)), "offset": 0.1 * np.arange(1, len(labels) + 1)}
    )
    stimulus = Stimulus("s", 0.1 * len(labels), phones=phones)
    extractor.check(stimulus)
    return dict(extractor.extract([stimulus]))["s"][0].values


def test_articulation_reads_timits_own_phones():
    values = placed(Articulation("a", INVENTORIES["timit61"]), ["h#", "dcl", "d", "axr", "dx", "ao"])
    told = [{ARTICULATORY[i] for i in values[row].nonzero()[0]} for row in (2, 7, 12, 17, 22, 27)]
    assert told[0] == told[1] == set() and told[2] == FEATURES["D"] and told[3] == FEATURES["ER"]
    assert told[4] == {"alveolar", "voiced"} and told[5] == FEATURES["AA"]
    with pytest.raises(
        BrainalignError, match="phones that are not in TIMIT's 61 phones, the first 'Ʃ'; model.inventory"
    ):
        placed(Articulation("a", INVENTORIES["timit61"]), ["ʃ"])


def test_a_closure_and_its_burst_are_one_onset():
    assert placed(PhoneOnsets("p", INVENTORIES["timit61"]), ["h#", "dcl", "d", "axr"]).sum() == 2
    assert placed(PhoneOnsets(), ["ʁ", "q", "?"]).sum() == 3  # of an alphabet that is not known, every label is a phone
