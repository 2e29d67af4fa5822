"""Compares exports of a dataset with its records, by other readers than ours: test_exports.py DATASET WEBDATASET NPY PARQUET"""

import glob
import io
import json
import math
import os
import sys
import tarfile

import numpy

from reelmine_reader import Dataset

ENDINGS = {"jpeg": "jpg", "png": "png", "webp": "webp"}


def same(value, other):
    if isinstance(other, float) and math.isnan(other):
        return value == "NaN" or (isinstance(value, float) and math.isnan(value))
    return value == other and (not isinstance(other, float) or math.copysign(1, value) == math.copysign(1, other))


def pictures_of(value):
    """The pictures of a field, row by row."""
    return [value] if isinstance(value, dict) else [picture for item in value for picture in pictures_of(item)]


def check_webdataset(dataset, folder):
    """By tarfile and numpy: what follows each other under one name is a sample."""
    groups, last = [], None
    for path in sorted(glob.glob(os.path.join(folder, "*.tar"))):
        with tarfile.open(path) as tar:
            for member in tar:
                assert member.isfile() and member.mtime == 0 and member.uid == 0 and member.uname == "", member
                name, _, extension = member.name.partition(".")
                if name != last:
                    groups.append({})
                    last = name
                assert extension not in groups[-1], member.name
                groups[-1][extension] = tar.extractfile(member).read()
    assert len(groups) == len(dataset), (len(groups), len(dataset))
    for ordinal, files in enumerate(groups):
        record, used = dataset[ordinal], {"json"}
        about = json.loads(files["json"])
        for name in ("key", "source", "shot", "pts", "timeBase"):
            assert about[name] == record.pop(name), name
        assert (about["labels"] or {}) == record.pop("labels")
        assert set(about["fields"]) == set(record)
        for name, value in record.items():
            if isinstance(value, numpy.ndarray):
                array = numpy.load(io.BytesIO(files[f"{name}.npy"]))
                assert array.dtype == value.dtype and array.shape == value.shape and array.tobytes() == value.tobytes(), name
                used.add(f"{name}.npy")
            elif "image" in dataset.header["fields"][name]["dtype"]:
                for i, picture in enumerate(pictures_of(value)):
                    middle = "" if isinstance(value, dict) else f".{i}"
                    extension = f"{name}{middle}.{ENDINGS[picture['image']]}"
                    assert files[extension] == picture["data"], extension
                    used.add(extension)
            else:
                assert same(about["fields"][name], value), (name, about["fields"][name], value)
        assert used == set(files), used ^ set(files)
    return len(groups)


def check_npy(dataset, folder):
    """By numpy's memory maps: a row for each sample, or a piece between two offsets."""
    with open(os.path.join(folder, "export.json"), encoding="utf-8") as file:
        layouts = json.load(file)["more"]["fields"]
    load = lambda name: numpy.load(os.path.join(folder, f"{name}.npy"), mmap_mode="r")
    checked = 0
    for name, layout in layouts.items():
        if dataset.header["fields"][name]["dtype"] == "image":
            assert load(name).dtype == numpy.uint8 and len(load(name)) == len(dataset)
            continue
        values, dense = load(name), layout["kind"] == "rows"
        offsets = None if dense else load(f"{name}.offsets")
        present = load(f"{name}.present") if layout["optional"] else None
        for ordinal in range(len(dataset)):
            expected = dataset[ordinal].get(name)
            if present is not None and not present[ordinal]:
                assert expected is None, name
                continue
            piece = values[ordinal] if dense else values[offsets[ordinal] : offsets[ordinal + 1]]
            if layout["kind"] == "flat":
                piece = piece.reshape(load(f"{name}.shapes")[ordinal] if layout["dimensions"] else ())
            expected = numpy.asarray(expected, dtype=piece.dtype)
            assert piece.shape == expected.shape and piece.tobytes() == expected.tobytes(), (name, ordinal)
            checked += 1
    return checked


def check_parquet(dataset, folder):
    """By pyarrow; None where it is missing."""
    try:
        import pyarrow.parquet
    except ImportError:
        return None
    rows = []
    for path in sorted(glob.glob(os.path.join(folder, "*.parquet"))):
        rows += pyarrow.parquet.read_table(path).to_pylist()
    assert len(rows) == len(dataset)
    for ordinal, row in enumerate(rows):
        record = dataset[ordinal]
        labels = record.pop("labels")
        assert (json.loads(row["labels"]) if row["labels"] else {}) == labels
        for name, value in record.items():
            if name not in row:
                continue
            if isinstance(row[name], bytes):
                assert row[name] == value.tobytes() and row.get(f"{name}_shape", value.shape) == list(value.shape), name
            elif isinstance(value, numpy.ndarray):
                assert numpy.array_equal(numpy.asarray(row[name], dtype=value.dtype), value.ravel()), name
            elif dataset.header["fields"].get(name, {}).get("dtype") == "image":
                assert [item["bytes"] for item in row[name]] == [item["data"] for item in value], name
            else:
                assert same(row[name], value), (name, row[name], value)
    return len(rows)


def main(folder, webdataset, npy, parquet):
    dataset = Dataset(folder)
    report = {"webdataset": check_webdataset(dataset, webdataset), "npy": check_npy(dataset, npy)}
    print(json.dumps({**report, "parquet": check_parquet(dataset, parquet)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
