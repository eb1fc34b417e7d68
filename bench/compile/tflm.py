# The memory that TensorFlow Lite Micro needs for models, by its own interpreter:
#   pip install tflite-micro; python bench/compile/tflm.py MODEL.tflite ...
# Prints the smallest arena with which each model loads, and how the allocator splits it: `head` holds tensors, `tail` what lasts (structures whose pointers
# have 64 bits here and 32 on a microcontroller).
import sys

from tflite_micro import runtime

CONFIG = runtime.InterpreterConfig.kAllocationRecording


def loads(model: bytes, arena: int):
    try:
        return runtime.Interpreter.from_bytes(model, arena_size=arena, intrepreter_config=CONFIG)
    except Exception:
        return None


for path in sys.argv[1:]:
    model = open(path, "rb").read()
    low, high = 1024, 4_000_000
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if loads(model, middle) is not None else (middle + 1, high)
    print(f"{path}: {low} bytes", flush=True)
    loads(model, low + 4096).print_allocations()
