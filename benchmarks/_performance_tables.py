"""Tables of docs/performance.md: steps, 16 bits, predictions, large networks."""

from images import epoch_rows, image_rows, short_rows
from selection_speed import speed_rows

__all__ = ["PERFORMANCE_TABLES"]


def step_rows(results):
    """Return the cost of steps, and their ratio to skset on one thread."""
    rows = [["n", "batch", "who", "ms per step", "ns", "time, ratio"]]
    for result in results:
        size = result["width"], result["batch"]
        own = next(r for r in results if (r["width"], r["batch"]) == size)
        ns = "" if result["who"] == "evolution" else f"{result['ns']:.3f}"
        ratio = result["seconds"] / own["seconds"]
        cells = [result["who"], f"{1e3 * result['seconds']:.2f}", ns, f"{ratio:.2f}"]
        rows.append([f"{size[0]:,}", str(size[1]), *cells])
    return rows


def half_rows(results):
    """Return milliseconds of steps with deltas in 32 and in 16 bits."""
    rows = [["n", "batch", "ms", "ms, bfloat16", "ratio"]]
    for result in results["steps"] if results else ():
        full, half = result["seconds"]
        cells = [f"{1e3 * full:.1f}", f"{1e3 * half:.1f}", f"{full / half:.2f}"]
        rows.append([f"{result['width']:,}", str(result["batch"]), *cells])
    return rows


def product_rows(results):
    """Return milliseconds of the product of a layer with a batch."""
    contestants = ["skset", "scipy", "torch, int32", "torch, int64"]
    rows = [["n", "batch", *contestants]]
    for result in results:
        found = [result.get(who) for who in contestants]
        cells = ["" if s is None else f"{1e3 * s:.3f}" for s in found]
        rows.append([f"{result['n']:,}", str(result["batch"]), *cells])
    return rows


def large_rows(results):
    """Return the time of large networks, and what SET's authors published."""
    rows = [["hidden layers", "batch", "connections", "init, s", "epoch, s"]]
    rows[0] += ["evolution, s", "authors' epoch, s"]
    for result in results:
        connections = f"{result['connections']:,}"
        names = "init_seconds", "epoch_seconds", "evolution_seconds"
        seconds = [short(result[name]) for name in names]
        authors = f"{result['authors']:,}" if result["authors"] else "\N{EN DASH}"
        rows.append([*network(result), connections, *seconds, authors])
    return rows


def large_memory_rows(results):
    """Return the memory of large networks, and what they learned."""
    rows = [["hidden layers", "batch", "peak memory, GB", "bytes at rest"]]
    rows[0] += ["bytes at peak", "loss", "accuracy"]
    for result in results:
        each = [f"{result[name]:.0f}" for name in ("bytes_at_rest", "bytes_at_peak")]
        loss = f"{result['first_loss']:.2f} to {result['last_loss']:.2f}"
        peak, accuracy = f"{result['peak_gb']:.2f}", f"{result['accuracy']:.2f}"
        rows.append([*network(result), peak, *each, loss, accuracy])
    return rows


def network(result):
    """Return the cells that name a large network: its layers and its batch."""
    layers = f"3 x {result['width']:,}"
    if result["epsilon"] != 20:
        layers += f", epsilon {result['epsilon']:g}"
    return [layers, str(result["batch_size"])]


def short(seconds):
    """Return seconds with three digits, or two below one second."""
    return f"{seconds:#.2g}" if seconds < 1 else f"{seconds:#.3g}"


PERFORMANCE_TABLES = {
    "performance, selection": ("selection_speed.json", speed_rows),
    "performance, images": ("images.json", image_rows),
    "performance, image epochs": ("images.json", epoch_rows),
    "images, short": ("images.json", short_rows),
    "performance, step": ("step.json", step_rows),
    "performance, halves": ("halves.json", half_rows),
    "performance, predict": ("predict.json", product_rows),
    "performance, large": ("scale.json", large_rows),
    "performance, large, memory": ("scale.json", large_memory_rows),
}
