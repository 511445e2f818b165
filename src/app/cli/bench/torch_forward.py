# Behind models/training/networks.py: runs one network on one input per "go" and prints the seconds it took.
import json
import sys
import time

import safetensors.torch

header = json.loads(sys.stdin.buffer.readline())
weights = safetensors.torch.load(sys.stdin.buffer.read(header["n_weight_bytes"]))
values = bytearray(sys.stdin.buffer.read(header["n_value_bytes"]))
torch.set_num_threads(header["n_threads"])
spec = header["architecture"]
if spec["network"] == "unet":
    network = UNet(**{name: spec[name] for name in UNET})
else:
    DENSENET.update({name: spec[name] for name in DENSENET})
    network = densenet(spec["n_classes"])
# Counters of batch norm are no weights; everything else must fit.
missing, unexpected = network.load_state_dict(weights, strict=False)
assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing), (missing, unexpected)
network.eval()
x = torch.frombuffer(values, dtype=torch.float32).reshape(header["shape"])
with torch.inference_mode():
    outputs = network(x).flatten()[:: header["output_stride"]].tolist()
    print(json.dumps({"version": torch.__version__, "outputs": outputs}), flush=True)
    for _ in sys.stdin.buffer:
        began = time.perf_counter()
        network(x)
        print(time.perf_counter() - began, flush=True)
