"""Optimizer updates in PyTorch, for bench/optim: JSON lines {"build": {"optimizer", "shapes"}} and {"run": steps} in."""
import json
import sys
import time

import torch

try:
    import pytorch_optimizer
except ImportError:
    pytorch_optimizer = None


def options(name, params):
    """The optimizer in PyTorch's own ways of running it: a loop over the tensors, and foreach."""
    own = {
        "sgd": lambda **o: torch.optim.SGD(params, 1e-3, **o),
        "momentum": lambda **o: torch.optim.SGD(params, 1e-3, momentum=0.9, **o),
        "nesterov": lambda **o: torch.optim.SGD(params, 1e-3, momentum=0.9, nesterov=True, **o),
        "adagrad": lambda **o: torch.optim.Adagrad(params, 1e-3, **o),
        "rmsprop": lambda **o: torch.optim.RMSprop(params, 1e-3, **o),
        "adadelta": lambda **o: torch.optim.Adadelta(params, 1e-3, **o),
        "adam": lambda **o: torch.optim.Adam(params, 1e-3, **o),
        "amsgrad": lambda **o: torch.optim.Adam(params, 1e-3, amsgrad=True, **o),
        "adamw": lambda **o: torch.optim.AdamW(params, 1e-3, **o),
    }
    if name in own:
        return [own[name](foreach=False), own[name](foreach=True)]
    other = {"lion": "Lion", "adamp": "AdamP", "sgdp": "SGDP", "diffgrad": "DiffGrad"}
    if name in other and pytorch_optimizer is not None:
        return [getattr(pytorch_optimizer, other[name])(params, lr=1e-3)]
    raise ValueError("no such optimizer")


def timed(step):
    start = time.perf_counter()
    step()
    return (time.perf_counter() - start) * 1e3


def main():
    step = None
    also = "" if pytorch_optimizer is None else ", pytorch_optimizer"
    print(json.dumps({"ready": f"PyTorch {torch.__version__}{also}"}), flush=True)
    for line in sys.stdin:
        message = json.loads(line)
        try:
            if "build" in message:
                torch.manual_seed(0)
                what = message["build"]
                params = [torch.nn.Parameter(torch.randn(shape)) for shape in what["shapes"]]
                for p in params:
                    p.grad = torch.randn_like(p) * 1e-2
                # The faster of its ways on this machine.
                ways = options(what["optimizer"], params)
                for way in ways:
                    for _ in range(3):
                        way.step()
                best = min(ways, key=lambda way: sorted(timed(way.step) for _ in range(7))[3])
                step = best.step
                answer = {"parameters": sum(p.numel() for p in params)}
            else:
                answer = {"times": [timed(step) for _ in range(message["run"])]}
        except Exception as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


main()
