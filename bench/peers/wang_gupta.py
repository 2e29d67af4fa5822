"""Wang and Gupta's network and loss in PyTorch, for train.py: hard negatives alone (nothing is drawn)."""

import torch
import torch.nn.functional as F
from caffenet import Trunk, dense_weight, momentum_groups
from torch import nn


class WangGupta(nn.Module):
    def __init__(self, config: dict, weights: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.config = config
        self.trunk = Trunk(weights, config["conv1Stride"], normalised=False)
        channels = config["channels"][4]
        side = round((weights["fc6.weight"].shape[0] / channels) ** 0.5)
        self.fc6 = dense_weight(weights["fc6.weight"], (side, channels))
        self.fc7 = dense_weight(weights["fc7.weight"])
        self.bias6, self.bias7 = (nn.Parameter(weights[f"fc{n}.bias"].clone()) for n in (6, 7))
        self.register_buffer("mean", weights["data.mean"].permute(2, 0, 1).unsqueeze(0).contiguous())

    def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        patches = batch["patches"].to(self.fc7.dtype)  # [pairs, 2, height, width, 3]
        label, group = batch["label"], batch["groupLabel"]
        pairs = len(label)
        x = patches.reshape(-1, *patches.shape[-3:]).permute(0, 3, 1, 2)
        if self.config["colour"] == "bgr":
            x = x.flip(1)
        layout = torch.channels_last if self.trunk.weights["conv3"].is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
        x = ((x - self.mean) / self.config["scale"]).contiguous(memory_format=layout)
        x = F.relu(F.linear(self.trunk(x), self.fc6, self.bias6))
        x = F.linear(x, self.fc7, self.bias7)
        if self.config["lastRelu"]:
            x = F.relu(x)
        x = x / ((x.square().sum(-1, keepdim=True) + 1e-24).sqrt() + 1e-6)
        first, second = x.reshape(pairs, 2, -1).unbind(1)
        similarity = first @ x.t()
        positive = (first * second).sum(-1, keepdim=True)
        other = lambda own: own[:, None] != own.repeat_interleave(2)[None]
        candidates = other(label) & other(group)
        most = self.config["negatives"]
        with torch.no_grad():
            values, places = similarity.masked_fill(~candidates, -10).topk(most, -1)
            chosen = torch.zeros_like(similarity).scatter_(1, places, (values > -5).to(x.dtype))
        hinge = F.relu(similarity - positive + self.config["margin"]) * chosen
        return hinge.sum() / chosen.sum().clamp(min=1)


def create(config: dict, weights: dict[str, torch.Tensor]) -> nn.Module:
    return WangGupta(config, weights)


def optimizer(model: nn.Module, config: dict) -> torch.optim.Optimizer:
    groups = momentum_groups(model, config["weightDecay"], config["learningRate"])
    return torch.optim.SGD(groups, lr=config["learningRate"], momentum=config["momentum"], fused=True)
