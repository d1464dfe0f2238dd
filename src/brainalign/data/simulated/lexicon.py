"""The words of the simulated language: their classes and how they are spoken."""

from __future__ import annotations

_ENTRIES = {
    "det": """
        the:DH.AH this:DH.IH.S that:DH.AE.T every:EH.V.R.IY one:W.AH.N her:HH.ER his:HH.IH.Z my:M.AY our:AW.ER
        their:DH.EH.R another:AH.N.AH.DH.ER each:IY.CH
        """,
    "pron": "she:SH.IY he:HH.IY we:W.IY they:DH.EY you:Y.UW somebody:S.AH.M.B.AH.D.IY nobody:N.OW.B.AH.D.IY",
    "name": """
        anna:AE.N.AH ben:B.EH.N maria:M.AH.R.IY.AH sam:S.AE.M lucy:L.UW.S.IY tom:T.AA.M peter:P.IY.T.ER
        julia:JH.UW.L.IY.AH david:D.EY.V.IH.D emma:EH.M.AH
        """,
    "adj": """
        old:OW.L.D young:Y.AH.NG small:S.M.AO.L big:B.IH.G red:R.EH.D green:G.R.IY.N blue:B.L.UW dark:D.AA.R.K
        quiet:K.W.AY.AH.T happy:HH.AE.P.IY heavy:HH.EH.V.IY cold:K.OW.L.D warm:W.AO.R.M long:L.AO.NG
        short:SH.AO.R.T strange:S.T.R.EY.N.JH wooden:W.UH.D.AH.N silver:S.IH.L.V.ER hungry:HH.AH.NG.G.R.IY
        gentle:JH.EH.N.T.AH.L angry:AE.NG.G.R.IY broken:B.R.OW.K.AH.N yellow:Y.EH.L.OW thin:TH.IH.N slow:S.L.OW
        clever:K.L.EH.V.ER empty:EH.M.P.T.IY famous:F.EY.M.AH.S narrow:N.EH.R.OW bright:B.R.AY.T lucky:L.AH.K.IY
        sad:S.AE.D rough:R.AH.F sweet:S.W.IY.T foreign:F.AO.R.AH.N loyal:L.OY.AH.L
        """,
    "noun": """
        boy:B.OY girl:G.ER.L dog:D.AO.G cat:K.AE.T house:HH.AW.S river:R.IH.V.ER garden:G.AA.R.D.AH.N
        window:W.IH.N.D.OW table:T.EY.B.AH.L teacher:T.IY.CH.ER doctor:D.AA.K.T.ER farmer:F.AA.R.M.ER
        king:K.IH.NG queen:K.W.IY.N soldier:S.OW.L.JH.ER sailor:S.EY.L.ER boat:B.OW.T bridge:B.R.IH.JH road:R.OW.D
        forest:F.AO.R.AH.S.T mountain:M.AW.N.T.AH.N letter:L.EH.T.ER book:B.UH.K picture:P.IH.K.CH.ER song:S.AO.NG
        story:S.T.AO.R.IY horse:HH.AO.R.S bird:B.ER.D fish:F.IH.SH apple:AE.P.AH.L bread:B.R.EH.D
        coffee:K.AO.F.IY kitchen:K.IH.CH.AH.N chair:CH.EH.R lamp:L.AE.M.P box:B.AA.K.S key:K.IY door:D.AO.R
        wall:W.AO.L roof:R.UW.F church:CH.ER.CH market:M.AA.R.K.AH.T village:V.IH.L.AH.JH city:S.IH.T.IY
        ship:SH.IH.P island:AY.L.AH.N.D ocean:OW.SH.AH.N stone:S.T.OW.N tree:T.R.IY flower:F.L.AW.ER leaf:L.IY.F
        cloud:K.L.AW.D moon:M.UW.N shadow:SH.AE.D.OW fire:F.AY.ER winter:W.IH.N.T.ER morning:M.AO.R.N.IH.NG
        child:CH.AY.L.D mother:M.AH.DH.ER father:F.AA.DH.ER sister:S.IH.S.T.ER neighbor:N.EY.B.ER
        stranger:S.T.R.EY.N.JH.ER lawyer:L.AO.Y.ER painter:P.EY.N.T.ER thief:TH.IY.F judge:JH.AH.JH coat:K.OW.T
        hat:HH.AE.T shoe:SH.UW ring:R.IH.NG clock:K.L.AA.K knife:N.AY.F bottle:B.AA.T.AH.L ladder:L.AE.D.ER
        engine:EH.N.JH.AH.N
        """,
    "vt": """
        found:F.AW.N.D saw:S.AO carried:K.EH.R.IY.D painted:P.EY.N.T.AH.D opened:OW.P.AH.N.D followed:F.AA.L.OW.D
        watched:W.AA.CH.T loved:L.AH.V.D broke:B.R.OW.K sold:S.OW.L.D bought:B.AO.T hid:HH.IH.D drew:D.R.UW
        built:B.IH.L.T cleaned:K.L.IY.N.D pushed:P.UH.SH.T pulled:P.UH.L.D caught:K.AO.T lost:L.AO.S.T
        washed:W.AA.SH.T heard:HH.ER.D met:M.EH.T helped:HH.EH.L.P.T called:K.AO.L.D remembered:R.IH.M.EH.M.B.ER.D
        feared:F.IH.R.D left:L.EH.F.T crossed:K.R.AO.S.T touched:T.AH.CH.T kept:K.EH.P.T dropped:D.R.AA.P.T
        chose:CH.OW.Z visited:V.IH.Z.AH.T.AH.D ignored:IH.G.N.AO.R.D
        """,
    "vi": """
        slept:S.L.EH.P.T laughed:L.AE.F.T waited:W.EY.T.AH.D sang:S.AE.NG walked:W.AO.K.T stood:S.T.UH.D sat:S.AE.T
        ran:R.AE.N smiled:S.M.AY.L.D cried:K.R.AY.D danced:D.AE.N.S.T fell:F.EH.L worked:W.ER.K.T lived:L.IH.V.D
        jumped:JH.AH.M.P.T vanished:V.AE.N.IH.SH.T spoke:S.P.OW.K hurried:HH.ER.IY.D rested:R.EH.S.T.AH.D
        """,
    "prep": """
        in:IH.N on:AA.N under:AH.N.D.ER near:N.IH.R behind:B.IH.HH.AY.N.D beside:B.IH.S.AY.D above:AH.B.AH.V
        across:AH.K.R.AO.S with:W.IH.TH through:TH.R.UW beyond:B.IH.Y.AA.N.D from:F.R.AH.M inside:IH.N.S.AY.D
        """,
    "adv": """
        slowly:S.L.OW.L.IY again:AH.G.EH.N quickly:K.W.IH.K.L.IY today:T.AH.D.EY often:AO.F.AH.N soon:S.UW.N
        early:ER.L.IY quietly:K.W.AY.AH.T.L.IY always:AO.L.W.EY.Z suddenly:S.AH.D.AH.N.L.IY once:W.AH.N.S
        twice:T.W.AY.S gladly:G.L.AE.D.L.IY really:R.IH.L.IY
        """,
    "conj": "and:AH.N.D but:B.AH.T because:B.IH.K.AO.Z while:W.AY.L before:B.IH.F.AO.R until:AH.N.T.IH.L",
}

CLASSES: dict[str, tuple[str, ...]] = {}
"""Word class -> its words."""

PRONUNCIATION: dict[str, tuple[str, ...]] = {}
"""Word -> its phones."""

for _class, _text in _ENTRIES.items():
    _pairs = [entry.split(":") for entry in _text.split()]
    CLASSES[_class] = tuple(word for word, _ in _pairs)
    PRONUNCIATION.update({word: tuple(phones.split(".")) for word, phones in _pairs})
