"""A vendored program of many files: unpacked below `var/`, edited as the lock says, packed, one hash for all."""

import gzip
import hashlib
import shutil
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Final, TypedDict

# What browsers get packed; pictures and fonts are packed by their own formats.
PACKED: Final = frozenset({".css", ".html", ".js", ".json", ".svg", ".wasm"})
PACK_SUFFIX: Final = ".gz"


class Edit(TypedDict):
    """One replacement in the files that a pattern names; `times`: how often it must fit, in all of them together."""

    files: str
    find: str
    put: str
    times: int


class Tree(TypedDict):
    """What of the tarball is kept where below `var/`, how it is edited, and its hash then."""

    source: str
    folder: str
    without: list[str]
    edits: list[Edit]
    sha256: str


class EditError(Exception):
    """An edit that does not fit as often as the lock says: the package is not the one that it was written for."""


def is_kept(tree: Tree, member: str) -> bool:
    """Whether a member of the tarball belongs to the tree."""
    name = member.removeprefix(tree["source"])
    return member.startswith(tree["source"]) and not any(fnmatch(name, left) for left in tree["without"])


def edited(tree: Tree, members: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of the tree by their names, edited. Raise EditError."""
    files = {
        name.removeprefix(tree["source"]): content for name, content in members.items() if is_kept(tree, name)
    }
    for edit in tree["edits"]:
        find, put, found = edit["find"].encode(), edit["put"].encode(), 0
        for name, content in files.items():
            if fnmatch(name, edit["files"]):
                found += content.count(find)
                files[name] = content.replace(find, put)
        if found != edit["times"]:
            raise EditError(f"{edit['find']!r} stands {found} times in {edit['files']}, not {edit['times']}")
    return files


def digest(files: Mapping[str, bytes]) -> str:
    """Return one hash of names and contents."""
    sums = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return hashlib.sha256("".join(sums).encode()).hexdigest()


def write(files: Mapping[str, bytes], folder: Path) -> None:
    """Put the files where browsers find them, all at once, each beside its packed self."""
    draft, old = (folder.with_name(f"{folder.name}.{word}") for word in ("draft", "old"))
    for one in (draft, old):
        shutil.rmtree(one, ignore_errors=True)
    for name, content in files.items():
        path = draft / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if path.suffix in PACKED:
            path.with_name(path.name + PACK_SUFFIX).write_bytes(gzip.compress(content, mtime=0))
    if folder.exists():
        folder.rename(old)
    draft.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def faults(tree: Tree, folder: Path) -> Iterator[str]:
    """Say where what was fetched is no longer what the lock names; nothing where it was not fetched."""
    if not any(folder.glob("*")):
        return
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
    packed = {name: found.pop(name) for name in list(found) if name.endswith(PACK_SUFFIX)}
    if digest(found) != tree["sha256"]:
        yield f"{folder} is not what the lock names; fetch it again"
    for name, content in packed.items():
        if not _is_packed(content, found.get(name.removesuffix(PACK_SUFFIX))):
            yield f"{folder / name} is not its file, packed; fetch it again"


def _is_packed(content: bytes, plain: bytes | None) -> bool:
    try:
        return gzip.decompress(content) == plain
    except (OSError, EOFError):
        return False
