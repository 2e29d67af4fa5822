"""Shuffle and Learn's network and loss in PyTorch, for train.py."""

import torch
import torch.nn.functional as F
from caffenet import Trunk, dense_weight, momentum_groups
from torch import nn


class ShuffleAndLearn(nn.Module):
    def __init__(self, config: dict, weights: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.config = config
        self.trunk = Trunk(weights, config["conv1Stride"], normalised=True)
        channels = config["channels"][4]
        side = round((weights["fc6.weight"].shape[0] / channels) ** 0.5)
        self.fc6 = dense_weight(weights["fc6.weight"], (side, channels))
        self.fc7, self.fc8 = dense_weight(weights["fc7.weight"]), dense_weight(weights["fc8.weight"])
        self.bias6, self.bias7, self.bias8 = (nn.Parameter(weights[f"fc{n}.bias"].clone()) for n in (6, 7, 8))

    def unit(self, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return F.relu(F.batch_norm(F.linear(x, weight, bias), None, None, training=True))

    def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        frames = batch["frames"].to(self.fc8.dtype)  # [batch, tuples, 3, height, width, 3]
        label = batch["label"].flatten().long()
        x = frames.reshape(-1, *frames.shape[-3:]).permute(0, 3, 1, 2)
        if self.config["colour"] == "bgr":
            x = x.flip(1)
        mean = torch.tensor(self.config["mean"], device=x.device, dtype=x.dtype).view(1, 3, 1, 1)
        layout = torch.channels_last if self.trunk.weights["conv3"].is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
        x = ((x - mean) / self.config["scale"]).contiguous(memory_format=layout)
        x = self.unit(self.trunk(x), self.fc6, self.bias6)
        if self.config["join"] == "fc8":
            x = self.unit(x, self.fc7, self.bias7).reshape(len(label), -1)
        else:
            three = x.reshape(len(label), 3, -1)
            if self.config["join"] == "differences":
                first, middle, last = three.unbind(1)
                three = torch.cat([(first - middle).abs(), (middle - last).abs(), (first - last).abs()], 1)
            x = self.unit(three.reshape(len(label), -1), self.fc7, self.bias7)
        return F.cross_entropy(F.linear(x, self.fc8, self.bias8), label)


def create(config: dict, weights: dict[str, torch.Tensor]) -> nn.Module:
    return ShuffleAndLearn(config, weights)


def optimizer(model: nn.Module, config: dict) -> torch.optim.Optimizer:
    groups = momentum_groups(model, config["weightDecay"], config["learningRate"])
    return torch.optim.SGD(groups, lr=config["learningRate"], momentum=config["momentum"], fused=True)
