"""Tables of docs/onnx.md: how equal answers are, and what models cost."""

__all__ = ["ONNX_TABLES", "WIDE", "cost_rows", "equality_rows", "memory_rows"]

FILE = "onnx_models.json"
WIDE = "three layers"


def equality_rows(results):
    """Return a row for each model: the greatest difference, and equal labels."""
    rows = [["set", "rows x columns", "model", "greatest difference", "equal labels"]]
    for r in results:
        shape = f"{r['rows']:,} x {r['columns']:,}"
        share = "" if r["agreement"] is None else f"{r['agreement']:.1%}"
        rows.append([r["set"], shape, r["model"], f"{r['difference']:.1e}", share])
    return rows


def cost_rows(results):
    """Return a row for each network that has a dense one beside it."""
    header = ["network", "KB", "dense, KB", "1 row, ms", "dense", "skset"]
    rows = [[*header, "1,000 rows, ms", "dense", "skset"]]
    for r in results:
        if "MLP" not in r["bytes"]:
            continue
        ways = ["auto", "gather"] if r["model"] == WIDE else ["auto"]
        rows += [cost_row(r, way) for way in ways]
    return rows


def cost_row(result, way):
    name = result["set"] if way == "auto" else f"{result['set']}, gathered"
    cells = [name, *(f"{result['bytes'][who] / 1e3:,.0f}" for who in (way, "MLP"))]
    for rows in ("1", "1000"):
        seconds = result["seconds"][rows]
        digits = 3 if rows == "1" else 1
        cells += [f"{1e3 * seconds[who]:.{digits}f}" for who in (way, "MLP", "skset")]
    return cells


def memory_rows(results):
    """Return a row for each way to store a wide network: its file, and its memory."""
    names = {"auto": '"auto"', "dense": "False", "gather": '"gather"', "MLP": ""}
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
    "onnx, costs": (FILE, cost_rows),
}
