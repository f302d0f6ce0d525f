"""Tables of docs/onnx.md: how equal answers are, and what models cost."""

__all__ = [
    "ONNX_TABLES",
    "WIDE",
    "equality_rows",
    "memory_rows",
    "size_rows",
    "time_rows",
]

FILE = "onnx_models.json"
WIDE = "three layers"
NONE = "\N{EN DASH}"


def equality_rows(results):
    """Return a row for each model: the greatest difference, and equal labels."""
    rows = [["set", "rows x columns", "model", "greatest difference", "equal labels"]]
    for r in results:
        shape = f"{r['rows']:,} x {r['columns']:,}"
        share = NONE if r["agreement"] is None else f"{r['agreement']:.1%}"
        rows.append([r["set"], shape, r["model"], f"{r['difference']:.1e}", share])
    return rows


def with_dense(results):
    """Yield name, way and result of each network that has a dense one beside it."""
    for r in results:
        if "MLP" in r["bytes"]:
            yield r["set"], "auto", r
            if r["model"] == WIDE:
                yield f"{r['set']}, gathered", "gather", r


def size_rows(results):
    """Return the size of the file of each network, and of the dense one."""
    rows = [["network", "ONNX, KB", "dense ONNX, KB"]]
    for name, way, r in with_dense(results):
        rows.append([name, *(f"{r['bytes'][who] / 1e3:,.0f}" for who in (way, "MLP"))])
    return rows


def time_rows(results):
    """Return milliseconds of calls of each network, of the dense one, and of skset."""
    whos = "ONNX", "dense ONNX", "skset"
    lengths = {"1": "1 row", "1000": "1,000 rows"}
    each = [f"{length}: {who}, ms" for length in lengths.values() for who in whos]
    rows = [["network", *each]]
    for name, way, r in with_dense(results):
        cells = [name]
        for length in lengths:
            digits = 3 if length == "1" else 1
            seconds = [r["seconds"][length][who] for who in (way, "MLP", "skset")]
            cells += [f"{1e3 * s:.{digits}f}" for s in seconds]
        rows.append(cells)
    return rows


def memory_rows(results):
    """Return a row for each way to store a wide network: its file, and its memory."""
    names = {"auto": '"auto"', "dense": "False", "gather": '"gather"', "MLP": NONE}
    rows = [["network", "sparse", "file, MB", "in the runtime, MB"]]
    for r in results:
        for way, megabytes in r.get("megabytes", {}).items():
            name = "dense MLP" if way == "MLP" else r["set"]
            size = f"{r['bytes'][way] / 1e6:.1f}"
            rows.append([name, names[way], size, f"{megabytes:.0f}"])
    return rows


ONNX_TABLES = {
    "onnx, memory": (FILE, memory_rows),
    "onnx, equality": (FILE, equality_rows),
    "onnx, sizes": (FILE, size_rows),
    "onnx, times": (FILE, time_rows),
}
