# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Converts what PyTorch and timm save, and what torch.onnx exports, and compares the logits of the converted models
with PyTorch's in float64 and ONNX Runtime's. Weights are random, with batch norm statistics as training leaves them.

    torch_convert.py [--quick] [--keep DIR] [--only TEXT]
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import warnings

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
import onnxruntime
import timm
import torch
import torchvision
from safetensors.torch import save_file

import mobilenet_c

warnings.filterwarnings("ignore")

BUILD = os.environ.get("MN_BUILD") or os.path.join(mobilenet_c.ROOT, "build")
COMMAND = os.environ.get("MOBILENET_COMMAND") or os.path.join(BUILD, "mobilenet")
# Of the largest logit; or twice what PyTorch's own float32 is off, in networks that amplify rounding.
TOLERANCE = 1e-5
PHOTOS = 2


class Failure(Exception):
    """Something differs; its text says what."""


# ---- Models ---------------------------------------------------------------------------------------------------------

def vision(name, **settings):
    return lambda: getattr(torchvision.models, name)(weights=None, **settings)


def timm_model(name, **settings):
    return lambda: timm.create_model(name, pretrained=False, **settings)


def softmaxed(name):
    return lambda: torch.nn.Sequential(timm_model(name)(), torch.nn.Softmax(dim=1))


def settle(model, size):
    """Gammas and betas as training leaves them, running statistics those of pictures."""
    generator = torch.Generator().manual_seed(1)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            with torch.no_grad():
                module.weight.uniform_(0.5, 1.5, generator=generator)
                module.bias.normal_(0, 0.3, generator=generator)
            module.momentum = None
            module.reset_running_stats()
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.eval()
    with torch.no_grad():
        for _ in range(2):
            model(pictures(4, size, generator))
    return model.eval()


def pictures(count, size, generator):
    """Smooth noise in the range of normalised pixels."""
    small = torch.rand(count, 3, 7, 7, generator=generator)
    large = torch.nn.functional.interpolate(small, size=size, mode="bilinear")
    noise = torch.rand(count, 3, *size, generator=generator)
    return (0.8 * large + 0.2 * noise) * 4.5 - 2


# ---- Ways to save ---------------------------------------------------------------------------------------------------

def safetensors(model, stem):
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, stem + ".safetensors",
              metadata={"format": "pt"})
    return stem + ".safetensors"


def pth(model, stem):
    torch.save(model.state_dict(), stem + ".pth")
    return stem + ".pth"


def old_pth(model, stem):
    torch.save(model.state_dict(), stem + ".old.pth", _use_new_zipfile_serialization=False)
    return stem + ".old.pth"


def protocol_4(model, stem):
    torch.save(dict(model.state_dict()), stem + ".bin", pickle_protocol=4)
    return stem + ".bin"


