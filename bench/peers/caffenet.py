"""The two-group CaffeNet trunk that both encoders use, in PyTorch; weights come in the layouts of reelmine's checkpoints."""

import torch
import torch.nn.functional as F
from torch import nn


def convolution_weight(value: torch.Tensor) -> nn.Parameter:
    """[height, width, inputs of a group, outputs] to PyTorch's [outputs, inputs, height, width]."""
    return nn.Parameter(value.permute(3, 2, 0, 1).contiguous())


def dense_weight(value: torch.Tensor, picture: tuple[int, int] | None = None) -> nn.Parameter:
    """[inputs, outputs] to [outputs, inputs]; `picture`: side and channels where the inputs are a flattened [height, width, channels]."""
    if picture:
        side, channels = picture
        value = value.reshape(side, side, channels, -1).permute(2, 0, 1, 3).reshape(side * side * channels, -1)
    return nn.Parameter(value.t().contiguous())


class Trunk(nn.Module):
    """conv1 to pool5: pooling (rounded up) before the local response normalisation."""

    def __init__(self, weights: dict[str, torch.Tensor], stride: int, normalised: bool) -> None:
        super().__init__()
        self.stride = stride
        self.normalised = normalised
        self.weights = nn.ParameterDict()
        self.biases = nn.ParameterDict()
        for layer in ("conv1", "conv2", "conv3", "conv4", "conv5"):
            self.weights[layer] = convolution_weight(weights[f"{layer}.weight"])
            self.biases[layer] = nn.Parameter(weights[f"{layer}.bias"].clone())

    def convolve(self, x: torch.Tensor, layer: str, **options: int) -> torch.Tensor:
        return F.conv2d(x, self.weights[layer], self.biases[layer], **options)

    def normalise(self, x: torch.Tensor) -> torch.Tensor:
        return F.batch_norm(x, None, None, training=True) if self.normalised else x

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pool = lambda y: F.max_pool2d(y, 3, 2, ceil_mode=True)
        even = lambda y: F.local_response_norm(y, 5, alpha=1e-4, beta=0.75, k=1)
        x = even(pool(F.relu(self.convolve(x, "conv1", stride=self.stride))))
        x = even(pool(F.relu(self.convolve(x, "conv2", padding=2, groups=2))))
        x = F.relu(self.normalise(self.convolve(x, "conv3", padding=1)))
        x = F.relu(self.normalise(self.convolve(x, "conv4", padding=1, groups=2)))
        x = F.relu(self.normalise(self.convolve(x, "conv5", padding=1, groups=2)))
        return pool(x).flatten(1)


def momentum_groups(model: nn.Module, weight_decay: float, learning_rate: float) -> list[dict]:
    """Caffe's rules: biases learn twice as fast and do not decay."""
    biases = [p for p in model.parameters() if p.dim() == 1]
    others = [p for p in model.parameters() if p.dim() > 1]
    return [
        {"params": others, "lr": learning_rate, "weight_decay": weight_decay},
        {"params": biases, "lr": 2 * learning_rate, "weight_decay": 0.0},
    ]
