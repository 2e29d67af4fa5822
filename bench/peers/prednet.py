"""PredNet and its loss in PyTorch, for train.py: gates as one convolution, every frame as the paper has it."""

import torch
import torch.nn.functional as F
from caffenet import convolution_weight
from torch import nn


class PredNet(nn.Module):
    def __init__(self, config: dict, weights: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.config = config
        self.states = config["stateChannels"]
        layers = range(len(self.states))
        self.weights = nn.ParameterDict()
        self.biases = nn.ParameterDict()
        for layer in layers:
            parts = [f"{gate}_{layer}" for gate in ("i", "f", "o", "c")]
            self.add(f"gates_{layer}", torch.cat([weights[f"{part}.weight"] for part in parts], 3), torch.cat([weights[f"{part}.bias"] for part in parts]))
            self.add(f"ahat_{layer}", weights[f"ahat_{layer}.weight"], weights[f"ahat_{layer}.bias"])
            if layer + 1 < len(self.states):
                self.add(f"a_{layer}", weights[f"a_{layer}.weight"], weights[f"a_{layer}.bias"])

    def add(self, name: str, weight: torch.Tensor, bias: torch.Tensor) -> None:
        self.weights[name] = convolution_weight(weight)
        self.biases[name] = nn.Parameter(bias.clone())

    def convolve(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return F.conv2d(x, self.weights[name], self.biases[name], padding=1)

    def cell(self, inputs: list[torch.Tensor], cell: torch.Tensor, layer: int) -> tuple[torch.Tensor, torch.Tensor]:
        i, f, o, c = self.convolve(torch.cat(inputs, 1), f"gates_{layer}").chunk(4, 1)
        hard = lambda x: torch.clamp(0.2 * x + 0.5, 0, 1)
        cell = hard(f) * cell + hard(i) * torch.tanh(c)
        return hard(o) * torch.tanh(cell), cell

    def pixels(self, x: torch.Tensor) -> torch.Tensor:
        how = self.config["pixels"]
        return x if how == "straight" else (F.relu(x) if how == "relu" else F.softplus(x)).clamp(max=1)

    def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        layout = torch.channels_last if self.weights["gates_1"].is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
        frames = (batch["frames"].float() / 255).permute(1, 0, 4, 2, 3)  # [frames, batch, channels, height, width]
        count, size, channels, height, width = frames.shape
        depth = len(self.states)
        targets = [channels, *self.config["targetChannels"]]
        zeros = lambda layer, features: torch.zeros(size, features, height >> layer, width >> layer, device=frames.device).contiguous(memory_format=layout)
        r = [zeros(layer, features) for layer, features in enumerate(self.states)]
        c = [zeros(layer, features) for layer, features in enumerate(self.states)]
        e = [zeros(layer, 2 * features) for layer, features in enumerate(targets)]
        weights = [1.0] + [0.0 if self.config["layers"] == "L0" else 0.1] * (depth - 1)
        loss = torch.zeros((), device=frames.device)
        for t in range(count):
            for layer in reversed(range(depth)):
                inputs = [r[layer], e[layer]]
                if layer + 1 < depth:
                    inputs.append(F.interpolate(r[layer + 1], scale_factor=2, mode="nearest"))
                r[layer], c[layer] = self.cell(inputs, c[layer], layer)
            target = frames[t].contiguous(memory_format=layout)
            for layer in range(depth):
                x = self.convolve(r[layer], f"ahat_{layer}")
                prediction = self.pixels(x) if layer == 0 else F.relu(x)
                e[layer] = torch.cat([F.relu(prediction - target), F.relu(target - prediction)], 1)
                if t > 0 and weights[layer] > 0:
                    loss = loss + weights[layer] * e[layer].mean()
                if layer + 1 < depth:
                    target = F.max_pool2d(F.relu(self.convolve(e[layer], f"a_{layer}")), 2)
        return loss / (count - 1)


def create(config: dict, weights: dict[str, torch.Tensor]) -> nn.Module:
    return PredNet(config, weights)


def optimizer(model: nn.Module, config: dict) -> torch.optim.Optimizer:
    betas = (config["beta1"], config["beta2"])
    return torch.optim.Adam(model.parameters(), lr=config["learningRate"], betas=betas, eps=config["epsilon"], fused=True)
