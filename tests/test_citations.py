"""A run's references.bib holds what its methods cite, and nothing else."""

import ast
import re
import sys
from pathlib import Path

import pytest

from brainalign import methods
from brainalign.citations import cited, library, write_references
from brainalign.config import conf_folder

ENTRY = re.compile(r"@(article|book|inproceedings|misc)\{([a-z]+\d{4}),\n((?:  [a-z]+ = \{.*\},?\n)+)\}")


def test_every_entry_parses_and_has_a_citation_and_key_of_its_own():
    keys = []
    for text in library().values():
        found = ENTRY.fullmatch(text)
        assert found, text
        fields = dict(re.findall(r"^  ([a-z]+) = \{(.*)\},?$", found[3], re.MULTILINE))
        assert {"author", "title", "year"} <= set(fields) and found[2].endswith(fields["year"])
        assert text.count("{") == text.count("}")
        keys.append(found[2])
    assert (
        len(set(keys)) == len(keys) == Path(methods.__file__).with_name("references.bib").read_text().count("\n@") + 1
    )


@pytest.mark.parametrize("card", sorted({
    line.split('"')[1] for file in [*conf_folder().glob("model/*.yaml"), *conf_folder().glob("data/*.yaml")]
    for line in file.read_text().splitlines() if line.strip().startswith('reference: "')
}))  # fmt: skip
def test_the_paper_of_each_published_model_and_data_set_is_there_by_its_title(card):
    (entry,) = cited([card])
    title = re.search(r"title = \{(.*)\}", entry)[1]
    assert re.sub(r"[{}\\]", "", title).replace("``", "“").replace("''", "”") in card


def test_what_the_methods_name_has_an_entry():
    for paper in methods.PAPERS.values():
        assert paper in library()
    assert "Holm 1979" in methods.CORRECTIONS["holm"] and len(cited([methods.CORRECTIONS["holm"]])) == 1
    assert len(cited([methods.CORRECTIONS["fdr"]])) == 1 and len(cited([methods.CORRECTIONS["max"]])) == 1


def test_only_software_that_was_loaded_is_named_and_cited(monkeypatch):
    for module in ("transformers", "mlflow"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    text = methods.software()
    assert "transformers" not in text and "mlflow" not in text and "Harris et al. 2020" in text
    assert not {"wolf2020", "zaharia2018"} & {entry.split("{")[1].split(",")[0] for entry in cited([text])}
    monkeypatch.setitem(sys.modules, "transformers", methods)
    assert "Wolf et al. 2020" in methods.software()


NAMED = re.compile(r"\b((?:de )?[A-Z][\w-]+(?: et al\.| and [A-Z][\w-]+)? (?:19|20)\d\d)\b")
"""A citation in a text."""
PACKAGE = Path(methods.__file__).parent
TEXTS = [PACKAGE / "methods.py", *PACKAGE.glob("analysis/*/__init__.py"), *PACKAGE.glob("data/readers/*.py")]


def sentences(path):
    """Strings of a module that are no docstring."""
    tree = ast.parse(path.read_text())
    bodies = [n.body for n in ast.walk(tree) if isinstance(n, ast.Module | ast.ClassDef | ast.FunctionDef)]
    docs = {id(body[0].value) for body in bodies if body and isinstance(body[0], ast.Expr)}
    return [
        n.value
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in docs
    ]


def test_no_citation_of_any_analysis_lacks_its_entry():
    found = {name for path in TEXTS for text in sentences(path) for name in NAMED.findall(text)}
    assert {"Zou and Hastie 2005", "Schatz et al. 2013", "Sahani and Linden 2003"} <= found
    assert not found - set(library())


def test_a_file_has_what_is_cited_once_and_nothing_else(tmp_path):
    write_references(
        tmp_path / "r.bib", ["By Sahani and Linden 2003.", "Again (Sahani and Linden 2003); XHolm 1979, Holm 19790."]
    )
    text = (tmp_path / "r.bib").read_text()
    assert text.count("@") == 1 and "{sahani2003," in text
