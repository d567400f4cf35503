"""Compares the values of two Arrow files or streams, whatever their types: compare.py A B"""
import sys

import pyarrow as pa


def read(path):
    try:
        table = pa.ipc.open_file(path).read_all()
    except pa.ArrowInvalid:
        table = pa.ipc.open_stream(path).read_all()
    table.validate(full=True)
    return table


a, b = read(sys.argv[1]), read(sys.argv[2])
if a.column_names != b.column_names:
    sys.exit(f"columns {a.column_names} and {b.column_names}")
for name in a.column_names:
    x, y = a[name].to_pylist(), b[name].to_pylist()
    if name == "tz":
        x, y = [v and v.timestamp() for v in x], [v and v.timestamp() for v in y]
    if x != y:
        sys.exit(f"column {name} of {a.schema.field(name).type} and {b.schema.field(name).type}: {x[:9]} and {y[:9]}")
