"""Writes a table of many types, with nulls, as Arrow files and streams: write.py DIR"""
import datetime as dt
import decimal
import sys

import pyarrow as pa

n = 150
dir = sys.argv[1]
null = lambda i, k: i % k == k - 1
pick = lambda k, f: [None if null(i, k) else f(i) for i in range(n)]
text = lambda i: "" if i % 5 == 0 else "x%d" % i if i % 2 else "a string of more than twelve bytes, %d" % i
epoch = dt.datetime(1970, 1, 1)
at = lambda i: epoch + dt.timedelta(days=i * 100 - 5000, seconds=i, microseconds=i * 1001)
ints = pa.array([i % 3 for i in range(n)], pa.int8())
words = pa.array(["red", "green", "a colour with a long name"])
columns = {
    "b": pa.array(pick(4, lambda i: i % 2 == 0)),
    "i8": pa.array(pick(5, lambda i: i - 100 if i < 200 else 0), pa.int8()),
    "i16": pa.array(pick(6, lambda i: i * -200), pa.int16()),
    "i32": pa.array(pick(7, lambda i: i * 1000003), pa.int32()),
    "i64": pa.array(range(n), pa.int64()),
    "u8": pa.array(pick(5, lambda i: 255 - i), pa.uint8()),
    "u16": pa.array(pick(6, lambda i: 65535 - i), pa.uint16()),
    "u32": pa.array(pick(7, lambda i: 2**32 - 1 - i), pa.uint32()),
    "u64": pa.array(pick(8, lambda i: 2**64 - 1 - i), pa.uint64()),
    "f16": pa.array(pick(4, lambda i: i / 2), pa.float16()),
    "f32": pa.array(pick(5, lambda i: i / 4), pa.float32()),
    "f64": pa.array(pick(6, lambda i: i / -8), pa.float64()),
    "d9": pa.array(pick(4, lambda i: decimal.Decimal(i * 7 - 300).scaleb(-2)), pa.decimal128(9, 2)),
    "d38": pa.array(pick(5, lambda i: decimal.Decimal(i * 10**30 + 1).scaleb(-4)), pa.decimal128(38, 4)),
    "d32": pa.array(pick(5, lambda i: decimal.Decimal(i * 3).scaleb(-1)), pa.decimal32(7, 1)),
    "d64": pa.array(pick(5, lambda i: decimal.Decimal(i * -3).scaleb(-1)), pa.decimal64(15, 1)),
    "d256": pa.array(pick(5, lambda i: decimal.Decimal(i * -5).scaleb(-3)), pa.decimal256(30, 3)),
    "s": pa.array(pick(4, text)),
    "ls": pa.array(pick(5, text), pa.large_string()),
    "sv": pa.array(pick(6, text), pa.string_view()),
    "y": pa.array(pick(4, lambda i: text(i).encode()), pa.binary()),
    "ly": pa.array(pick(5, lambda i: text(i).encode()), pa.large_binary()),
    "yv": pa.array(pick(6, lambda i: text(i).encode()), pa.binary_view()),
    "fb": pa.array(pick(7, lambda i: b"%04d" % i), pa.binary(4)),
    "dt": pa.array(pick(4, lambda i: at(i).date()), pa.date32()),
    "d8": pa.array(pick(5, lambda i: at(i).date()), pa.date64()),
    "t0": pa.array(pick(4, lambda i: dt.time(i % 24, i % 60, 7)), pa.time32("s")),
    "t3": pa.array(pick(4, lambda i: dt.time(i % 24, i % 60, 7, i * 1000)), pa.time32("ms")),
    "t6": pa.array(pick(4, lambda i: dt.time(i % 24, i % 60, 7, i * 1000)), pa.time64("us")),
    "t9": pa.array(pick(4, lambda i: dt.time(i % 24, i % 60, 7, i * 1000)), pa.time64("ns")),
    "ts0": pa.array(pick(4, lambda i: at(i).replace(microsecond=0)), pa.timestamp("s")),
    "ts3": pa.array(pick(5, lambda i: at(i).replace(microsecond=i * 1000)), pa.timestamp("ms")),
    "ts6": pa.array(pick(6, at), pa.timestamp("us")),
    "ts9": pa.array(pick(7, at), pa.timestamp("ns")),
    "tz": pa.array(pick(7, at), pa.timestamp("us", "Europe/Rome")),
    "du": pa.array(pick(7, lambda i: dt.timedelta(seconds=i)), pa.duration("ms")),
    "di": pa.DictionaryArray.from_arrays(ints, words),
    "dn": pa.DictionaryArray.from_arrays(pa.array(pick(4, lambda i: i % 3), pa.uint16()), pa.array(["p", None, "q"])),
    "dx": pa.DictionaryArray.from_arrays(ints, pa.array([10, 20, 30])),
    "re": pa.RunEndEncodedArray.from_arrays([50, 100, 150], pa.array(["one", None, "three"])),
    "l": pa.array(pick(4, lambda i: pick(3, lambda k: k)[: i % 4]), pa.list_(pa.int32())),
    "ll": pa.array(pick(4, lambda i: [text(i)] * (i % 3)), pa.large_list(pa.string())),
    "fl": pa.array(pick(4, lambda i: [i, None]), pa.list_(pa.int64(), 2)),
    "lv": pa.ListViewArray.from_arrays([(n - i) % 100 for i in range(n)], [i % 3 for i in range(n)], pa.array(range(102))),
    "r": pa.array(pick(4, lambda i: {"a": i, "b": None if i % 3 else text(i)}), pa.struct([("a", pa.int64()), ("b", pa.string())])),
    "m": pa.array(pick(4, lambda i: [("k%d" % k, k * 1.5) for k in range(i % 3)]), pa.map_(pa.string(), pa.float64())),
    "nn": pa.nulls(n),
    "deep": pa.array(pick(5, lambda i: [{"x": [text(i), None]}] * (i % 2)), pa.list_(pa.struct([("x", pa.list_(pa.string()))]))),
}
table = pa.table(columns)
for name, codec in [("plain", None), ("lz4", "lz4"), ("zstd", "zstd")]:
    options = pa.ipc.IpcWriteOptions(compression=codec, unify_dictionaries=True)
    with pa.ipc.new_file(f"{dir}/{name}.arrow", table.schema, options=options) as w:
        w.write_table(table, max_chunksize=70)
