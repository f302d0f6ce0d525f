"""The pictures of docs/idea.md: counts, one evolution, and what the digits leave.

Run it from the root of the repository; it writes ``docs/_static/idea_counts.svg``,
``idea_evolution.svg`` and ``idea_digits.svg``, and prints the figures of the page. It
takes seconds and needs scikit-learn 1.9, whose estimators call callbacks.
"""

import argparse
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from skset import SETClassifier
from skset.callbacks import TopologyLog
from skset.strategies import RandomGrow, SETDrop
from skset.topology import Rewiring, Topology, carry, evolve, random_topology

OUT = Path(__file__).parents[1] / "_static"
WIDTH, SIDE = 480, 8
# Colours that are seen on white and on black; the same as those of the start page.
# Words have the colour of the site, or else one that suits the system. All rules name
# the class, because the pictures are parts of the page.
OLD, NEW, PIXEL = "#7d8590", "#d9722a", "#2d8bd1"
STYLE = f"""<style>
.idea{{--words:#57606a}}
@media (prefers-color-scheme:dark){{.idea{{--words:#9ca4af}}}}
.idea path,.idea .frame{{fill:none;stroke:{OLD}}}
.idea circle{{fill:{PIXEL}}}
.idea text{{font:15px system-ui,sans-serif;text-anchor:middle}}
.idea text{{fill:var(--pst-color-text-muted,var(--words))}}
.idea .new{{stroke:{NEW}}}
.idea .weak{{stroke-dasharray:3 4}}
</style>"""

Floats = npt.NDArray[np.float64]
Points = list[tuple[float, float]]


def picture(height: int, title: str, parts: list[str]) -> str:
    """Return a picture of these parts."""
    head = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    fit = 'class="idea" style="max-width:100%;height:auto"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {head} {fit} role="img" '
        f'aria-label="{title}">\n{STYLE}\n' + "\n".join(parts) + "\n</svg>\n"
    )


def words(x: float, y: float, text: str) -> str:
    """Return a line of text around x."""
    return f'<text x="{x:g}" y="{y:g}">{text}</text>'


def circles(points: Points, radius: float) -> list[str]:
    """Return a circle for each unit."""
    return [f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}"/>' for x, y in points]


def line(start: tuple[float, float], end: tuple[float, float], look: str) -> str:
    """Return a connection."""
    return f'<path d="M{start[0]:g} {start[1]:g}L{end[0]:g} {end[1]:g}" {look}/>'


def column(n: int, x: float, top: float, bottom: float) -> Points:
    """Return the places of n units above each other."""
    return [(x, float(y)) for y in np.linspace(top, bottom, n).round(1)]


# Dense and sparse.


def network(left: float, density: float, rng: np.random.Generator) -> list[str]:
    """Return a network of 8, 12 and 4 units, and the number of its connections."""
    sizes, parts, total = (8, 12, 4), [], 0
    places = [
        column(n, left + 75 * i, 30 + 4 * (12 - n), 230 - 4 * (12 - n))
        for i, n in enumerate(sizes)
    ]
    for below, above in pairwise(places):
        shape = len(below), len(above)
        layer = random_topology(shape, round(density * shape[0] * shape[1]), rng)
        for position in layer.positions():
            start, end = divmod(int(position), shape[1])
            parts.append(line(below[start], above[end], 'stroke-width="1"'))
        total += layer.nnz
    for points in places:
        parts += circles(points, 5)
    return [*parts, words(left + 75, 262, f"{total} connections")]


def counts() -> str:
    """Return the picture of a dense and of a sparse network."""
    rng = np.random.default_rng(0)
    parts = [words(125, 18, "dense"), *network(50, 1, rng)]
    parts += [words(355, 18, "sparse"), *network(280, 0.2, rng)]
    title = (
        "A dense network of 24 units with 144 connections, and a sparse one with 29."
    )
    return picture(275, title, parts)


# One evolution.


def one_evolution() -> tuple[Topology, Floats, Rewiring]:
    """Return a small layer, its weights, and what an evolution makes of it."""
    rng = np.random.default_rng(39)  # leaves no unit alone, before and after
    topology = random_topology((6, 5), 12, rng)
    weights = rng.normal(size=topology.nnz)
    rewiring = evolve(
        topology, weights, zeta=0.34, drop=SETDrop(), grow=RandomGrow(), rng=rng
    )
    return topology, weights, rewiring


