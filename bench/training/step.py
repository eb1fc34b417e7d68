"""Training steps of a network in eager PyTorch, for index.mjs: one JSON question a line on standard input, one answer a line on standard output.

First {network, batch, threads, layout, clock}, then {steps: n}, answered by the milliseconds of each step.
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


def key(name):
    return name.replace(".", "_")


def create(question):
    torch.set_num_threads(question["threads"])
    torch.manual_seed(0)
    network = question["network"]
    model = Network(network).train()
    layout = torch.channels_last if question["layout"] == "channels_last" else torch.contiguous_format
    model = model.to(memory_format=layout)
    optimizer = torch.optim.Adam(model.parameters())
    images = torch.randn(question["batch"], *network["input"]["shape"]).contiguous(memory_format=layout)
    labels = torch.arange(question["batch"]) % 10
    now = time.process_time if question["clock"] == "processor" else time.perf_counter

    def step():
        start = now()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        loss.item()
        return (now() - start) * 1000

    return step


def main():
    step = create(json.loads(sys.stdin.readline()))
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        print(json.dumps([step() for _ in range(json.loads(line)["steps"])]), flush=True)


main()
