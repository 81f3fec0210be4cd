"""Vendored browser files: fetched by npm once, verified offline by hash for ever."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NotRequired, TypedDict

import click

from app import settings
from app.cli import vendor_tree
from app.cli.vendor_tree import EditError, Tree

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "vendor.lock.json"
VENDOR = Path("static/vendor")
SPRITE_BODY = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


class LockedFile(TypedDict):
    """One file taken out of a package; `source` is its path inside the tarball."""

    source: str
    path: str
    sha256: str


class LockedPackage(TypedDict):
    """One pinned npm package; one with `icons` gives symbols to the sprite, one with a `tree` a folder below `var/`."""

    name: str
    version: str
    integrity: str
    licence: str
    files: list[LockedFile]
    icons: NotRequired[list[str]]
    own: NotRequired[list[str]]
    tree: NotRequired[Tree]


def read_lock() -> list[LockedPackage]:
    """Return the packages of the lock file."""
    packages: list[LockedPackage] = json.loads(LOCK.read_text(encoding="utf-8"))["packages"]
    return packages


def write_lock(packages: list[LockedPackage]) -> None:
    """Write the lock file, stable to the byte."""
    text = json.dumps({"packages": packages}, indent=1, ensure_ascii=False)
    LOCK.write_text(text + "\n", encoding="utf-8")


def faults(packages: list[LockedPackage], root: Path = ROOT) -> Iterator[str]:
    """Name every locked file that is missing or changed, and every vendored one that is not locked."""
    locked = {file["path"]: file["sha256"] for package in packages for file in package["files"]}
    for path, sha256 in locked.items():
        if not (root / path).is_file():
            yield f"{path} is missing"
        elif _sha256((root / path).read_bytes()) != sha256:
            yield f"{path} is not the file of the lock"
    for found in sorted((root / VENDOR).rglob("*")):
        path = found.relative_to(root).as_posix()
        if found.is_file() and path not in locked:
            yield f"{path} is not in the lock"


def build_sprite(package: LockedPackage, read: dict[str, bytes], root: Path = ROOT) -> bytes:
    """Join the named icons of the tarball and our own marks into one file of symbols."""
    symbols = [
        _symbol(name, read[f"package/icons/{name}.svg"].decode()) for name in sorted(package.get("icons", []))
    ]
    symbols += [
        _symbol(Path(own).stem, (root / own).read_text(encoding="utf-8")) for own in package.get("own", [])
    ]
    lines = ['<svg xmlns="http://www.w3.org/2000/svg">', *symbols, "</svg>", ""]
    return "\n".join(lines).encode()


@click.group("vendor")
def vendor() -> None:
    """Browser files of other people: pinned, hashed, licensed."""


@vendor.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--accept", is_flag=True, help="Write new hashes into the lock instead of refusing them.")
def fetch(names: tuple[str, ...], *, accept: bool) -> None:
    """Fetch the packages of these names, or all, with `npm pack`; refuse what does not match the lock."""
    packages = read_lock()
    unknown = set(names) - {package["name"] for package in packages}
    if unknown:
        message = f"Not in the lock: {', '.join(sorted(unknown))}."
        raise click.ClickException(message)
    fetched = 0
    for package in packages:
        if names and package["name"] not in names:
            continue
        members = _pack(package, accept=accept)
        for file in package["files"]:
            content = (
                build_sprite(package, members) if file["source"] == "sprite" else members[file["source"]]
            )
            _keep(file, content, accept=accept)
        fetched += len(package["files"])
        if "tree" in package:
            fetched += _keep_tree(package["tree"], members, accept=accept)
    if accept:
        write_lock(packages)
    click.echo(f"{fetched} files fetched.")


@vendor.command()
def verify() -> None:
    """Compare every vendored file with the lock; needs no network."""
    packages = read_lock()
    found = list(faults(packages))
    for package in packages:
        if "tree" in package:
            found += vendor_tree.faults(package["tree"], _folder(package["tree"]))
    if found:
        raise click.ClickException("; ".join(found))
    click.echo("Every vendored file is the locked one.")


@vendor.command()
def icons() -> None:
    """Build the icon sprite again from the names in the lock."""
    packages = read_lock()
    for package in packages:
        if "icons" not in package:
            continue
        members = _pack(package, accept=False)
        for file in package["files"]:
            made = file["source"] == "sprite"
            content = build_sprite(package, members) if made else members[file["source"]]
            _keep(file, content, accept=made)  # the sprite is ours: a new icon is a new hash
        click.echo(f"{len(package['icons'])} icons joined.")
    write_lock(packages)


def _pack(package: LockedPackage, *, accept: bool) -> dict[str, bytes]:
    """Return the members that the lock names of the package's tarball, after its integrity was checked."""
    npm = shutil.which("npm")
    if npm is None:
        message = "npm is not installed; it is needed to fetch, not to run."
        raise click.ClickException(message)
    spec = f"{package['name']}@{package['version']}"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(  # noqa: S603 - fixed program, names from our own lock
            [npm, "pack", spec, "--silent", "--pack-destination", folder],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            message = f"npm could not pack {spec}."
            raise click.ClickException(message)
        tarball = next(Path(folder).glob("*.tgz"))
        digest = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
        if accept:
            package["integrity"] = f"sha512-{digest}"
        if package["integrity"] != f"sha512-{digest}":
            message = f"{spec} is not the package of the lock."
            raise click.ClickException(message)
        with tarfile.open(tarball) as archive:
            return {
                member.name: stream.read()
                for member in archive
                if member.isfile()
                and _is_wanted(package, member.name)
                and (stream := archive.extractfile(member)) is not None
            }


def _keep(file: LockedFile, content: bytes, *, accept: bool) -> None:
    """Write one file into the tree if its hash is the locked one."""
    sha256 = _sha256(content)
    if accept:
        file["sha256"] = sha256
    if file["sha256"] != sha256:
        message = f"{file['path']} would not be the file of the lock."
        raise click.ClickException(message)
    path = ROOT / file["path"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _is_wanted(package: LockedPackage, member: str) -> bool:
    """Whether a member is kept: a package may bring four times what is needed of it."""
    if "tree" not in package:
        return True
    return vendor_tree.is_kept(package["tree"], member) or any(
        file["source"] == member for file in package["files"]
    )


def _folder(tree: Tree) -> Path:
    return settings.current().var_dir / tree["folder"]


def _keep_tree(tree: Tree, members: dict[str, bytes], *, accept: bool) -> int:
    """Write a tree below `var/` if, edited, it has the locked hash; return how many files it has."""
    try:
        files = vendor_tree.edited(tree, members)
    except EditError as error:
        raise click.ClickException(str(error)) from error
    found = vendor_tree.digest(files)
    if accept:
        tree["sha256"] = found
    if tree["sha256"] != found:
        message = f"{tree['folder']} would not be what the lock names."
        raise click.ClickException(message)
    vendor_tree.write(files, _folder(tree))
    return len(files)


def _symbol(name: str, svg: str) -> str:
    """Turn one 24 x 24 drawing into a symbol; stroke and fill come from the class `icon`."""
    body = SPRITE_BODY.search(svg)
    if body is None:
        message = f"{name} is not an SVG drawing."
        raise click.ClickException(message)
    inner = re.sub(r"\s*\n\s*", "", body[1])
    return f'<symbol id="{name}" viewBox="0 0 24 24">{inner}</symbol>'


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
