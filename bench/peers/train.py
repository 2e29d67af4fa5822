"""Training steps of a task in PyTorch, on the weights and batches of a file that train.bench.mjs wrote.

python bench/peers/train.py TASK FILE [--steps N] [--warm N] [--channels-last] [--compile] [--ulp] [--float64] [--threads N] [--device cuda] [--tf32]
Prints one JSON object: losses, milliseconds of each timed step, peak memory.
"""

import argparse
import importlib
import json
import resource
import time

import torch
from safetensors import safe_open


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("task")
    parser.add_argument("file")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--warm", type=int, default=3)
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--float64", action="store_true", help="the same in double precision: what both sides come near to")
    parser.add_argument("--ulp", action="store_true", help="moves each input by one unit in the last place")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--tf32", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.backends.cuda.matmul.allow_tf32 = options.tf32
    torch.backends.cudnn.allow_tf32 = options.tf32

    with safe_open(options.file, framework="pt") as file:
        config = json.loads(file.metadata()["config"])
        arrays = {name: file.get_tensor(name).to(options.device) for name in file.keys()}
    precise = lambda value: value.double() if options.float64 and value.dtype == torch.float32 else value
    weights = {name.removeprefix("weight/"): precise(value) for name, value in arrays.items() if name.startswith("weight/")}
    batches: list[dict[str, torch.Tensor]] = []
    for name, value in arrays.items():
        if not name.startswith("batch/"):
            continue
        _, index, field = name.split("/")
        while len(batches) <= int(index):
            batches.append({})
        batches[int(index)][field] = nudged(value, options.ulp) if value.dtype == torch.uint8 else precise(value)

    task = importlib.import_module(options.task.replace("-", "_"))
    model = task.create(config, weights).to(options.device)
    if options.channels_last:
        model = model.to(memory_format=torch.channels_last)
    optimizer = task.optimizer(model, config)
    loss_of = torch.compile(model) if options.compile else model

    losses, times = [], []
    for index in range(options.warm + options.steps):
        batch = batches[index % len(batches)]
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(batch)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if index >= options.warm:
            times.append(1000 * (time.perf_counter() - start))
    peak = torch.cuda.max_memory_allocated() if options.device == "cuda" else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"losses": losses, "ms": times, "peakBytes": peak, "version": torch.__version__}))


def nudged(value: torch.Tensor, on: bool) -> torch.Tensor:
    value = value.float()
    return torch.nextafter(value, torch.full_like(value, torch.inf)) if on else value


if __name__ == "__main__":
    main()
