"""The network and loss of ambient sound in PyTorch, for train.py: batch normalisation by the batch, dropout off."""

import torch
import torch.nn.functional as F
from caffenet import convolution_weight, dense_weight, momentum_groups
from torch import nn


class AmbientSound(nn.Module):
    def __init__(self, config: dict, weights: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.config = config
        self.convolutions = [f"conv{n + 1}" for n in range(len(config["channels"]))]
        channels = config["channels"][-1]
        side = round((weights["fc6.weight"].shape[0] / channels) ** 0.5)
        self.weights = nn.ParameterDict({name: convolution_weight(weights[f"{name}.weight"]) for name in self.convolutions})
        self.weights["fc6"] = dense_weight(weights["fc6.weight"], (side, channels))
        self.weights["fc7"], self.weights["fc8"] = (dense_weight(weights[f"fc{n}.weight"]) for n in (7, 8))
        copies = lambda part, names: nn.ParameterDict({name: nn.Parameter(weights[f"{name}{part}"].clone()) for name in names})
        normalised = [*self.convolutions, "fc6", "fc7"]
        self.biases = copies(".bias", [*normalised, "fc8"])
        self.scales, self.offsets = copies("_bn.scale", normalised), copies("_bn.offset", normalised)

    def normalise(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return F.relu(F.batch_norm(x, None, None, self.scales[name], self.offsets[name], training=True))

    def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        x = batch["image"].to(self.weights["fc8"].dtype).permute(0, 3, 1, 2)
        if self.config["colour"] == "bgr":
            x = x.flip(1)
        mean = torch.tensor(self.config["mean"], device=x.device, dtype=x.dtype).view(1, 3, 1, 1)
        layout = torch.channels_last if self.weights["conv3"].is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
        x = ((x - mean) / self.config["scale"]).contiguous(memory_format=layout)
        five = len(self.convolutions) == 5
        for n, name in enumerate(self.convolutions):
            weight = self.weights[name]
            groups = 2 if five and n in (1, 3, 4) else 1
            how = {"stride": self.config["conv1Stride"]} if n == 0 else {"padding": weight.shape[-1] // 2, "groups": groups}
            x = self.normalise(F.conv2d(x, weight, self.biases[name], **how), name)
            if not five or n in (0, 1, 4):
                x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        x = x.flatten(1)
        for name in ("fc6", "fc7"):
            x = self.normalise(F.linear(x, self.weights[name], self.biases[name]), name)
        logits = F.linear(x, self.weights["fc8"], self.biases["fc8"])
        weight = batch["weight"]
        if self.config["target"] == "clusters":
            losses = F.cross_entropy(logits, batch["label"].long(), reduction="none")
        else:
            losses = F.binary_cross_entropy_with_logits(logits, batch["bits"], reduction="none").sum(-1)
        return (losses * weight).sum() / weight.sum()


def create(config: dict, weights: dict[str, torch.Tensor]) -> nn.Module:
    return AmbientSound(config, weights)


def optimizer(model: nn.Module, config: dict) -> torch.optim.Optimizer:
    """Biases learn twice as fast; neither they nor scales and offsets decay."""
    rate = config["learningRate"]
    scales = [*model.scales.parameters(), *model.offsets.parameters()]
    alone = {id(p) for p in scales}
    groups = momentum_groups(model, config["weightDecay"], rate)
    for group in groups:
        group["params"] = [p for p in group["params"] if id(p) not in alone]
    groups.append({"params": scales, "lr": rate, "weight_decay": 0.0})
    return torch.optim.SGD(groups, lr=rate, momentum=config["momentum"], fused=True)