def panel(
    left: float, topology: Topology, look: Callable[[int], str], name: str
) -> list[str]:
    """Return a layer, with the look of each of its connections."""
    inputs, outputs = column(6, left, 45, 205), column(5, left + 110, 60, 190)
    parts = []
    for i, position in enumerate(topology.positions()):
        start, end = divmod(int(position), 5)
        parts.append(line(inputs[start], outputs[end], look(i)))
    return [*parts, *circles(inputs + outputs, 6), words(left + 55, 20, name)]


def evolution() -> str:
    """Return the picture of the layer before, at the drop, and after the growth."""
    topology, weights, rewiring = one_evolution()
    sizes = (0.6 + 2.2 * np.abs(weights)).round(1)
    kept = np.isin(np.arange(topology.nnz), rewiring.source)
    after = carry(sizes, rewiring.source, 1.5)

    def marked(i: int) -> str:
        return f'stroke-width="{sizes[i]}"' + ("" if kept[i] else ' class="weak new"')

    def grown(i: int) -> str:
        is_new = rewiring.source[i] < 0
        return f'stroke-width="{after[i]}"' + (' class="new"' if is_new else "")

    parts = panel(25, topology, lambda i: f'stroke-width="{sizes[i]}"', "trained")
    parts += panel(185, topology, marked, "the weakest go")
    parts += panel(345, rewiring.topology, grown, "as many grow")
    parts += [words(x, 232, f"{topology.nnz} connections") for x in (80, 400)]
    parts.append(words(240, 232, f"{kept.sum()} stay"))
    title = (
        "A small layer: trained, its four weakest connections marked, and four others "
        "grown instead."
    )
    return picture(245, title, parts)


# What the digits leave.


def degrees(seed: int) -> tuple[Floats, Floats]:
    """Return the connections of each pixel before and after a training."""
    X, y = load_digits(return_X_y=True)
    log = TopologyLog(snapshots=1)
    model = SETClassifier((200,), epsilon=5, random_state=seed)
    model.set_callbacks(log).fit(X, y)
    snapshots = [layers[0] for _, layers in sorted(log.snapshots.items())]
    first, last = (
        topology.fan_out.astype(float) for topology in snapshots[:: len(snapshots) - 1]
    )
    return first, last


def squares(left: float, values: Floats, name: str, scale: float) -> list[str]:
    """Return an image of 8 times 8 pixels in a frame; what is more opaque is more."""
    size, length = 17, 17 * SIDE + 3
    parts = [
        f'<rect class="frame" x="{left - 2:g}" y="28" width="{length}" '
        f'height="{length}"/>'
    ]
    for i, value in enumerate(values):
        row, place = divmod(i, SIDE)
        where = f'x="{left + size * place:g}" y="{30 + size * row}"'
        opacity = round(float(min(1.0, value / scale)), 2)
        parts.append(
            f'<rect {where} width="{size - 1}" height="{size - 1}" '
            f'fill="{PIXEL}" fill-opacity="{opacity}"/>'
        )
    return [*parts, words(left + 68, 20, name)]


def digits() -> str:
    """Return three images: the spread of the pixels, connections before and after."""
    X, _ = load_digits(return_X_y=True)
    first, last = degrees(0)
    top = max(first.max(), last.max())
    parts = squares(8, X.std(axis=0), "spread of values", X.std(axis=0).max())
    parts += squares(172, first, "at first", top)
    parts += squares(336, last, "after training", top)
    parts.append(words(312, 186, f"connections of a pixel, up to {top:.0f}"))
    title = (
        "Three images of 8 times 8 pixels: the spread of the pixels' values, their "
        "connections at first, and after training. Pixels that vary have gained "
        "connections, empty ones have lost theirs."
    )
    return picture(200, title, parts)


def told(n_seeds: int) -> str:
    """Return the figures of the page: means and deviations over some seeds."""
    spread = load_digits().data.std(axis=0)
    runs = np.array([degrees(seed) for seed in range(n_seeds)])
    empty = runs[:, :, spread == 0].mean(axis=2)
    alike = np.array([[np.corrcoef(spread, d)[0, 1] for d in run] for run in runs])
    lines = [
        f"{when}: an empty pixel has {np.mean(empty[:, i]):.1f} ± "
        f"{np.std(empty[:, i], ddof=1):.1f} connections, correlation "
        f"{np.mean(alike[:, i]):.2f} ± {np.std(alike[:, i], ddof=1):.2f}"
        for i, when in enumerate(("before", "after"))
    ]
    return "\n".join(lines)


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    for name, draw in (
        ("counts", counts),
        ("evolution", evolution),
        ("digits", digits),
    ):
        (options.out / f"idea_{name}.svg").write_text(draw(), encoding="utf-8")
    print(told(options.seeds))


if __name__ == "__main__":
    main()
