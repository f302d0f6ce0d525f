"""Check all internal links, pictures and anchors of a built site.

``python docs/checks/links.py FOLDER``, with the folder that ``sphinx-build -b html``
wrote. ``--root /docs/`` says where on its host the site lies, if it was built for an
address. It needs the standard library only. It fails if a page links to a file or an
anchor that is not there, if two elements of a page have one id, or if a page loads
anything from another host.
"""

import argparse
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlparse

# Elements that load what they name.
LOADING = {"img", "script", "source", "iframe", "video"}


class Page(HTMLParser):
    """What a page links to, what it loads, and where it can be linked to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of an element."""
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids[given["id"]] += 1
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag == "link" and "stylesheet" in given.get("rel", ""):
            self.loaded.append(given["href"])
        if tag in LOADING and given.get("src"):
            self.loaded.append(given["src"])


class Site:
    """The pages of a folder."""

    def __init__(self, folder: Path, root: str) -> None:
        self.folder, self.root = folder.resolve(), root
        paths = [
            path
            for path in sorted(self.folder.rglob("*.html"))
            if path.relative_to(self.folder).parts[0] != "_static"  # templates
        ]
        self.pages = {path: Page(path) for path in paths}

    def problem(self, path: Path, address: str) -> str | None:
        """Return what is wrong with an address on a page, or None."""
        parts = urlparse(address)
        if parts.scheme or parts.netloc:
            return None
        if not parts.path:
            target = path
        elif parts.path.startswith("/"):  # on the 404 page
            target = self.folder / unquote(parts.path).removeprefix(self.root)
        else:
            target = (path.parent / unquote(parts.path)).resolve()
        if target.is_dir():
            target /= "index.html"
        if not target.exists():
            return "no such file"
        anchor = unquote(parts.fragment)
        page = self.pages.get(target)
        # viewcode knows one name of each source file, and links back by that one. Such
        # a link ends at the top of the right page.
        from_source = path.relative_to(self.folder).parts[0] == "_modules"
        if anchor and page and anchor not in page.ids and not from_source:
            return "no such anchor"
        return None

    def problems(self, path: Path) -> list[str]:
        """Return all that is wrong with a page."""
        page = self.pages[path]
        addresses = dict.fromkeys([*page.links, *page.loaded])
        found = [(a, self.problem(path, a)) for a in addresses]
        lines = [f"{address}: {why}" for address, why in found if why]
        lines += [f"{a}: from another host" for a in page.loaded if urlparse(a).netloc]
        return lines + [f"#{i}: {n} times" for i, n in page.ids.items() if n > 1]


def main() -> None:
    """Print all problems, and exit with 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--root", default="/")
    options = parser.parse_args()
    site = Site(options.folder, options.root)
    lines = [
        f"{path.relative_to(site.folder)}: {line}"
        for path in site.pages
        for line in site.problems(path)
    ]
    print("\n".join(lines))
    n_links = sum(len(page.links) for page in site.pages.values())
    print(f"{len(site.pages)} pages, {n_links} links, {len(lines)} problems")
    sys.exit(bool(lines) or not site.pages)


if __name__ == "__main__":
    main()
