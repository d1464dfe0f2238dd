"""Passwords, tokens and keys, hidden: the one place that knows what a secret looks like.

Everything that a run writes, logs or prints goes through :func:`hide_secrets` (text) or :func:`hide_in` (settings, by their keys).
What it cannot tell from other text is hidden as well: rather a word too many than a password in a paper's supplement.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import traceback
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import unquote

HIDDEN = "***"

_NAME = (
    r"(?:[\w.\-/@+~]*?(?:password|passwd|passphrase|secret|token|(?:api|account|access)[_\-]?key|credentials?)"
    r"|[\w.\-/@+~]*?_(?:key|key_id|auth|pass|pwd|pat)|pwd|authorization"
    r"|(?-i:[\w.\-/@+~]*?(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN(?!I)|CREDENTIAL)[A-Z0-9_]*))"
)
"""A name that says so: HF_TOKEN, sslpassword, aws_secret_access_key, AccountKey, hydra.job.env_set.MY_KEY, SECRET_OF_THE_LAB."""

_HARMLESS = r"(?:null|none|true|false|auto|yes|no|\*\*\*|''|\"\")"
"""What no secret is: ``features.begin_token: auto`` is a setting."""

_NEXT = r"[\s,]+[+~]*[\w.@/\-]+="
"""Begin of the next word of a command line, or the next item of a list of overrides."""

_INSIDE = r"(?!['\"](?:[\s,)\]}]|$))"
"""A quote that closes something ends a secret, one within does not."""

_URL = re.compile(
    rf"(?<=://)(?=[^/\s])(?:(?:{_INSIDE}[^\s/@:])*:(?!\d+(?:[/\s]|$))(?:(?!{_NEXT}){_INSIDE}[^\n])*@|(?:(?!{_NEXT}){_INSIDE}\S)*@)",
    re.MULTILINE,
)
"""All that stands before a host: a user, a token, or a password, which may hold slashes, blanks and at signs."""

_QUOTED = r"(?:\\(?P<e>['\"])(?:(?!\\(?P=e)).)*\\(?P=e)|(?P<q>['\"])(?:\\.|(?P=q){2}|(?!(?P=q)).)*(?P=q))"
"""In quotes, which may be escaped themselves; within, a quote is escaped or doubled."""
_EQUALS = re.compile(
    rf"(?i)(?<!\w)({_NAME}['\"]?\s*=\s*)(?!{_HARMLESS}(?:$|[\s,;&}}\])'\"]))(?:{_QUOTED}|(?:(?![,;]\s*[\w.@/+~\-]+=)[^\s&])+)"
)
_LINE = re.compile(rf"(?im)(^\s*(?:-\s+)?['\"]?{_NAME}['\"]?\s*:\s+)(?!{_HARMLESS}\s*$|[|>]?\s*$)\S[^\n]*")
_FLOW = re.compile(
    rf"(?im)((?:^|[\[{{(,])\s*['\"]?{_NAME}['\"]?\s*:\s*)(?!{_HARMLESS}\s*(?:$|[,}}\])]))(?!\s|//)(?:{_QUOTED}|[^,}}\])\n]+)"
)
_HEADER = re.compile(
    r"(?i)\b((?:proxy-)?authorization['\"]?\s*[:=]\s*['\"]?)(?:(?:bearer|basic|token|digest)\s+)?[^\s'\"]+|\b((?:bearer|basic)\s+)[\w.~+/\-]{8,}=*"
)
_KNOWN_SHAPES = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w\-]{16,}|sk-[\w\-]{20,}|AKIA[0-9A-Z]{16}|dapi[0-9a-f]{32})\b"
)
_BLOCK = re.compile(rf"(?im)(^\s*(?:-\s+)?['\"]?{_NAME}['\"]?\s*:[ \t]+)[|>][+\-\d]*[ \t]*(?:\n(?:[ \t]+[^\n]*)?)+")
_QUERY = re.compile(r"(?i)([?&](?:sig|(?:x-\w+-)?(?:signature|credential))=)[^\s&'\"]+")
"""Signed addresses of stores of objects."""

_OPTION = re.compile(rf"(?i)((?<!\S)--?{_NAME}[ \t]+)(?!-)[^\s'\"]+")
_SECRET_NAME = re.compile(rf"(?i)^{_NAME}$")
_KEEPS_IT = re.compile(rf"(?i)^[+~]*{_NAME}=")
_LEAST = 8
"""Characters of a value of the environment from which it is looked for in all text."""


def hide_secrets(text: str) -> str:
    """Replace what looks like a password, token or key by ``***``.

    Args:
        text: Any; a command line's word, a sentence, a line of YAML or JSON, a traceback.

    Example:
        >>> hide_secrets("postgresql://me:p/w@db/x"), hide_secrets("https://TOKEN@host/mlflow")
        ('postgresql://***@db/x', 'https://***@host/mlflow')
        >>> hide_secrets("hydra.job.env_set={HF_TOKEN:abc,A:b}"), hide_secrets("Authorization: Bearer abc")
        ('hydra.job.env_set={HF_TOKEN:***,A:b}', 'Authorization: ***')
    """
    if _KEEPS_IT.match(text) and "\n" not in text and not re.search(_NEXT, text):  # one word: a secret may hold blanks
        name, _, value = text.partition("=")
        return text if re.fullmatch(_HARMLESS, value.strip(), re.IGNORECASE) else f"{name}={HIDDEN}"
    for value in _of_environment():
        text = text.replace(value, HIDDEN)
    text = _URL.sub(f"{HIDDEN}@", text)
    text = _HEADER.sub(lambda found: f"{found[1] or found[2]}{HIDDEN}", text)
    text = _BLOCK.sub(rf"\g<1>{HIDDEN}\n", text)
    for form in (_QUERY, _OPTION, _EQUALS, _LINE, _FLOW):
        text = form.sub(rf"\g<1>{HIDDEN}", text)
    return _KNOWN_SHAPES.sub(HIDDEN, text)


def hide_in(value: Any) -> Any:
    """Settings, nested, without the values of keys that name secrets, and with all text hidden.

    Example:
        >>> hide_in({"env_set": {"HF_TOKEN": "x y"}, "uri": "http://me:pw@host", "begin_token": None, "n": 3})
        {'env_set': {'HF_TOKEN': '***'}, 'uri': 'http://***@host', 'begin_token': None, 'n': 3}
    """
    if isinstance(value, Mapping):
        return {key: _by_key(key, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [hide_in(item) for item in value]
    return hide_secrets(value) if isinstance(value, str) else value


@lru_cache(maxsize=1024)  # the environment is asked at each line that is printed
def names_secret(key: str) -> bool:
    """Whether a setting of this name holds a secret.

    Example:
        >>> names_secret("MY_API_KEY"), names_secret("sslpassword"), names_secret("tokenizer"), names_secret("keys")
        (True, True, False, False)
    """
    return _SECRET_NAME.match(key) is not None


def _by_key(key: Any, item: Any) -> Any:
    if isinstance(item, Mapping | list | tuple):
        return hide_in(item)
    plain = item is None or isinstance(item, bool) or re.fullmatch(_HARMLESS, str(item).strip(), re.IGNORECASE)
    return HIDDEN if names_secret(str(key)) and not plain and str(item) else hide_in(item)


def _of_environment() -> list[str]:
    """Values of environment variables whose names say that they are secret: a library may quote one without its name."""
    return _values(tuple(sorted((k, v) for k, v in os.environ.items() if names_secret(k) and len(v) >= _LEAST)))


@lru_cache(maxsize=8)
def _values(named: tuple[tuple[str, str], ...]) -> list[str]:
    found = {spelled for name, v in named if not Path(v).exists() for spelled in (v, unquote(v))}
    return sorted(found, key=len, reverse=True)


def hide_in_files(folder: Path) -> None:
    """Hide what the YAML files of a folder hold, as Hydra's ``.hydra``: it writes them before a run has its say.

    Args:
        folder: It may be missing.
    """
    import yaml

    for file in sorted(folder.glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        try:
            content = yaml.safe_load(text)
            hidden = hide_in(content)
            changed = text if hidden == content else yaml.safe_dump(hidden, sort_keys=False, allow_unicode=True)
        except yaml.YAMLError:
            changed = hide_secrets(text)
        if changed != text:
            temporary = file.with_name(f".{file.name}.{os.getpid()}")
            temporary.write_text(changed, encoding="utf-8")
            temporary.replace(file)


class HidingFilter(logging.Filter):
    """Lets every record pass, without its secrets: for the handlers of the console and of a run's log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Hide the message, and the traceback where there is one."""
        record.msg, record.args = hide_secrets(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = hide_secrets("".join(traceback.format_exception(*record.exc_info)).rstrip())
        return True


def hide_in_logs() -> None:
    """Let no handler of the root logger write a secret."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(f, HidingFilter) for f in handler.filters):
            handler.addFilter(HidingFilter())


def told_without_secrets(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """In place of ``sys.excepthook``: the same traceback, hidden."""
    sys.stderr.write(hide_secrets("".join(traceback.format_exception(kind, error, trace))))
