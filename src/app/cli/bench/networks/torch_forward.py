# Behind models/training/networks.py: one network with the weights it is handed, written for ONNX Runtime as well; runs
# it once per "go" and prints the seconds it took.
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
    network = UNet(**{name: spec[name] for name in ("in_channels", "out_channels", "base_width", "depth")})
elif spec["network"] == "densenet":
    network = torchvision.models.densenet.DenseNet(32, tuple(spec["block_config"]), 64, 4, 0.0, spec["n_classes"])
    network.features.conv0 = nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
elif spec["network"] == "resnet":
    network = torchvision.models.resnet50(num_classes=spec["n_classes"])
else:
    network = torchvision.models.efficientnet_b0(num_classes=spec["n_classes"])
# Counters of batch norm are no weights; everything else must fit.
missing, unexpected = network.load_state_dict(weights, strict=False)
assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing), (missing, unexpected)
network.eval()
x = torch.frombuffer(values, dtype=torch.float32).reshape(header["shape"])
if not Path(header["onnx"]).exists():
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