def checkpoint(model, stem):
    """What torchvision's and timm's training scripts leave: the averaged model is the one that counts."""
    averaged = {"module." + name: value for name, value in model.state_dict().items()}
    averaged["n_averaged"] = torch.tensor(7)
    parameters = {name: torch.nn.Parameter(value.clone()) if value.is_floating_point() else value
                  for name, value in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    torch.save({"model": parameters, "model_ema": averaged, "epoch": 3, "optimizer": optimizer.state_dict(),
                "args": argparse.Namespace(lr=0.1, name="x", flags=[True, None])}, stem + ".tar")
    return stem + ".tar"


def views(model, stem):
    """All arrays are views of one storage, kernels with the strides of channels last."""
    last = model.to(memory_format=torch.channels_last).state_dict()
    names = [name for name, value in last.items() if value.dtype == torch.float32 and value.dim() != 4]
    flat = torch.cat([last[name].flatten() for name in names])
    state, at = {}, 0
    for name, value in last.items():
        state[name] = value
        if name in names:
            state[name] = flat[at:at + value.numel()].view(value.shape)
            at += value.numel()
    torch.save(state, stem + ".views.pt")
    model.to(memory_format=torch.contiguous_format)
    return stem + ".views.pt"


def half(model, stem):
    """Rounded to bfloat16, which float16 holds as well, in both types and in float64."""
    state = model.state_dict()
    types = [torch.float16, torch.bfloat16, torch.float64]
    rounded = {}
    for i, (name, value) in enumerate(state.items()):
        if value.is_floating_point():
            value = value.bfloat16().half().bfloat16().float() if value.abs().max() < 60000 else value
            state[name].copy_(value)
            rounded[name] = value.to(types[i % 3]) if value.abs().max() < 60000 else value
    model.load_state_dict({**state, **{name: value.float() for name, value in rounded.items()}})
    save_file(rounded, stem + ".half.safetensors")
    return stem + ".half.safetensors"


def export(model, stem, size, name, **settings):
    path = "%s.%s.onnx" % (stem, name)
    with open(os.devnull, "w") as null, contextlib.redirect_stdout(null), contextlib.redirect_stderr(null):
        torch.onnx.export(model, (torch.zeros(1, 3, *size),), path, **settings)
    return path


def onnx_export(name, **settings):
    def save(model, stem, size):
        return export(model, stem, size, save.__name__, **settings)
    save.__name__ = name
    return save


BATCH = {"input_names": ["image"], "output_names": ["scores"]}
ONNX = [
    onnx_export("opset9", dynamo=False, opset_version=9),
    onnx_export("opset11_open_batch", dynamo=False, opset_version=11, dynamic_axes={"image": [0]}, **BATCH),
    onnx_export("opset13_with_norms", dynamo=False, opset_version=13, do_constant_folding=False,
                training=torch.onnx.TrainingMode.PRESERVE),
    onnx_export("opset17_open_size", dynamo=False, opset_version=17, dynamic_axes={"image": [0, 2, 3]}, **BATCH),
    onnx_export("opset20", dynamo=False, opset_version=20),
    onnx_export("dynamo18", dynamo=True, opset_version=18),
    onnx_export("dynamo_newest", dynamo=True, external_data=False),
]


# ---- Comparison -----------------------------------------------------------------------------------------------------

def convert(path, *options):
    out = path + ".tflite"
    done = subprocess.run([COMMAND, "convert", path, "-o", out, *options], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(done.stderr.strip())
    with open(out, "rb") as file:
        return file.read()


def logits(lib, data, inputs):
    session = mobilenet_c.Session(mobilenet_c.Model(lib, data))
    return np.concatenate([session.run([picture[None]])[0] for picture in inputs])


def runtime_logits(path, inputs):
    """ONNX Runtime's."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: picture[None]})[0] for picture in inputs])


def compare(lib, data, model, size, path):
    """The largest distance from PyTorch in float64, beside that of PyTorch in float32."""
    inputs = pictures(PHOTOS, size, torch.Generator().manual_seed(2))
    with torch.no_grad():
        single = model(inputs).numpy()
        expected = model.double()(inputs.double()).numpy()
        model.float()
    got = logits(lib, data, inputs.numpy().transpose(0, 2, 3, 1))
    if got.shape != expected.shape:
        raise Failure("shape %s instead of %s" % (got.shape, expected.shape))
    worst, own = (float(np.max(np.abs(x - expected)) / np.max(np.abs(expected))) for x in (got, single))
    if not worst <= max(TOLERANCE, 2 * own):
        raise Failure("the logits are %.2g of the largest away, PyTorch's in float32 %.2g" % (worst, own))
    if path.endswith(".onnx"):
        apart = float(np.max(np.abs(got - runtime_logits(path, inputs.numpy()))) / np.max(np.abs(expected)))
        if not apart <= 2 * max(TOLERANCE, 2 * own):
            raise Failure("the logits are %.2g of the largest from ONNX Runtime's" % apart)
    return worst, own


# ---- Cases ----------------------------------------------------------------------------------------------------------

class Case:
    def __init__(self, name, build, saves, size=(224, 224), quick=False):
        self.name, self.build, self.saves, self.size, self.quick = name, build, saves, size, quick


def all_cases():
    weights = [safetensors, pth, old_pth, protocol_4, checkpoint, views, half] + ONNX
    one = [safetensors]
    two = [safetensors, pth]
    few = [ONNX[0], ONNX[3], ONNX[6]]
    return [
        Case("torchvision mobilenet_v2", vision("mobilenet_v2"), weights, quick=True),
        Case("torchvision mobilenet_v2 0.35, 96, 5 classes", vision("mobilenet_v2", width_mult=0.35, num_classes=5), one,
             (96, 96)),
        Case("torchvision mobilenet_v2 1.3, 97", vision("mobilenet_v2", width_mult=1.3), one, (97, 97)),
        Case("torchvision mobilenet_v2 0.56", vision("mobilenet_v2", width_mult=0.56), one, (96, 96)),
        Case("timm mobilenetv2_100", timm_model("mobilenetv2_100"), weights, quick=True),
        Case("timm mobilenetv2_050, 128, 7 classes", timm_model("mobilenetv2_050", num_classes=7), one, (128, 128)),
        Case("timm mobilenetv2_035", timm_model("mobilenetv2_035"), one, (96, 96)),
        Case("timm mobilenetv2_140", timm_model("mobilenetv2_140"), one),
        Case("timm mobilenetv2_110d", timm_model("mobilenetv2_110d"), one),
        Case("timm mobilenetv2_120d", timm_model("mobilenetv2_120d"), one),
        Case("torchvision mobilenet_v3_small", vision("mobilenet_v3_small"), two + ONNX),
        Case("torchvision mobilenet_v3_large, 160", vision("mobilenet_v3_large"), two + few, (160, 160)),
        Case("timm mobilenetv3_large_100", timm_model("mobilenetv3_large_100"), two + few),
        Case("timm mobilenetv3_small_050", timm_model("mobilenetv3_small_050"), one + few),
        Case("timm tf_mobilenetv3_small_minimal_100", timm_model("tf_mobilenetv3_small_minimal_100"), ONNX[-1:]),
        Case("timm mobilenetv1_100, 128", timm_model("mobilenetv1_100"), one + few, (128, 128)),
        Case("timm mobilenetv1_100h", timm_model("mobilenetv1_100h"), one, (96, 96)),
        Case("timm mobilenetv3_large_150d", timm_model("mobilenetv3_large_150d"), one, (96, 96)),
        Case("torchvision mnasnet0_5", vision("mnasnet0_5"), few),
        Case("timm efficientnet_lite0", timm_model("efficientnet_lite0"), few),
        Case("timm mobilenetv2_035 with softmax", softmaxed("mobilenetv2_035"), few, (96, 96)),
    ]


def run_case(lib, case, folder):
    torch.manual_seed(len(case.name))
    model = settle(case.build(), case.size)
    stem = os.path.join(folder, "".join(c if c.isalnum() else "_" for c in case.name))
    failed = 0
    for save in case.saves:
        title = "%s: %s" % (case.name, save.__name__)
        try:
            path = save(model, stem, case.size) if save in ONNX else save(model, stem)
            options = ["--scores", "--size", str(case.size[0])]
            if save in ONNX:
                options = options[1:] if "open_size" in save.__name__ else []
            worst = compare(lib, convert(path, *options), model, case.size, path)
            print("ok     %-80s %.1e, PyTorch %.1e" % ((title,) + worst))
        except Failure as failure:
            print("FAILED %s: %s" % (title, failure))
            failed += 1
        sys.stdout.flush()
    return failed, len(case.saves)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a sample of the cases")
    parser.add_argument("--keep", help="keep the files in this folder")
    parser.add_argument("--only", default="", help="only cases with this text in their name")
    arguments = parser.parse_args()
    lib = mobilenet_c.library()
    failed = total = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or scratch
        os.makedirs(folder, exist_ok=True)
        for case in all_cases():
            if (arguments.quick and not case.quick) or arguments.only not in case.name:
                continue
            result = run_case(lib, case, folder)
            failed += result[0]
            total += result[1]
    print("%d files converted and compared, %d failed" % (total, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
