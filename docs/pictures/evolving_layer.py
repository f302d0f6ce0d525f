"""The moving picture of the start page: the first layer of a network, while it learns.

A real training on scikit-learn's digits. Each line is a connection from a pixel to a
hidden unit. Run it from the root of the repository; it writes
``docs/_static/evolving_layer.svg``, or the file that ``--out`` names. It takes seconds
and needs scikit-learn 1.9, whose estimators call callbacks.
"""

import argparse
import warnings
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from skset import SETClassifier
from skset.callbacks import TopologyLog
from skset.topology import Topology

OUT = Path(__file__).parents[1] / "_static" / "evolving_layer.svg"
WIDTH, HEIGHT, SIDE, N_HIDDEN = 720, 360, 8, 16
SECONDS_PER_EPOCH, SECONDS_AT_THE_END = 0.8, 4
# Colours that are seen on white and on black. Words have the colour of the site, or
# else one that suits the system. Rules of kinds of parts name the class, because the
# picture is a part of the page.
OLD, NEW, PIXEL = "#7d8590", "#d9722a", "#2d8bd1"
STYLE = f"""
.layer{{--words:#57606a}}
@media (prefers-color-scheme:dark){{.layer{{--words:#9ca4af}}}}
.layer path{{fill:none;stroke:{OLD};stroke-width:1}}
.layer .p{{fill:{PIXEL};transform-box:fill-box;transform-origin:center}}
.layer .h{{fill:{NEW}}}
.layer text{{font:15px system-ui,sans-serif}}
.layer text{{fill:var(--pst-color-text-muted,var(--words))}}
@media (max-width:600px){{.layer text{{font-size:24px}}}}
"""


@dataclass(frozen=True)
class Run:
    """What a training left to be drawn, before it and after each epoch."""

    topologies: list[Topology]
    accuracies: list[float]

    @property
    def last(self) -> int:
        """The number of epochs."""
        return len(self.topologies) - 1

    @property
    def seconds(self) -> float:
        """The length of one loop of the picture."""
        return round(self.last * SECONDS_PER_EPOCH + SECONDS_AT_THE_END, 2)

    def share(self, epoch: float) -> float:
        """Return when an epoch ends, in percent of the loop."""
        return round(100 * epoch * SECONDS_PER_EPOCH / self.seconds, 2)

    def stays(self) -> list[tuple[int, int, int]]:
        """Return position, first epoch and last epoch of each connection's stays."""
        positions = [topology.positions() for topology in self.topologies]
        found, since = [], dict.fromkeys(positions[0].tolist(), 0)
        for epoch, (before, after) in enumerate(pairwise(positions), 1):
            gone = np.setdiff1d(before, after).tolist()
            found += [(place, since.pop(place), epoch - 1) for place in gone]
            since |= dict.fromkeys(np.setdiff1d(after, before).tolist(), epoch)
        return found + [(place, first, self.last) for place, first in since.items()]


def trained(n_epochs: int) -> Run:
    """Train on the digits, and read the log. The test rows only count the accuracy."""
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    log = TopologyLog(snapshots=1)
    model = SETClassifier(
        (N_HIDDEN,),
        epsilon=2,
        learning_rate_init=0.01,
        max_iter=n_epochs,
        early_stopping=True,
        n_iter_no_change=n_epochs,
        scoring="accuracy",
        random_state=0,
    )
    model.set_callbacks(log).fit(X, y, X_val=X_test, y_val=y_test)
    topologies = [layers[0] for _, layers in sorted(log.snapshots.items())]
    return Run(topologies, [record["validation_score"] for record in log.records])


def pixel(i: int) -> tuple[float, float]:
    """Return where an input is drawn: as in the image, which stands a little askew."""
    row, column = divmod(i, SIDE)
    return 40 + 34 * column, 50 + 31 * row + 4 * column


def hidden(j: int) -> tuple[float, float]:
    """Return where a hidden unit is drawn."""
    return WIDTH - 30, 46 + 258 * j / (N_HIDDEN - 1)


def stay_frames(run: Run, first: int, last: int) -> str:
    """Return the keyframes of connections that came and went together.

    They are orange when they are new, and fade before they are dropped.
    """
    frames = [] if first else ["0%{opacity:1}"]
    if first:
        new = f"stroke:{NEW};stroke-width:2"
        frames.append(f"0%,{run.share(first - 0.3)}%{{opacity:0;{new}}}")
        frames.append(f"{run.share(first)}%{{opacity:1;{new}}}")
        frames.append(f"{run.share(first + 0.4)}%{{{new}}}")
        frames.append(f"{run.share(first + 0.9)}%{{stroke:{OLD};stroke-width:1}}")
    if last < run.last:
        frames.append(f"{run.share(last + 0.5)}%{{opacity:1}}")
        frames.append(f"{run.share(last + 0.8)}%,100%{{opacity:0}}")
    return "".join(frames)


