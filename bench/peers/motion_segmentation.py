"""The motion segmentation networks and loss in PyTorch, for train.py: no dropout."""

import torch
import torch.nn.functional as F
from caffenet import Trunk, convolution_weight, dense_weight
from torch import nn

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


class MotionSegmentation(nn.Module):
    """Takes pictures to the loss; `logits` and `last` (a weight whose layout tells the network's) are its kinds' own."""

    def __init__(self, config: dict) -> None:
        super().__init__()
        self.config = config

    def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        kind = self.last.dtype
        x = batch["image"].to(kind).permute(0, 3, 1, 2)
        mean, deviation = (255 * torch.tensor(three, dtype=kind, device=x.device).view(1, 3, 1, 1) for three in (MEAN, DEVIATION))
        channels_last = self.last.is_contiguous(memory_format=torch.channels_last)
        layout = torch.channels_last if channels_last else torch.contiguous_format
        logits = self.logits(((x - mean) / deviation).contiguous(memory_format=layout))
        target, weight = (batch[name].to(kind).flatten(1) for name in ("target", "weight"))
        each = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
        return ((each * weight).sum(1) / weight.sum(1).clamp(min=1)).mean()


class Caffenet(MotionSegmentation):
    """AlexNet to fc7, and one logit a place."""

    def __init__(self, config: dict, weights: dict[str, torch.Tensor]) -> None:
        super().__init__(config)
        self.trunk = Trunk(weights, config["conv1Stride"], normalised=False)
        channels = config["channels"][4]
        side = round((weights["fc6.weight"].shape[0] / channels) ** 0.5)
        self.fc6 = dense_weight(weights["fc6.weight"], (side, channels))
        self.fc7, self.mask = (dense_weight(weights[f"{name}.weight"]) for name in ("fc7", "mask"))
        self.bias6, self.bias7, self.bias = (
            nn.Parameter(weights[f"{name}.bias"].clone()) for name in ("fc6", "fc7", "mask")
        )

    @property
    def last(self) -> torch.Tensor:
        return self.trunk.weights["conv3"]

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(F.linear(self.trunk(x), self.fc6, self.bias6))
        x = F.relu(F.linear(x, self.fc7, self.bias7))
        return F.linear(x, self.mask, self.bias)


class Plain(MotionSegmentation):
    """Four convolutions, a narrow one, and logits on their coarse map, enlarged linearly."""

    def __init__(self, config: dict, weights: dict[str, torch.Tensor]) -> None:
        super().__init__(config)
        names = ("conv1", "conv2", "conv3", "conv4", "squeeze", "mask")
        self.weights = nn.ParameterDict({name: convolution_weight(weights[f"{name}.weight"]) for name in names})
        self.biases = nn.ParameterDict({name: nn.Parameter(weights[f"{name}.bias"].clone()) for name in names})

    @property
    def last(self) -> torch.Tensor:
        return self.weights["conv3"]

    def convolve(self, x: torch.Tensor, name: str, **options: int) -> torch.Tensor:
        return F.conv2d(x, self.weights[name], self.biases[name], **options)

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        pool = lambda y: F.max_pool2d(y, 3, 2, ceil_mode=True)
        x = pool(F.relu(self.convolve(x, "conv1", stride=self.config["conv1Stride"])))
        for name in ("conv2", "conv3"):
            x = pool(F.relu(self.convolve(x, name, padding=1)))
        x = F.relu(self.convolve(x, "conv4", padding=1))
        x = self.convolve(F.relu(self.convolve(x, "squeeze")), "mask")
        side = self.config["maskSize"]
        return F.interpolate(x, (side, side), mode="bilinear", align_corners=False).flatten(1)


def create(config: dict, weights: dict[str, torch.Tensor]) -> nn.Module:
    return (Caffenet if config["trunk"] == "caffenet" else Plain)(config, weights)


def optimizer(model: nn.Module, config: dict) -> torch.optim.Optimizer:
    biases = [p for p in model.parameters() if p.dim() == 1]
    rest = [p for p in model.parameters() if p.dim() > 1]
    groups = [dict(params=rest, weight_decay=config["weightDecay"]), dict(params=biases, weight_decay=0)]
    if config["optimizer"] == "adam":
        return torch.optim.Adam(groups, lr=config["learningRate"], fused=True)
    return torch.optim.SGD(groups, lr=config["learningRate"], momentum=config["momentum"], fused=True)
