"""SVG and its loss in PyTorch, for train.py: every frame encoded once, skip connections put beside the features, noise from the batch."""

import torch
import torch.nn.functional as F
from caffenet import convolution_weight, dense_weight
from torch import nn

DATASETS = {
    "sm-mnist": {"klWeight": 1e-4, "observes": 5, "predicts": 10},
    "kth": {"klWeight": 1e-6, "observes": 10, "predicts": 10},
    "bair": {"klWeight": 1e-4, "observes": 2, "predicts": 10},
}


class Svg(nn.Module):
    def __init__(self, config: dict, weights: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.config = {key: DATASETS[config["dataset"]].get(key) if value is None else value for key, value in config.items()}
        self.weights = nn.ParameterDict()
        for name, value in weights.items():
            key = name.replace(".", "/")
            if name.endswith((".mean", ".variance")) and "_bn" in name:
                self.register_buffer(key.replace("/", "__"), value.clone())
            elif value.dim() == 4:  # a transposed one is [height, width, outputs, inputs], PyTorch's [inputs, outputs, height, width]
                self.weights[key] = convolution_weight(value)
            else:
                self.weights[key] = dense_weight(value) if value.dim() == 2 else nn.Parameter(value.clone())
        self.levels = config["imageSize"].bit_length() - 3
        self.vgg = "encoder/c1_1/weight" in self.weights

    def has(self, name: str) -> bool:
        return name.replace(".", "/") in self.weights

    def of(self, name: str) -> torch.Tensor:
        return self.weights[name.replace(".", "/")]

    def unit(self, x: torch.Tensor, name: str, activation: str = "leaky", transposed: bool = False, **options: int) -> torch.Tensor:
        convolve = F.conv_transpose2d if transposed else F.conv2d
        x = convolve(x, self.of(f"{name}.weight"), self.of(f"{name}.bias"), **options)
        if activation == "sigmoid":
            return torch.sigmoid(x)
        key = f"{name}_bn".replace(".", "__")
        running = (getattr(self, f"{key}__mean"), getattr(self, f"{key}__variance"))
        x = F.batch_norm(x, *running, self.of(f"{name}_bn.scale"), self.of(f"{name}_bn.offset"), True, 0.1, 1e-5)
        return torch.tanh(x) if activation == "tanh" else F.leaky_relu(x, 0.2, inplace=True)

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        skips = []
        for level in range(1, self.levels + 1):
            if self.vgg:
                place = 1
                while self.has(f"encoder.c{level}_{place}.weight"):
                    x = self.unit(x, f"encoder.c{level}_{place}", padding=1)
                    place += 1
            else:
                x = self.unit(x, f"encoder.c{level}", stride=2, padding=1)
            skips.append(x)
            if self.vgg:
                x = F.max_pool2d(x, 2)
        return self.unit(x, f"encoder.c{self.levels + 1}", "tanh").flatten(1), skips

    def decode(self, code: torch.Tensor, skips: list[torch.Tensor]) -> torch.Tensor:
        x = self.unit(code[:, :, None, None], "decoder.u1", transposed=True)
        for n in range(2, self.levels + 2):
            skip, last = skips[self.levels + 1 - n], n == self.levels + 1
            if not self.vgg:
                x = torch.cat([x, skip], 1)
                x = self.unit(x, f"decoder.u{n}", "sigmoid" if last else "leaky", transposed=True, stride=2, padding=1)
                continue
            x = torch.cat([F.interpolate(x, scale_factor=2, mode="nearest"), skip], 1)
            place = 1
            while self.has(f"decoder.u{n}_{place}.weight"):
                ends = last and not self.has(f"decoder.u{n}_{place + 1}.weight")
                x = self.unit(x, f"decoder.u{n}_{place}", "sigmoid" if ends else "leaky", transposed=ends, padding=1)
                place += 1
        return x

    def dense(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return F.linear(x, self.of(f"{name}.weight"), self.of(f"{name}.bias"))

    def recur(self, net: str, x: torch.Tensor, states: dict) -> torch.Tensor:
        x, layer = self.dense(x, f"{net}.embed"), 1
        while self.has(f"{net}.lstm{layer}.input"):
            name = f"{net}.lstm{layer}"
            w, u, b = self.of(f"{name}.input"), self.of(f"{name}.hidden"), self.of(f"{name}.bias")
            second = self.of(f"{name}.hiddenBias") if self.has(f"{name}.hiddenBias") else torch.zeros_like(b)
            zeros = lambda: torch.zeros(x.shape[0], u.shape[1], device=x.device, dtype=x.dtype)
            states[name] = torch.lstm_cell(x, states.get(name) or (zeros(), zeros()), w, u, b, second)
            x, layer = states[name][0], layer + 1
        return x

    def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        config = self.config
        first = self.of("encoder.c1_2.weight" if self.vgg else "encoder.c2.weight")
        layout = torch.channels_last if first.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
        frames = (batch["frames"].to(first.dtype) / 255).permute(1, 0, 4, 2, 3)  # [time, videos, channels, height, width]
        count, videos = frames.shape[:2]
        if config["bnScope"] == "sequence":
            code, maps = self.encode(frames.reshape(-1, *frames.shape[2:]).contiguous(memory_format=layout))
            codes, skips = code.split(videos), [list(one) for one in zip(*(level.split(videos) for level in maps))]
        else:
            encoded = [self.encode(frame.contiguous(memory_format=layout)) for frame in frames]
            codes, skips = [one[0] for one in encoded], [one[1] for one in encoded]
        last = {"lastGroundTruth": config["observes"] - 1, "anchor": max(0, config["observes"] - 2), "everyFrame": count}[config["skipMode"]]
        states: dict = {}
        kl, outputs = torch.zeros((), device=frames.device, dtype=first.dtype), []
        for i in range(1, count):
            inputs = codes[i - 1]
            if config["prior"] != "none":
                h = self.recur("posterior", codes[i], states)
                mean, log_variance = self.dense(h, "posterior.mean"), self.dense(h, "posterior.logVariance")
                z = mean + torch.exp(0.5 * log_variance) * batch["noise"][:, i - 1]
                inputs = torch.cat([inputs, z], 1)
                if config["prior"] == "learned":
                    h = self.recur("prior", codes[i - 1], states)
                    prior_mean, prior_log = self.dense(h, "prior.mean"), self.dense(h, "prior.logVariance")
                else:
                    prior_mean = prior_log = torch.zeros_like(mean)
                spread = torch.exp(log_variance - prior_log) + (mean - prior_mean).square() * torch.exp(-prior_log)
                kl = kl + 0.5 * (prior_log - log_variance + spread - 1).sum() / videos
            outputs.append(torch.tanh(self.dense(self.recur("predictor", inputs, states), "predictor.output")))
        shown = [skips[min(i - 1, last)] for i in range(1, count)]
        if config["bnScope"] == "sequence":
            decoded = self.decode(torch.cat(outputs), [torch.cat(level) for level in zip(*shown)])
            error = F.mse_loss(decoded, frames[1:].reshape(decoded.shape)) * (count - 1)
        else:
            error = sum(F.mse_loss(self.decode(g, skip), frames[i + 1]) for i, (g, skip) in enumerate(zip(outputs, shown)))
        return error + config["klWeight"] * kl


def create(config: dict, weights: dict[str, torch.Tensor]) -> nn.Module:
    return Svg(config, weights)


def optimizer(model: nn.Module, config: dict) -> torch.optim.Optimizer:
    return torch.optim.Adam(model.parameters(), lr=config["learningRate"], betas=(config["beta1"], config["beta2"]), fused=True)
