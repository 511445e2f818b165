# Behind models/training/networks.py: runs one network on one input per "go" and prints the seconds it took; writes it for
# ONNX Runtime first where it is told to.
import json
import sys
import time
from pathlib import Path

import safetensors.torch
import torchvision

header = json.loads(sys.stdin.buffer.readline())
weights = safetensors.torch.load(sys.stdin.buffer.read(header["n_weight_bytes"]))
values = bytearray(sys.stdin.buffer.read(header["n_value_bytes"]))
torch.set_num_threads(header["n_threads"])
spec = header["architecture"]
if spec["network"] == "unet":
    network = UNet(**{name: spec[name] for name in UNET})
elif spec["network"] == "resnet":
    network = torchvision.models.resnet50(num_classes=spec["n_classes"])
elif spec["network"] == "efficientnet":
    network = torchvision.models.efficientnet_b0(num_classes=spec["n_classes"])
else:
    DENSENET.update({name: spec[name] for name in DENSENET})
    network = densenet(spec["n_classes"])
# Counters of batch norm are no weights; everything else must fit.
missing, unexpected = network.load_state_dict(weights, strict=False)
assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing), (missing, unexpected)
network.eval()
x = torch.frombuffer(values, dtype=torch.float32).reshape(header["shape"])
if "onnx" in header and not Path(header["onnx"]).exists():
    torch.onnx.export(network, x, header["onnx"], dynamo=False, opset_version=17)
with torch.inference_mode():
    outputs = network(x).flatten()[:: header["output_stride"]].tolist()
    print(json.dumps({"version": torch.__version__, "outputs": outputs}), flush=True)
    for _ in sys.stdin.buffer:
        began = time.perf_counter()
        network(x)
        seconds = time.perf_counter() - began
        # Its threads go on turning for a moment, and are not to take from who comes next
        time.sleep(0.1)
        print(seconds, flush=True)