with pa.ipc.new_stream(f"{dir}/stream.arrows", table.schema) as w:
    w.write_table(table, max_chunksize=70)


def show(v, t):
    """v as anabranch shows it in a result."""
    if v is None:
        return "NULL"
    if pa.types.is_dictionary(t):
        return show(v, t.value_type)
    if pa.types.is_run_end_encoded(t):
        return show(v, t.value_type)
    if pa.types.is_map(t):
        return "{" + ", ".join(show(k, t.key_type) + "=" + show(x, t.item_type) for k, x in v) + "}"
    if pa.types.is_struct(t):
        return "(" + ", ".join(show(v[f.name], f.type) for f in t) + ")"
    if isinstance(v, list):
        return "[" + ", ".join(show(x, t.value_type) for x in v) + "]"
    if isinstance(v, bool):
        return str(v).upper()
    if isinstance(v, bytes):
        return v.hex()
    if isinstance(v, dt.timedelta):
        return "+%d %02d:%02d:%02d.000" % (v.days, v.seconds // 3600, v.seconds // 60 % 60, v.seconds % 60)
    if isinstance(v, dt.time):
        return v.strftime("%H:%M:%S.") + "%03d" % (v.microsecond // 1000)
    if pa.types.is_timestamp(t):
        if hasattr(v, "to_pydatetime"):
            v = v.to_pydatetime()
        if t.tz:
            v = v.astimezone(dt.timezone.utc)
        digits = {"s": 0, "ms": 3, "us": 6, "ns": 9}[t.unit]
        return v.strftime("%Y-%m-%d %H:%M:%S") + ("." + ("%06d000" % v.microsecond)[:digits] if digits else "")
    if isinstance(v, decimal.Decimal):
        return f"{v:f}"
    if pa.types.is_float16(t):
        return str(float(v))
    return str(v)


with open(f"{dir}/expect.txt", "w") as f:
    for row in range(n):
        f.write("|".join(show(c[row].as_py(), c.type) for c in columns.values()) + "|\n")
