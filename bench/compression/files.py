"""How large a model is."""

import os
from pathlib import Path

import onnx


def bytes_of(path):
    """A model's file and those of its weights."""
    model = onnx.load(path, load_external_data=False)
    apart = {entry.value for each in model.graph.initializer for entry in each.external_data if entry.key == "location"}
    return os.path.getsize(path) + sum(os.path.getsize(Path(path).parent / name) for name in apart)
