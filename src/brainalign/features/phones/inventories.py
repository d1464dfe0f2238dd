"""Inventories of phones, known by name: what each of their symbols is in ARPAbet."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from brainalign.errors import BrainalignError, nearest

SILENCE = frozenset({"", "SIL", "SP", "SPN", "PAU", "EPI", "H#", "#H", "<EPS>", "<SIL>", "!SIL", "<P:>", "NOISE"})
"""How aligners write what is no phone, in capitals; of a spoken noise no phone is known."""

CMU39 = """
AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH
"""
"""ARPAbet as the CMU pronouncing dictionary has it, without stress."""

_TIMIT61 = """
iy IY  | ih IH  | ix IH  | eh EH  | ae AE  | ah AH  | ax AH  | ax-h AH | uw UW | ux UW  | uh UH  | aa AA  | ao AA  | ey EY  | ay AY
oy OY  | aw AW  | ow OW  | er ER  | axr ER | l L    | el L   | r R    | w W    | y Y    | m M    | em M   | n N    | en N   | nx N
ng NG  | eng NG | v V    | f F    | dh DH  | th TH  | z Z    | s S    | zh SH  | sh SH  | jh JH  | ch CH  | b B    | p P    | d D
dx DX  | t T    | g G    | k K    | hh HH  | hv HH  | bcl    | pcl    | dcl    | tcl    | gcl    | kcl    | q      | epi    | pau
h#
"""
"""Lee & Hon (1989), IEEE Trans. ASSP 37, 1641-1648, table of 39 classes: closures, pauses and the epenthetic silence are silence, the
glottal stop is left out, *ao* is *aa* and *zh* is *sh*; the flap *dx* is a class of its own."""

_IPA = """
p P | b B | t T | d D | k K | c K | g G | ɡ G | ɟ G | tʃ CH | dʒ JH | f F | v V | θ TH | ð DH | s S | z Z | ʃ SH | ʒ ZH | h HH | ɦ HH | ç HH
m M | ɱ M | n N | ɲ N | ŋ NG | l L | ɫ L | ʎ L | ɹ R | ɻ R | r R | w W | ʍ W | j Y | ɾ DX | ʔ Q
i IY | ɪ IH | ɨ IH | e EY | ej EY | eɪ EY | ɛ EH | æ AE | a AE | ɑ AA | ɒ AA | ɔ AO | ʌ AH | ɐ AH | ə AH | ɜ ER | ɝ ER | ɚ ER | ʊ UH | u UW
ʉ UW | o OW | ow OW | oʊ OW | əw OW | əʊ OW | aj AY | aɪ AY | aw AW | aʊ AW | ɔj OY | ɔɪ OY
"""
"""English as MFA's dictionaries write it (english_mfa, english_us_mfa, english_uk_mfa), less length, stress and secondary articulation."""

_DIACRITICS = "ˈˌːˑʰʲʷˠʼ˞̪̩̯̃̚͜͡" + "\N{COMBINING RING BELOW}\N{COMBINING CARON BELOW}"


def _table(text: str) -> dict[str, str]:
    cells = [cell.split() for cell in re.split(r"[|\n]", text) if cell.strip()]
    return {cell[0]: cell[1] if len(cell) > 1 else "" for cell in cells}


def _plain(phone: str) -> str:
    """Capitals, without stress."""
    return re.sub(r"\d$", "", phone.strip().upper())


def _ipa(phone: str) -> str:
    """Without length, stress, and what is written above, below or behind a symbol."""
    return "".join(c for c in unicodedata.normalize("NFC", phone.strip()) if c not in _DIACRITICS)


@dataclass(frozen=True)
class Inventory:
    """Symbols of phones.

    Attributes:
        name: As in ``model.inventory``.
        title: For sentences.
        symbols: Symbol -> ARPAbet, empty where it is silence; as :meth:`folded` looks them up.
        ipa: Whether symbols are IPA, where capitals and marks mean something else than in ARPAbet.
    """

    name: str
    title: str
    symbols: Mapping[str, str]
    ipa: bool = False

    def folded(self, phone: str) -> str | None:
        """A phone in ARPAbet without stress, empty where it is silence; None where the inventory does not hold it.

        Example:
            >>> [INVENTORIES["timit61"].folded(p) for p in ("axr", "dcl", "dx", "h#", "ʃ")]
            ['ER', '', 'DX', '', None]
            >>> INVENTORIES["cmu39"].folded("AH0"), INVENTORIES["mfa_ipa"].folded("tʰ"), INVENTORIES["mfa_ipa"].folded("ɑː")
            ('AH', 'T', 'AA')
        """
        plain = _plain(phone)
        if plain in SILENCE:
            return ""
        return self.symbols.get(_ipa(phone) if self.ipa else plain)


INVENTORIES = {
    "cmu39": Inventory("cmu39", "ARPAbet", {p: p for p in CMU39.split()}),
    "timit61": Inventory("timit61", "TIMIT's 61 phones", {k.upper(): v for k, v in _table(_TIMIT61).items()}),
    "mfa_ipa": Inventory("mfa_ipa", "MFA's English IPA", _table(_IPA), ipa=True),
}
"""``cmu39``: ARPAbet, with or without stress (CMU, Penn, Gentle, MFA's english_us_arpa). ``timit61``: TIMIT's own. ``mfa_ipa``: MFA's
English in IPA."""


def unknown_in(phones: Iterable[str], inventory: Inventory) -> Counter[str]:
    """Phones that an inventory does not hold, counted."""
    return Counter(p if inventory.ipa else _plain(p) for p in map(str, phones) if inventory.folded(p) is None)


def inventory_of(phones: Iterable[str], name: str = "auto") -> Inventory:
    """The inventory of a data set's phones.

    Args:
        phones: Of all stimuli, so that one symbol means the same in all of them.
        name: ``auto``: the first, in the order of :data:`INVENTORIES`, that holds every phone.

    Raises:
        BrainalignError: None does, or the one that was named does not exist.

    Example:
        >>> inventory_of(["sh", "ix", "hv", "eh", "dcl"]).name, inventory_of(["SH", "IY1"]).name, inventory_of(["ʃ", "iː"]).name
        ('timit61', 'cmu39', 'mfa_ipa')
    """
    if name != "auto":
        if name not in INVENTORIES:
            raise BrainalignError(f"model.inventory={name!r} is unknown; {nearest(name, ('auto', *INVENTORIES))}")
        return INVENTORIES[name]
    said = Counter(map(str, phones))
    lacking = {n: unknown_in(said, inventory) for n, inventory in INVENTORIES.items()}
    best = min(lacking, key=lambda n: len(lacking[n]))
    if lacking[best]:
        first = next(iter(lacking[best]))
        raise BrainalignError(
            f"the phones are of no inventory that is known ({', '.join(INVENTORIES)}): {best} holds all but {len(lacking[best])} of their "
            f"{len(said)} kinds, among these {first!r}."
        )
    return INVENTORIES[best]


def inventory_if_known(phones: Iterable[str]) -> Inventory | None:
    """The same; None where the phones are of another alphabet, whose symbols then stay as they are."""
    try:
        return inventory_of(phones)
    except BrainalignError:
        return None
