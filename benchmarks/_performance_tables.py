"""Tables of docs/performance.md: steps, deltas in 16 bits, products in prediction."""

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


PERFORMANCE_TABLES = {
    "performance, step": ("step.json", step_rows),
    "performance, halves": ("halves.json", half_rows),
    "performance, predict": ("predict.json", product_rows),
}
