"""Writes the PyTorch net, its gradients and its data that packages/fluxion/src/onnx/torch.test.ts compares with.

    pip install torch==2.13.0 onnx numpy onnxscript
    python3 scripts/make-torch-onnx.py
"""

import json
import pathlib

import torch
from torch import nn

torch.manual_seed(0)
folder = pathlib.Path(__file__).parent.parent / "packages/fluxion/src/onnx/testdata"


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.norm = nn.GroupNorm(2, 8)
        self.mix = nn.Conv2d(8, 8, 3, padding=1, groups=4, bias=False)
        self.batch = nn.BatchNorm2d(8)
        self.tokens = nn.Linear(8, 12)
        self.layer = nn.LayerNorm(12)
        self.attend = nn.MultiheadAttention(12, 3, batch_first=True)
        self.head = nn.Linear(12, 5)

    def forward(self, x):
        h = nn.functional.gelu(self.norm(self.conv(x)))
        h = h + nn.functional.silu(self.batch(self.mix(h)))
        h = nn.functional.max_pool2d(h, 2).flatten(2).transpose(1, 2)
        h = self.layer(self.tokens(h))
        h = h + self.attend(h, h, h, need_weights=False)[0]
        return self.head(h.mean(1))


net = Net().eval()
with torch.no_grad():
    net.batch.running_mean.uniform_(-0.5, 0.5)
    net.batch.running_var.uniform_(0.5, 1.5)
    for p in net.parameters():
        p.add_(0.1 * torch.randn_like(p))
x = torch.randn(2, 3, 8, 8)
labels = torch.tensor([1, 4])
torch.onnx.export(
    net,
    (x,),
    folder / "torch-net.onnx",
    dynamo=False,
    opset_version=18,
    do_constant_folding=False,
    training=torch.onnx.TrainingMode.PRESERVE,
    input_names=["x"],
    output_names=["logits"],
    dynamic_axes={"x": {0: "batch"}, "logits": {0: "batch"}},
)
logits = net(x)
loss = nn.functional.cross_entropy(logits, labels)
loss.backward()
rounded = lambda t: [float(f"{v:.8g}") for v in t.detach().flatten().tolist()]
reference = {
    "origin": f"PyTorch {torch.__version__}, scripts/make-torch-onnx.py",
    "x": rounded(x),
    "labels": labels.tolist(),
    "logits": rounded(logits),
    "loss": loss.item(),
    "gradients": {name: rounded(p.grad) for name, p in net.named_parameters()},
}
(folder / "torch-net.json").write_text(json.dumps(reference))
