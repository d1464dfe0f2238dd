"""Files whose content has not been fetched: placeholders of git-annex and Git LFS."""

from __future__ import annotations

from pathlib import Path

from brainalign.errors import BrainalignError

SMALL = 1024
"""Bytes that a placeholder has at most."""

LFS = b"version https://git-lfs.github.com/spec"
ANNEX = "/annex/objects/"


def check_fetched(path: Path) -> None:
    r"""Refuse a file that is a placeholder of its content.

    Raises:
        BrainalignError: It is one; the sentence says how the content is fetched.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "sub-01_ieeg.edf"
        >>> _ = path.write_text("version https://git-lfs.github.com/spec/v1\n")
        >>> check_fetched(path)  # doctest: +NORMALIZE_WHITESPACE, +ELLIPSIS
        Traceback (most recent call last):
        ...
        brainalign.errors.BrainalignError: ...sub-01_ieeg.edf is a Git LFS placeholder, its content has not been
        fetched; `git lfs pull` fetches it.
    """
    if path.is_symlink() and not path.exists():
        target = str(path.readlink())
        how = "; `datalad get` or `git annex get` fetches it" if ANNEX in target.replace("\\", "/") else ""
        raise BrainalignError(
            f"{path} is a link to {target}, which is not there: its content has not been fetched{how}."
        )
    if not path.is_file() or path.stat().st_size > SMALL:
        return
    with path.open("rb") as file:
        content = file.read(SMALL)
    if content.startswith(LFS):
        raise BrainalignError(
            f"{path} is a Git LFS placeholder, its content has not been fetched; `git lfs pull` fetches it."
        )
    text = content.decode("utf-8", errors="ignore").strip()
    if ANNEX in text and "\n" not in text:
        raise BrainalignError(
            f"{path} is a git-annex placeholder, its content has not been fetched; `datalad get` or `git annex "
            f"get` fetches it."
        )
