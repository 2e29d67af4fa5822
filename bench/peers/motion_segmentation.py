"""The motion segmentation network and loss in PyTorch, for train.py: no dropout."""

import torch
import torch.nn.functional as F
from caffenet import Trunk, dense_weight
from torch import nn

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


class MotionSegmentation(nn.Module):
    def __init__(self, config: dict, weights: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.config = config
        self.trunk = Trunk(weights, config["conv1Stride"], normalised=False)
        channels = config["channels"][4]
        side = round((weights["fc6.weight"].shape[0] / channels) ** 0.5)
        self.fc6 = dense_weight(weights["fc6.weight"], (side, channels))
        self.fc7, self.mask = (dense_weight(weights[f"{name}.weight"]) for name in ("fc7", "mask"))
        self.bias6, self.bias7, self.bias = (
            nn.Parameter(weights[f"{name}.bias"].clone()) for name in ("fc6", "fc7", "mask")
        )
        shape = (1, 3, 1, 1)
        self.register_buffer("mean", (255 * torch.tensor(MEAN, dtype=self.fc7.dtype)).reshape(shape))
        self.register_buffer("deviation", (255 * torch.tensor(DEVIATION, dtype=self.fc7.dtype)).reshape(shape))

    def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        kind = self.fc7.dtype
        x = batch["image"].to(kind).permute(0, 3, 1, 2)
        layout = (
            torch.channels_last
            if self.trunk.weights["conv3"].is_contiguous(memory_format=torch.channels_last)
            else torch.contiguous_format
        )
        x = ((x - self.mean) / self.deviation).contiguous(memory_format=layout)
        x = F.relu(F.linear(self.trunk(x), self.fc6, self.bias6))
        x = F.relu(F.linear(x, self.fc7, self.bias7))
        logits = F.linear(x, self.mask, self.bias)
        target, weight = (batch[name].to(kind).flatten(1) for name in ("target", "weight"))
        each = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
        return ((each * weight).sum(1) / weight.sum(1).clamp(min=1)).mean()


def create(config: dict, weights: dict[str, torch.Tensor]) -> nn.Module:
    return MotionSegmentation(config, weights)


def optimizer(model: nn.Module, config: dict) -> torch.optim.Optimizer:
    biases = [p for p in model.parameters() if p.dim() == 1]
    rest = [p for p in model.parameters() if p.dim() > 1]
    groups = [dict(params=rest, weight_decay=config["weightDecay"]), dict(params=biases, weight_decay=0)]
    return torch.optim.SGD(groups, lr=config["learningRate"], momentum=config["momentum"], fused=True)
