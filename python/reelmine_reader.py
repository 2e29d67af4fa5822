"""Reads datasets mined by Reelmine: pip install lmdb msgpack numpy (torch for TorchDataset, safetensors for artefacts)."""

import bisect
import functools
import importlib
import itertools
import json
import os
import struct

import lmdb
import msgpack
import numpy


class Dataset:
    """A closed dataset: records by ordinal, in the order of their keys. Safe to fork and to pickle."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        with open(os.path.join(self.folder, "dataset.json"), encoding="utf-8") as file:
            self.header = json.load(file)
        if self.header["schema"] > 1 or self.header["digest"] is None:
            raise ValueError(f"{folder} has schema {self.header['schema']} (up to 1 is read), or is not finished")
        self._ends = list(itertools.accumulate(map(self._count, range(self.header["shards"]))))

    def __len__(self):
        return self._ends[-1]

    def __getitem__(self, ordinal):
        """The record's fields by name, with its `key`, `source`, `shot`, `pts`, `timeBase` and `labels`."""
        ordinal += len(self) if ordinal < 0 else 0
        if not 0 <= ordinal < len(self):
            raise IndexError(ordinal)
        shard = bisect.bisect_right(self._ends, ordinal)
        local = ordinal - (self._ends[shard - 1] if shard else 0)
        env, samples, labels, index = _open(os.path.join(self.folder, f"{shard:05d}.mdb"))
        with env.begin() as txn:
            key = txn.get(struct.pack(">I", local), db=index)
            record = msgpack.unpackb(txn.get(key, db=samples), object_hook=_array)
            label = txn.get(key, db=labels)
        return {"key": key.decode(), **record, "labels": msgpack.unpackb(label) if label else {}}

    def artefacts(self):
        """Arrays learned from the whole dataset, by name; most signals have none."""
        path = os.path.join(self.folder, "artefacts.safetensors")
        return importlib.import_module("safetensors.numpy").load_file(path) if os.path.exists(path) else {}

    def _count(self, shard):
        with open(os.path.join(self.folder, f"{shard:05d}.json"), encoding="utf-8") as file:
            return json.load(file)["samples"]


@functools.lru_cache(maxsize=None)
def _open(path):
    """A shard, opened once: LMDB refuses a second time in one process."""
    env = lmdb.open(path, subdir=False, readonly=True, lock=False, readahead=False, max_dbs=8)
    return env, *(env.open_db(name, create=False) for name in (b"samples", b"labels", b"index"))


if hasattr(os, "register_at_fork"):  # an environment does not survive a fork
    os.register_at_fork(after_in_child=_open.cache_clear)


def _array(value):
    if b"nd" not in value:
        return value
    if value[b"kind"] == b"O" or numpy.dtype(value[b"type"]).hasobject:
        raise ValueError("arrays of objects are refused: they can run code")
    return numpy.frombuffer(bytearray(value[b"data"]), value[b"type"]).reshape(value[b"shape"])


try:
    from torch.utils.data import Dataset as _TorchDataset

    class TorchDataset(Dataset, _TorchDataset):
        """The same records for a torch DataLoader; give it a collate_fn, or a subclass that picks fields."""
except ImportError:
    pass
