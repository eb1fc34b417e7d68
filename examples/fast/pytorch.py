"""The recipe of fast-cifar10.mjs in PyTorch, from the same weights: python pytorch.py FOLDER, with what export.mjs wrote there.

Prints one line of JSON: seconds from decoded images to the trained network, and the accuracy on the part to measure on. Eager mode in the
channels_last layout, which is PyTorch's faster one for this network.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

FOLDER = Path(sys.argv[1])
RUN = json.loads((FOLDER / "run.json").read_text())
RECIPE = RUN["recipe"]["training"]
CLASSES = 10
# ONNX counts the share of running statistics that stays, PyTorch the share that is replaced.
REPLACED = 0.4


class FastCnn(nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.convolutions = nn.ModuleList()
        self.norms = nn.ModuleList()
        shapes = {name: tensor.shape for name, tensor in weights.items()}
        for name in sorted((n for n in shapes if n.startswith("conv") and n.endswith(".weight")), key=number):
            filters, channels, kernel, _ = shapes[name]
            first = len(self.convolutions) == 0
            layer = nn.Conv2d(channels, filters, kernel, padding=0 if first else kernel // 2, bias=first)
            layer.weight.data = weights[name]
            if first:
                layer.bias.data = weights[name.replace("weight", "bias")]
            self.convolutions.append(layer)
        for name in sorted((n for n in shapes if n.endswith(".scale")), key=number):
            self.norms.append(nn.BatchNorm2d(shapes[name][0], momentum=REPLACED))
        dense = next(n for n in shapes if n.startswith("dense") and n.endswith(".weight"))
        self.dense = nn.Linear(*reversed(shapes[dense]))
        self.dense.weight.data = weights[dense]
        self.dense.bias.data = weights[dense.replace("weight", "bias")]

    def forward(self, x):
        x = F.relu(self.convolutions[0](x))
        for pair in range(3):
            x = F.max_pool2d(self.convolutions[1 + 2 * pair](x), 2)
            x = F.relu(self.norms[2 * pair](x))
            x = F.relu(self.norms[2 * pair + 1](self.convolutions[2 + 2 * pair](x)))
        return self.dense(x.amax((2, 3)))


def number(name):
    return int("".join(c for c in name.split(".")[0] if c.isdigit()))


def read(part):
    images = np.fromfile(FOLDER / f"{part}-images.bin", np.uint8).reshape(-1, 32, 32, 3)
    labels = np.fromfile(FOLDER / f"{part}-labels.bin", np.int32)
    mean, std = (torch.tensor(RUN[name], dtype=torch.float32) for name in ("mean", "std"))
    normal = (torch.from_numpy(images).float() - mean) / std
    return normal.permute(0, 3, 1, 2), torch.from_numpy(labels).long()


def augment(images, indices, parity, epoch, pixels):
    """Flips that alternate from epoch to epoch, then a random shift with mirrored edges, an image at a time in one gather."""
    batch = images[indices]
    mirrored = parity[indices] == epoch % 2
    batch = torch.where(mirrored.view(-1, 1, 1, 1), batch.flip(3), batch)
    padded = F.pad(batch, (pixels,) * 4, "reflect")
    side = torch.arange(32)
    rows, columns = (torch.randint(0, 2 * pixels + 1, (len(indices), 1)) + side for _ in range(2))
    shifted = padded[torch.arange(len(indices)).view(-1, 1, 1), :, rows.unsqueeze(2), columns.unsqueeze(1)]
    return shifted.permute(0, 3, 1, 2)


def parameter_groups(model):
    """What is frozen is not among them; matrices and kernels have weight decay, shifts a rate of their own."""
    rate, decay = RECIPE["learningRate"], RECIPE["weightDecay"]
    factor = next((f["factor"] for f in RECIPE["rateFactors"] if f["match"] == "*.shift"), 1)
    model.convolutions[0].weight.requires_grad = False
    shifts = [norm.bias for norm in model.norms]
    for norm in model.norms:
        norm.weight.requires_grad = False
    kernels = [layer.weight for layer in model.convolutions[1:]] + [model.dense.weight]
    others = [model.convolutions[0].bias, model.dense.bias]
    return [
        {"params": kernels, "lr": rate, "weight_decay": decay},
        {"params": others, "lr": rate, "weight_decay": 0},
        {"params": shifts, "lr": rate * factor, "weight_decay": 0},
    ]


def factor(step, steps):
    warm = round(RECIPE["schedule"].get("warmup", 0) * steps)
    if step < warm:
        return (step + 1) / warm
    return 1 - (step - warm) / max(1, steps - warm)


def main():
    torch.set_num_threads(RUN["threads"])
    torch.manual_seed(RUN["seed"])
    images, labels = read("train")
    start = time.perf_counter()
    weights = {w["name"]: torch.from_numpy(np.fromfile(FOLDER / f"{w['name']}.bin", np.float32).reshape(w["shape"])) for w in RUN["weights"]}
    model = FastCnn(weights).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(parameter_groups(model), momentum=RECIPE["optimizer"]["momentum"], nesterov=True)
    size = RECIPE["batchSize"]
    per_epoch = len(images) // size
    steps = RECIPE["epochs"] * per_epoch
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: factor(step, steps))
    pixels = next(a["pixels"] for a in RECIPE["augment"] if a["name"] == "crop")
    parity = torch.randint(0, 2, (len(images),))
    for epoch in range(RECIPE["epochs"]):
        order = torch.randperm(len(images))
        for step in range(per_epoch):
            indices = order[step * size : (step + 1) * size]
            batch = augment(images, indices, parity, epoch, pixels).contiguous(memory_format=torch.channels_last)
            loss = F.cross_entropy(model(batch), labels[indices], label_smoothing=RECIPE["labelSmoothing"])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"PyTorch, epoch {epoch + 1}: loss {loss.item():.4f}, {time.perf_counter() - start:.1f} s", file=sys.stderr)
    seconds = time.perf_counter() - start
    model.eval()
    images, labels = read("test")
    with torch.no_grad():
        batches = range(0, len(images), 500)
        single = torch.cat([model(images[i : i + 500]) for i in batches])
        mirrored = torch.cat([model(images[i : i + 500].flip(3)) for i in batches])
    accuracy, alone = ((scores.argmax(1) == labels).float().mean().item() for scores in (single + mirrored, single))
    print(json.dumps({"accuracy": accuracy, "single": alone, "seconds": round(seconds, 1), "version": torch.__version__}))


main()
