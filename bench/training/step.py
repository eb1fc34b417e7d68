"""Training steps of a network in eager PyTorch, for index.mjs: one JSON question a line on standard input, one answer a line on standard output.

First {kind, network or config, batch, threads, layout, clock}; then {steps: n}, answered by the milliseconds of each step, or {peak: true}, by the
bytes that the process held at most above what it held once PyTorch was loaded. Layouts: contiguous, channels_last, and compiled for torch.compile.
"""

import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class Network(nn.Module):
    """Runs the operators of a network that torch.mjs describes."""

    def __init__(self, network):
        super().__init__()
        self.network = network
        self.weights = nn.ParameterDict()
        self.norms = nn.ModuleDict()
        trained = {"Conv": (1, 2), "Gemm": (1, 2)}
        for node in network["nodes"]:
            if node["op"] == "BatchNormalization":
                channels = network["shapes"][node["inputs"][1]][0]
                self.norms[key(node["output"])] = nn.BatchNorm2d(channels)
            for index in trained.get(node["op"], ()):
                if index < len(node["inputs"]) and node["inputs"][index]:
                    name = node["inputs"][index]
                    shape = network["shapes"][name]
                    fan_in = max(1, int(torch.tensor(shape[1:]).prod()))
                    values = torch.zeros(shape) if len(shape) == 1 else torch.randn(shape) * (2 / fan_in) ** 0.5
                    self.weights[key(name)] = nn.Parameter(values)

    def forward(self, x):
        values = {self.network["input"]["name"]: x}
        for node in self.network["nodes"]:
            values[node["output"]] = self.run(node, values)
        return values[self.network["output"]]

    def run(self, node, values):
        op, attributes = node["op"], node["attributes"]
        x = values[node["inputs"][0]]
        weights = [self.weights[key(name)] for name in node["inputs"][1:] if key(name) in self.weights]
        if op == "Conv":
            bias = weights[1] if len(weights) > 1 else None
            return F.conv2d(x, weights[0], bias, attributes["strides"], attributes["pads"][:2], groups=attributes["group"])
        if op == "Gemm":
            return F.linear(x, *weights)
        if op == "BatchNormalization":
            return self.norms[key(node["output"])](x)
        if op == "MaxPool":
            return F.max_pool2d(x, attributes["kernel_shape"], attributes["strides"])
        if op == "Dropout":
            return F.dropout(x, self.network["numbers"][node["inputs"][1]], self.training)
        if op in ("Add", "Mul"):
            other = values[node["inputs"][1]]
            return x + other if op == "Add" else x * other
        return ACTIVATIONS[op](x)


ACTIVATIONS = {
    "Relu": F.relu,
    "HardSwish": F.hardswish,
    "HardSigmoid": F.hardsigmoid,
    "GlobalAveragePool": lambda x: F.adaptive_avg_pool2d(x, 1),
    "Flatten": lambda x: x.flatten(1),
}


def mlp(sizes):
    layers = [part for a, b in zip(sizes, sizes[1:]) for part in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


class Encoder(nn.Module):
    """Embeddings, layers of attention and GELU with the normalization first, the mean over the places, a classifier."""

    def __init__(self, layers, width, heads, length, vocabulary):
        super().__init__()
        self.heads = heads
        self.embedding = nn.Embedding(vocabulary, width)
        self.places = nn.Parameter(torch.zeros(length, width))
        self.layers = nn.ModuleList(nn.ModuleDict({
            "norm1": nn.LayerNorm(width), "qkv": nn.Linear(width, 3 * width), "out": nn.Linear(width, width),
            "norm2": nn.LayerNorm(width), "up": nn.Linear(width, 4 * width), "down": nn.Linear(4 * width, width),
        }) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)

    def forward(self, tokens):
        x = self.embedding(tokens) + self.places
        batch, length, width = x.shape
        for layer in self.layers:
            parts = layer["qkv"](layer["norm1"](x)).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
            read = F.scaled_dot_product_attention(*parts).transpose(1, 2).reshape(batch, length, width)
            x = x + layer["out"](read)
            x = x + layer["down"](F.gelu(layer["up"](layer["norm2"](x))))
        return self.head(self.norm(x).mean(1))


def build(question):
    if question["kind"] == "mlp":
        return mlp(question["sizes"]), torch.randn(question["batch"], question["sizes"][0])
    if question["kind"] == "transformer":
        config = question["config"]
        tokens = torch.arange(question["batch"] * config["length"]) * 7919 % config["vocabulary"]
        return Encoder(**config), tokens.view(question["batch"], config["length"])
    network = question["network"]
    return Network(network), torch.randn(question["batch"], *network["input"]["shape"])


def key(name):
    return name.replace(".", "_")


def create(question):
    torch.set_num_threads(question["threads"])
    torch.manual_seed(0)
    model, samples = build(question)
    model.train()
    if question["layout"] == "channels_last":
        model = model.to(memory_format=torch.channels_last)
        samples = samples.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters())
    if question["layout"] == "compiled":
        model = torch.compile(model)
    labels = torch.arange(question["batch"]) % 10
    now = time.process_time if question["clock"] == "processor" else time.perf_counter

    def step():
        start = now()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(samples), labels)
        loss.backward()
        optimizer.step()
        loss.item()
        return (now() - start) * 1000

    return step


def main():
    step = create(json.loads(sys.stdin.readline()))
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(memory("VmHWM") - START if "peak" in question else [step() for _ in range(question["steps"])]), flush=True)


def memory(field):
    """Bytes of VmRSS (now) or VmHWM (at most so far). getrusage would count the process that started this one as well."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field))


START = memory("VmRSS")
main()
