"""Deep3D in PyTorch, for train.py: nothing is dropped, so that nothing is drawn."""

import torch
import torch.nn.functional as F
from torch import nn


class Deep3d(nn.Module):
    def __init__(self, config: dict, weights: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.config = config
        self.running = {name: value.clone() for name, value in weights.items() if name.endswith((".mean", ".variance"))}
        self.weights = nn.ParameterDict()
        for name, value in weights.items():
            if name in self.running:
                continue
            # [height, width, in, out] → [out, in, height, width]; enlarging kernels are [height, width, out, in] → [in, out, height, width]
            shaped = value.permute(3, 2, 0, 1).contiguous() if value.dim() == 4 else value.clone()
            self.weights[name.replace(".", "/")] = nn.Parameter(shaped)

    def of(self, name: str) -> torch.Tensor:
        return self.weights[name.replace(".", "/")]

    def convolve(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return F.conv2d(x, self.of(f"{name}.weight"), self.of(f"{name}.bias"), padding=1)

    def enlarge(self, x: torch.Tensor, name: str, factor: int) -> torch.Tensor:
        weight = self.of(f"{name}.weight")
        return F.conv_transpose2d(x, weight, self.of(f"{name}.bias"), stride=factor, padding=(weight.shape[-1] - factor) // 2)

    def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        config = self.config
        kind = self.of("fc7.weight").dtype
        left, right = (batch[name].to(kind).permute(0, 3, 1, 2) for name in ("left", "right"))
        weight = batch["weight"].to(kind).permute(0, 3, 1, 2)
        mean = torch.tensor(config["mean"], dtype=kind, device=left.device).view(1, 3, 1, 1)
        x = ((left - mean) / config["scale"]).contiguous(memory_format=self.layout())
        levels = []
        for level, count in enumerate(config["convolutions"], 1):
            for n in range(1, count + 1):
                x = F.relu(self.convolve(x, f"conv{level}_{n}"))
            x = F.max_pool2d(x, 2)
            levels.append(x)
        flat = x.permute(0, 2, 3, 1).flatten(1)
        for name in ("fc6", "fc7"):
            flat = F.relu(flat @ self.of(f"{name}.weight") + self.of(f"{name}.bias"))
        shifts = 2 * config["reach"] + 1
        deepest = flat @ self.of("fc8.weight") + self.of("fc8.bias")
        maps = []
        for level, features in enumerate(levels[:-1], 1):
            name = f"branch{level}_bn"
            normal = F.batch_norm(
                features, self.running[f"{name}.mean"], self.running[f"{name}.variance"],
                self.of(f"{name}.scale"), self.of(f"{name}.offset"), training=True, momentum=0.1, eps=1e-3,
            )
            maps.append(F.relu(self.convolve(normal, f"branch{level}")))
        maps.append(F.relu(deepest.view(-1, *x.shape[2:], shifts).permute(0, 3, 1, 2)))
        total = sum(self.enlarge(part, f"up{level}", 2 ** (level - 1)) for level, part in enumerate(maps, 1))
        logits = self.convolve(F.relu(self.enlarge(F.relu(total), "up", 2)), "last")
        probabilities = logits.softmax(1)
        reach, width = config["reach"], left.shape[-1]
        wide = F.pad(left, (reach, reach, 0, 0), mode="replicate")
        made = torch.zeros_like(left)
        for k in range(shifts):
            if config["emptyChannel"] and k == 0:
                continue
            at = reach - (k - reach)
            made = made + probabilities[:, k : k + 1] * wide[..., at : at + width]
        return ((made - right).abs() * weight).sum() / (3 * weight.sum())

    def layout(self) -> torch.memory_format:
        last = self.of("last.weight").is_contiguous(memory_format=torch.channels_last)
        return torch.channels_last if last and not self.of("last.weight").is_contiguous() else torch.contiguous_format


def create(config: dict, weights: dict[str, torch.Tensor]) -> nn.Module:
    return Deep3d(config, weights)


def optimizer(model: nn.Module, config: dict) -> torch.optim.Optimizer:
    return torch.optim.Adam(model.parameters(), lr=config["learningRate"], fused=True)
