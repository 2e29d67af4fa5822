"""Compares a dataset, read by reelmine_reader, with what its writer says it wrote: test_reader.py DATASET EXPECTED.json"""

import hashlib
import importlib.util
import json
import multiprocessing
import os
import pickle
import struct
import sys

import lmdb
import msgpack
import msgpack_numpy
import numpy

import reelmine_reader
from reelmine_reader import Dataset, _array, _open


def check_value(where, expected, value):
    kind = expected["kind"]
    if kind == "array":
        assert isinstance(value, numpy.ndarray), (where, type(value))
        assert value.dtype.str == expected["type"], (where, value.dtype.str)
        assert list(value.shape) == expected["shape"], (where, value.shape)
        assert value.tobytes().hex() == expected["hex"], where
        assert value.flags.writeable, where
    elif kind == "float":
        assert isinstance(value, float) and struct.pack("<d", value).hex() == expected["hex"], (where, value)
    elif kind == "int":
        assert type(value) is int and str(value) == expected["value"], (where, value)
    elif kind == "image":
        assert set(value) == {"image", "data"} and value["image"] == expected["image"], where
        assert value["data"].hex() == expected["hex"], where
    elif kind == "list":
        assert isinstance(value, list) and len(value) == len(expected["items"]), where
        for i, item in enumerate(expected["items"]):
            check_value(f"{where}[{i}]", item, value[i])
    else:
        assert type(value) is type(expected["value"]) and value == expected["value"], (where, value)


def main(folder, expected_file):
    with open(expected_file, encoding="utf-8") as file:
        expected = json.load(file)
    first = Dataset(folder)
    first[0]
    dataset = pickle.loads(pickle.dumps(first))  # a second one beside the first
    assert len(dataset) == len(expected), (len(dataset), len(expected))
    for ordinal, want in enumerate(expected):
        record = dataset[ordinal]
        assert record["key"] == want["key"]
        assert (record["source"], record["shot"]) == (want["source"], want["shot"])
        assert record["pts"] == want["pts"] and record["timeBase"] == want["timeBase"]
        assert record["labels"] == want["labels"]
        extra = set(record) - set(want["fields"]) - {"key", "source", "shot", "pts", "timeBase", "labels"}
        assert not extra, extra
        for name, value in want["fields"].items():
            check_value(f"{want['key']} {name}", value, record[name])
    assert dataset[-1]["key"] == expected[-1]["key"]
    for outside in (len(expected), -len(expected) - 1):
        try:
            dataset[outside]
        except IndexError:
            continue
        raise AssertionError(outside)
    try:
        _array({b"nd": True, b"type": "|O", b"kind": b"O", b"shape": [1], b"data": b"x"})
    except ValueError:
        pass
    else:
        raise AssertionError("an array of objects was read")
    check_workers(dataset)
    artefacts = {name: array.tolist() for name, array in dataset.artefacts().items()}
    report = {"digest": digest(dataset), "records": len(dataset), "artefacts": artefacts, "torch": check_torch(folder)}
    print(json.dumps(report))


def fingerprint(record):
    """A hash of all that a record holds."""
    hasher = hashlib.sha256()

    def add(value):
        if isinstance(value, numpy.ndarray):
            hasher.update(f"{value.dtype.str}{value.shape}".encode() + value.tobytes())
        elif isinstance(value, dict):
            for name in sorted(value):
                hasher.update(name.encode())
                add(value[name])
        elif isinstance(value, (list, tuple)):
            hasher.update(f"[{len(value)}".encode())
            for item in value:
                add(item)
        else:
            hasher.update(repr(value).encode())

    add(record)
    return hasher.hexdigest()


def fingerprint_at(dataset, ordinal):
    return fingerprint(dataset[ordinal])


def check_workers(dataset):
    """What a DataLoader's workers do, by both ways of starting them: the dataset is open here already, and travels by pickle or by fork."""
    expected = [fingerprint(dataset[ordinal]) for ordinal in range(len(dataset))]
    for way in ("fork", "spawn"):
        with multiprocessing.get_context(way).Pool(2) as pool:
            read = pool.starmap(fingerprint_at, [(dataset, ordinal) for ordinal in range(len(dataset))], chunksize=5)
        assert read == expected, way


def check_torch(folder):
    """A DataLoader with two workers gives every record once, in order; None where torch is missing."""
    if importlib.util.find_spec("torch") is None:
        assert not hasattr(reelmine_reader, "TorchDataset")
        return None
    from torch.utils.data import DataLoader, Dataset as TorchBase

    dataset = reelmine_reader.TorchDataset(folder)
    assert isinstance(dataset, TorchBase)
    expected = [fingerprint(dataset[ordinal]) for ordinal in range(len(dataset))]
    for way in ("fork", "spawn"):
        loader = DataLoader(dataset, batch_size=7, num_workers=2, collate_fn=list, multiprocessing_context=way)
        for _ in range(2):
            assert [fingerprint(record) for batch in loader for record in batch] == expected, way
    shuffled = [fingerprint(record) for batch in DataLoader(dataset, shuffle=True, num_workers=2, collate_fn=list) for record in batch]
    assert sorted(shuffled) == sorted(expected)
    return len(expected)


def digest(dataset):
    """The dataset's digest by its definition, and msgpack_numpy's own reading of every record."""
    samples, labels = [], []
    for shard in range(dataset.header["shards"]):
        env, sample_db, label_db, _ = _open(os.path.join(dataset.folder, f"{shard:05d}.mdb"))
        with env.begin() as txn:
            for key, value in txn.cursor(db=sample_db):
                samples.append((key, hashlib.sha256(value).hexdigest()))
                theirs = msgpack.unpackb(value, object_hook=msgpack_numpy.decode)
                for name, array in msgpack.unpackb(value, object_hook=_array).items():
                    if isinstance(array, numpy.ndarray):
                        assert theirs[name].dtype == array.dtype and theirs[name].shape == array.shape, name
                        assert theirs[name].tobytes() == array.tobytes(), name
            labels += [(key, hashlib.sha256(value).hexdigest()) for key, value in txn.cursor(db=label_db)]
    lines = [f"{kind} {key.decode()} {value}\n" for kind, pairs in (("sample", samples), ("label", labels)) for key, value in sorted(pairs)]
    artefacts = os.path.join(dataset.folder, "artefacts.safetensors")
    if os.path.exists(artefacts):
        with open(artefacts, "rb") as file:
            lines.append(f"artefacts {hashlib.sha256(file.read()).hexdigest()}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


if __name__ == "__main__":
    assert lmdb.version() >= (0, 9)
    main(*sys.argv[1:])
