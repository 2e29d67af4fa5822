"""py-lmdb, and PyTorch's DataLoader over LMDB, WebDataset and MosaicML Streaming, on the records that bench/loader.bench.mjs wrote.

    loader.py FOLDER write                      packs FOLDER/records.bin for every peer
    loader.py FOLDER durable --per-unit 8       records a second of py-lmdb, one synchronous transaction a unit
    loader.py FOLDER random                     random reads a second of py-lmdb: values copied to bytes, and only touched
    loader.py FOLDER batches --store lmdb|webdataset|mosaic --work raw|fused|torchvision

FOLDER/facts.json: {"count", "side", "crop", "batch", "batches", "workers"}; a record is uint8 [2, side, side, 3]. Each command prints one line of JSON.
"""

import argparse
import json
import math
import os
import random
import shutil
import time

import lmdb
import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("command", choices=["write", "durable", "random", "batches"])
parser.add_argument("--store", choices=["lmdb", "webdataset", "mosaic"])
parser.add_argument("--work", choices=["raw", "fused", "torchvision"])
parser.add_argument("--per-unit", type=int, default=8)
options = parser.parse_args()
with open(os.path.join(options.folder, "facts.json")) as file:
    facts = json.load(file)
side, crop, count = facts["side"], facts["crop"], facts["count"]
record_bytes = 2 * side * side * 3


def place(name):
    return os.path.join(options.folder, name)


def records():
    with open(place("records.bin"), "rb") as source:
        while record := source.read(record_bytes):
            yield record


def key_of(i):
    return f"{i:016x}/0/0".encode()


def open_lmdb(name, **more):
    return lmdb.open(place(name), subdir=False, map_size=4 << 30, **more)


def write():
    import webdataset
    from streaming import MDSWriter

    shutil.rmtree(place("mosaic"), ignore_errors=True)
    with open_lmdb("peer.lmdb") as env, env.begin(write=True) as transaction:
        for i, record in enumerate(records()):
            transaction.put(key_of(i), record)
    per_shard = math.ceil(count / 8)
    with webdataset.ShardWriter(place("peer-%02d.tar"), maxcount=per_shard, verbose=0) as sink:
        for i, record in enumerate(records()):
            sink.write({"__key__": f"{i:08d}", "bin": record})
    with MDSWriter(out=place("mosaic"), columns={"x": "bytes"}, size_limit=1 << 25) as sink:
        for record in records():
            sink.write({"x": record})
    return {}


def durable():
    all_records = list(records())
    path = place("durable.lmdb")
    for name in (path, path + "-lock"):
        if os.path.exists(name):
            os.remove(name)
    env = open_lmdb("durable.lmdb")
    start = time.perf_counter()
    for first in range(0, count, options.per_unit):
        with env.begin(write=True) as transaction:
            for i in range(first, min(count, first + options.per_unit)):
                transaction.put(key_of(i), all_records[i])
    seconds = time.perf_counter() - start
    env.close()
    return {"rate": count / seconds}


def random_reads():
    orders = {"first": [key_of(i) for i in random.sample(range(count), count)], "again": [key_of(random.randrange(count)) for _ in range(20000)]}
    rates = {}
    for name, buffers in (("copied", False), ("touched", True)):
        rates[name] = {}
        env = open_lmdb("peer.lmdb", readonly=True, lock=False)  # mapped anew
        for when, order in orders.items():
            total = 0
            start = time.perf_counter()
            with env.begin(buffers=buffers) as transaction:
                for key in order:
                    value = transaction.get(key)
                    total += int(np.frombuffer(value, np.uint8)[::64].sum()) if buffers else len(value)
            rates[name][when] = len(order) / (time.perf_counter() - start)
        env.close()
    return rates


def batches():
    import torch
    from torch.utils.data import DataLoader, Dataset
    from torchvision.transforms import v2

    luma = np.array([0.299, 0.587, 0.114])
    usual = v2.Compose(
        [
            v2.RandomCrop(crop),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(0.4, 0.4, 0.4, 0.1),
            v2.ToDtype(torch.float32, scale=True),
        ]
    )

    def colour_matrix():
        b, c, s = (1 + random.uniform(-0.4, 0.4) for _ in range(3))
        turn = 2 * math.pi * random.uniform(-0.1, 0.1)
        third, part = (1 - math.cos(turn)) / 3, math.sin(turn) / math.sqrt(3)
        row = [math.cos(turn) + third, third - part, third + part]
        hue = np.array([[row[(k - i) % 3] for k in range(3)] for i in range(3)])
        saturation = np.eye(3) * s + np.tile(luma, (3, 1)) * (1 - s)
        matrix = hue @ saturation
        return matrix * (b * c / 255), matrix @ np.full(3, 0.5 * (1 - c))

    def fused(patch):
        x, y = random.randrange(side - crop + 1), random.randrange(side - crop + 1)
        pixels = torch.from_numpy(patch[y : y + crop, x : x + crop])
        if random.random() < 0.5:
            pixels = pixels.flip(1)
        matrix, offset = colour_matrix()
        flat = pixels.reshape(-1, 3).to(torch.float32)
        turned = torch.from_numpy(matrix.T.astype(np.float32))
        return torch.addmm(torch.from_numpy(offset.astype(np.float32)), flat, turned).view(crop, crop, 3)

    def prepare(value):
        patches = np.frombuffer(value, np.uint8).reshape(2, side, side, 3)
        if options.work == "raw":
            return torch.from_numpy(patches.copy())
        if options.work == "fused":
            return torch.stack([fused(patch) for patch in patches])
        return torch.stack([usual(torch.from_numpy(patch.copy()).permute(2, 0, 1)) for patch in patches])

    class Records(Dataset):
        env = None

        def __len__(self):
            return count

        def __getitem__(self, i):
            if self.env is None:
                self.env = open_lmdb("peer.lmdb", readonly=True, lock=False)
            with self.env.begin(buffers=True) as transaction:
                return prepare(transaction.get(key_of(i)))

    def of_webdataset():
        import webdataset

        shards = [place(f"peer-{i:02d}.tar") for i in range(8) if os.path.exists(place(f"peer-{i:02d}.tar"))]
        return webdataset.WebDataset(shards, shardshuffle=len(shards)).shuffle(200).map(lambda item: prepare(item["bin"]))

    def of_mosaic():
        from streaming import StreamingDataset

        class Streamed(StreamingDataset):
            def __getitem__(self, i):
                return prepare(super().__getitem__(i)["x"])

        return Streamed(local=place("mosaic"), shuffle=True, batch_size=facts["batch"])

    dataset = {"lmdb": Records, "webdataset": of_webdataset, "mosaic": of_mosaic}[options.store]()
    more = {"shuffle": True} if options.store == "lmdb" else {}
    loader = DataLoader(
        dataset,
        batch_size=facts["batch"],
        num_workers=facts["workers"],
        drop_last=True,
        persistent_workers=True,
        **more,
    )
    done, start = -4, 0.0
    while True:
        for batch in loader:
            done += 1
            if done == 0:
                start = time.perf_counter()
            if done == facts["batches"]:
                seconds = time.perf_counter() - start
                return {"rate": done / seconds, "shape": list(batch.shape), "dtype": str(batch.dtype)}


commands = {"write": write, "durable": durable, "random": random_reads, "batches": batches}
print(json.dumps(commands[options.command]()), flush=True)
os._exit(0)  # loaders' processes need not be waited for
