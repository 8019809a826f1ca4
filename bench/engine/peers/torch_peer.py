"""PyTorch (eager, CPU) for the bench: reads JSON lines, answers with JSON lines.

{"build": case}  -> {"parameters": n}
{"run": steps}   -> {"times": [milliseconds of each training step]}
"""

import json
import math
import os
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(os.cpu_count() or 1)


def sinusoidal(t, size):
    """sin and cos at size/2 frequencies from 1 to 1000 in geometric steps."""
    half = size // 2
    frequencies = 1000 ** (torch.arange(half) / max(half - 1, 1))
    angle = t[:, None] * frequencies[None, :]
    return torch.cat([angle.sin(), angle.cos()], 1)


class ConvNet(nn.Module):
    def __init__(self, case):
        super().__init__()
        channels = [1] + [case["channels"]] * (case["layers"] - 1) + [1]
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1) for a, b in zip(channels, channels[1:])
        )

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return self.layers[-1](x)


class Mlp(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = F.silu(layer(x))
        return self.layers[-1](x)


class Residual(nn.Module):
    def __init__(self, inputs, outputs, time, groups):
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time = nn.Linear(time, 2 * outputs)
        self.norm2 = nn.GroupNorm(groups, outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x, t):
        h = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.time(t)[:, :, None, None].chunk(2, 1)
        return self.skip(x) + self.conv2(F.silu(self.norm2(h) * (1 + scale) + shift))


class Unet(nn.Module):
    def __init__(self, case):
        super().__init__()
        widths, groups = case["widths"], case["groups"]
        self.width, size, last = widths[0], 4 * widths[0], widths[-1]
        self.time = Mlp([widths[0], size, size])
        self.stem = nn.Conv2d(1, widths[0], 3, padding=1)
        before = [widths[0]] + widths[:-1]
        self.down = nn.ModuleList(Residual(a, b, size, groups) for a, b in zip(before, widths))
        self.shrink = nn.ModuleList(nn.Conv2d(w, w, 3, stride=2, padding=1) for w in widths[:-1])
        self.first = Residual(last, last, size, groups)
        self.second = Residual(last, last, size, groups)
        self.up = nn.ModuleList(Residual(2 * w, w, size, groups) for w in reversed(widths))
        upward = list(reversed(widths))
        self.grow = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in zip(upward, upward[1:]))
        self.norm = nn.GroupNorm(groups, widths[0])
        self.out = nn.Conv2d(widths[0], 1, 3, padding=1)

    def forward(self, x, t):
        c = F.silu(self.time(sinusoidal(t, self.width)))
        h, skips = self.stem(x), []
        for i, block in enumerate(self.down):
            h = block(h, c)
            skips.append(h)
            if i < len(self.shrink):
                h = self.shrink[i](h)
        h = self.second(self.first(h, c), c)
        for i, block in enumerate(self.up):
            h = block(torch.cat([h, skips.pop()], 1), c)
            if i < len(self.grow):
                h = self.grow[i](F.interpolate(h, scale_factor=2, mode="nearest"))
        return self.out(F.silu(self.norm(h)))


class Attention(nn.Module):
    def __init__(self, width, heads, causal):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = (
            y.reshape(b, n, self.heads, d // self.heads).transpose(1, 2)
            for y in self.qkv(x).chunk(3, -1)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.out(y.transpose(1, 2).reshape(b, n, d))


class DitBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.width = width
        self.attention = Attention(width, heads, False)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)
        self.modulation = nn.Linear(width, 6 * width)

    def forward(self, x, c):
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulation(c)[:, None].chunk(6, -1)
        y = F.layer_norm(x, (self.width,)) * (1 + scale1) + shift1
        x = x + gate1 * self.attention(y)
        y = F.layer_norm(x, (self.width,)) * (1 + scale2) + shift2
        return x + gate2 * self.down(F.gelu(self.up(y)))


class Dit(nn.Module):
    def __init__(self, case):
        super().__init__()
        d, p, side = case["width"], case["patch"], case["side"]
        self.width, self.patch_side, self.grid = d, p, side // p
        self.patch = nn.Linear(p * p, d)
        self.time = Mlp([d, d, d])
        self.blocks = nn.ModuleList(DitBlock(d, case["heads"]) for _ in range(case["depth"]))
        self.modulation = nn.Linear(d, 2 * d)
        self.out = nn.Linear(d, p * p)
        self.register_buffer("positions", torch.randn(self.grid**2, d))

    def forward(self, x, t):
        b, g, p = x.shape[0], self.grid, self.patch_side
        c = F.silu(self.time(sinusoidal(t, self.width)))
        patches = x.reshape(b, g, p, g, p).permute(0, 1, 3, 2, 4).reshape(b, g * g, p * p)
        h = self.patch(patches) + self.positions
        for block in self.blocks:
            h = block(h, c)
        shift, scale = self.modulation(c)[:, None].chunk(2, -1)
        y = self.out(F.layer_norm(h, (self.width,)) * (1 + scale) + shift)
        return y.reshape(b, g, g, p, p).permute(0, 1, 3, 2, 4).reshape(x.shape)


class GptBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads, True)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Gpt(nn.Module):
    def __init__(self, case):
        super().__init__()
        d = case["width"]
        self.tokens = nn.Embedding(case["vocabulary"], d)
        self.positions = nn.Parameter(torch.randn(case["context"], d) * 0.02)
        nn.init.normal_(self.tokens.weight, std=0.02)
        self.blocks = nn.ModuleList(GptBlock(d, case["heads"]) for _ in range(case["depth"]))
        self.norm = nn.LayerNorm(d)

    def forward(self, tokens):
        x = self.tokens(tokens) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.norm(x) @ self.tokens.weight.T


def build(case):
    """The model and a function that gives the loss on the one batch all steps use."""
    kind, b = case["kind"], case["batch"]
    if kind == "mlp":
        model = Mlp([case["size"], *case["hidden"], case["size"]])
        x, y = torch.randn(b, case["size"]), torch.randn(b, case["size"])
        return model, lambda: F.mse_loss(model(x), y)
    if kind == "gpt":
        model, shape = Gpt(case), (b, case["context"])
        x, y = (torch.randint(case["vocabulary"], shape) for _ in range(2))
        return model, lambda: F.cross_entropy(model(x).flatten(0, 1), y.flatten())
    image = (b, 1, case["side"], case["side"])
    x, y, t = torch.randn(image), torch.randn(image), torch.rand(b)
    if kind == "conv":
        model = ConvNet(case)
        return model, lambda: F.mse_loss(model(x), y)
    model = {"unet": Unet, "dit": Dit}[kind](case)
    return model, lambda: F.mse_loss(model(x, t), y)


def main():
    model = optimizer = loss = None

    def step():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        assert math.isfinite(value.item())

    print(json.dumps({"ready": f"PyTorch {torch.__version__}"}), flush=True)
    for line in sys.stdin:
        message = json.loads(line)
        if "build" in message:
            model, loss = build(message["build"])
            optimizer = torch.optim.Adam(model.parameters(), 1e-3)
            answer = {"parameters": sum(p.numel() for p in model.parameters())}
        else:
            times = []
            for _ in range(message["run"]):
                start = time.perf_counter()
                step()
                times.append((time.perf_counter() - start) * 1e3)
            answer = {"times": times}
        print(json.dumps(answer), flush=True)


main()