def stay_rules(run: Run) -> tuple[list[str], list[str]]:
    """Return the rules of a still picture, and those of the moving one."""
    still, moving = [], []
    for first, last in sorted({stay[1:] for stay in run.stays()}):
        name = f"c{first}-{last}"
        if last < run.last:
            still.append(f".{name}{{opacity:0}}")
        if frames := stay_frames(run, first, last):
            moving.append(f"@keyframes {name}{{{frames}}}")
            moving.append(f".{name}{{animation:{name} {run.seconds}s linear infinite}}")
    return still, moving


def pixel_rules(run: Run) -> list[str]:
    """Return how the pixels grow and shrink with their connections."""
    rules = []
    for i in range(SIDE * SIDE):
        degrees = [int(topology.fan_out[i]) for topology in run.topologies]
        frames = [
            f"{run.share(epoch)}%{{transform:scale({size(n)})}}"
            for epoch, n in enumerate(degrees)
        ]
        ends = f"100%{{transform:scale({size(degrees[-1])})}}"
        rules.append(f"@keyframes p{i}{{{''.join(frames)}{ends}}}")
        rules.append(f"#p{i}{{animation:p{i} {run.seconds}s linear infinite}}")
    return rules


def size(n_connections: int) -> float:
    """Return the scale of a pixel: its area grows with its connections."""
    return round(0.35 + 0.3 * n_connections**0.5, 2)


def label_rules(run: Run) -> tuple[list[str], list[str]]:
    """Return which label is seen when."""
    still = [f".t{epoch}{{opacity:0}}" for epoch in range(run.last)]
    moving = []
    for epoch in range(run.last + 1):
        start, end = run.share(epoch), run.share(epoch + 1)
        frames = f"0%{{opacity:{int(epoch == 0)}}}{start}%{{opacity:1}}"
        if epoch < run.last:
            frames += f"{end}%,100%{{opacity:0}}"
        moving.append(f"@keyframes t{epoch}{{{frames}}}")
        moving.append(
            f".t{epoch}{{animation:t{epoch} {run.seconds}s steps(1) infinite}}"
        )
    return still, moving


def style(run: Run) -> str:
    """Return the style sheet. Who asked for no motion sees the last epoch."""
    still, moving = stay_rules(run)
    labels, changing = label_rules(run)
    sheet = "\n".join([STYLE.strip(), *still, *labels])
    motion = "\n".join([*moving, *pixel_rules(run), *changing])
    return f"{sheet}\n@media (prefers-reduced-motion:no-preference){{\n{motion}\n}}"


def connections(run: Run) -> list[str]:
    """Return the lines, curved so that they can be told apart."""
    found = []
    for place, first, last in run.stays():
        (x, y), (u, v) = pixel(place // N_HIDDEN), hidden(place % N_HIDDEN)
        bend = round((x + u) / 2)
        curve = f"M{x} {y}C{bend} {y} {bend} {v:.0f} {u} {v:.0f}"
        found.append(f'<path class="c{first}-{last}" d="{curve}"/>')
    return found


def units(run: Run) -> list[str]:
    """Return the circles. A pixel is as large as at the end, if nothing moves."""
    degrees = run.topologies[-1].fan_out
    pixels = [
        f'<g id="p{i}" class="p" style="transform:scale({size(int(degrees[i]))})">'
        f'<circle cx="{pixel(i)[0]}" cy="{pixel(i)[1]}" r="9"/></g>'
        for i in range(SIDE * SIDE)
    ]
    return pixels + [
        f'<circle class="h" cx="{hidden(j)[0]}" cy="{hidden(j)[1]:.0f}" r="6"/>'
        for j in range(N_HIDDEN)
    ]


def labels(run: Run) -> list[str]:
    """Return the words: which epoch it is, and how good the network is."""
    nnz, possible = run.topologies[0].nnz, SIDE * SIDE * N_HIDDEN
    right = WIDTH - 22
    found = [
        '<text x="28" y="26">64 pixels</text>',
        f'<text x="{right}" y="26" text-anchor="end">{N_HIDDEN} hidden units</text>',
        f'<text x="{right}" y="346" text-anchor="end">'
        f"{nnz} of {possible:,} connections</text>",
    ]
    for epoch, accuracy in enumerate([None, *run.accuracies]):
        told = "random" if accuracy is None else f"accuracy {accuracy:.0%}"
        words = f"epoch {epoch}: {told}"
        found.append(f'<text x="28" y="346" class="t{epoch}">{words}</text>')
    return found


def drawn(run: Run) -> str:
    """Return the picture."""
    title = (
        "Connections from the 64 pixels of an image to 16 hidden units. "
        "In each epoch weak ones disappear and new ones grow."
    )
    parts = [*connections(run), *units(run), *labels(run)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'class="layer" role="img" aria-label="{title}">\n<style>{style(run)}</style>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    options.out.write_text(drawn(trained(options.epochs)), encoding="utf-8")


if __name__ == "__main__":
    main()
