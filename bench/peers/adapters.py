# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""The engines that are compared, behind one interface. Only a worker process uses these: one engine in each, so that
no engine's threads, memory or start-up touch another's.

An engine's package is imported when its object is made. Inputs are filled outside of what is timed: how a picture gets
into a tensor is the caller's business in every engine."""

import os
import sys
import threading
import time

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INPUT_SEED = 1


def picture(shape):
    """Blurred noise in [-1, 1], in the layout rows, columns, channels."""
    noise = np.random.default_rng(INPUT_SEED).standard_normal(shape).astype(np.float32)
    for axis in (1, 2):
        noise = (noise + np.roll(noise, 1, axis) + np.roll(noise, -1, axis)) / 3
    return np.clip(noise, -1, 1)


def stored(value, dtype, scale, zero):
    """`value` as elements of `dtype`."""
    if dtype == np.float32:
        return value
    limits = np.iinfo(dtype)
    return np.clip(np.round(value / scale + zero), limits.min, limits.max).astype(dtype)


def input_for(name, model):
    """The picture as the engine called `name` takes it."""
    value = picture(model["input_shape"])
    if FAMILIES[name.partition(":")[0]] is not OnnxRuntime:
        return stored(value, np.dtype(model["input_type"]), *model["input_quant"])
    value = np.ascontiguousarray(value.transpose(0, 3, 1, 2))
    return stored(value, np.uint8, *model["onnx_input_quant"]) if "onnx_input_quant" in model else value


class Ours:
    """This library; `variant` is its highest kernel tier, "" for the best."""

    def __init__(self, variant, threads):
        sys.path.insert(0, os.path.join(ROOT, "tests", "oracle"))
        import mobilenet_c
        self.module = mobilenet_c
        self.library = mobilenet_c.library()
        self.tier, self.threads = variant or None, threads

    def open(self, model):
        self.model = self.module.Model(self.library, None, model["tflite"])

    def prepare(self):
        self.session = self.module.Session(self.model, self.tier, self.threads)
        self.invoke = self.session.invoke

    def close(self):
        self.session.close()
        self.model.close()

    def take_input(self, value):
        self.value = value

    def fill(self):
        self.session.set_input(0, self.value)

    def output(self):
        info = self.session.info(self.model.output(0))
        raw = self.session.outputs()[0].astype(np.float64)
        return (raw - info.quant.zero_point[0]) * info.quant.scale[0] if info.quant.count else raw

    def version(self):
        return self.library.mn_version().decode()

    def remarks(self):
        return ""


class LiteRT:
    """LiteRT's interpreter; `variant` is "" (as it comes: XNNPACK), "no-xnnpack", "reference", or "delegate": with this
    library's kernels, as its external delegate."""

    def __init__(self, variant, threads):
        from ai_edge_litert import interpreter
        self.module, self.threads = interpreter, threads
        resolvers = interpreter.OpResolverType
        self.resolver = {"": resolvers.AUTO, "no-xnnpack": resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
                         "delegate": resolvers.AUTO, "reference": resolvers.BUILTIN_REF}[variant]
        self.delegated = variant == "delegate"

    def open(self, model):
        delegates = []
        if self.delegated:
            folder = os.path.dirname(os.environ.get("MOBILENET_LIBRARY") or os.path.join(ROOT, "build", "any"))
            path = os.path.join(folder, "libmobilenet_delegate.so")
            delegates.append(self.module.load_delegate(path, {"num_threads": str(self.threads)}))
        self.interpreter = self.module.Interpreter(
            model_path=model["tflite"], num_threads=self.threads, experimental_op_resolver_type=self.resolver,
            experimental_delegates=delegates)

    def prepare(self):
        self.interpreter.allocate_tensors()
        self.invoke = self.interpreter.invoke

    def take_input(self, value):
        self.input, self.value = self.interpreter.get_input_details()[0]["index"], value

    def fill(self):
        self.interpreter.set_tensor(self.input, self.value)

    def output(self):
        detail = self.interpreter.get_output_details()[0]
        raw = self.interpreter.get_tensor(detail["index"]).astype(np.float64)
        scale, zero = detail["quantization"]
        return (raw - zero) * scale if scale else raw

    def step(self):
        """Distance of two neighbouring output values; 0 for float."""
        return float(self.interpreter.get_output_details()[0]["quantization"][0])

    def version(self):
        from importlib import metadata
        return metadata.version("ai-edge-litert")

    def remarks(self):
        return ""


class OpenVINO:
    """OpenVINO on the `.tflite` file. `variant` is "" or "bf16".

    OpenVINO computes float32 models in bfloat16 where the processor can, unless it is told otherwise. "" asks for
    float32 there, to compare equal work; "bf16" leaves it its way. What an int8 model keeps in float it may do as it
    likes in either."""

    def __init__(self, variant, threads):
        import openvino
        self.module, self.threads, self.variant = openvino, threads, variant
        self.core = openvino.Core()

    def open(self, model):
        self.model, self.network = model, self.core.read_model(model["tflite"])

    def prepare(self, options=None):
        options = options or {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": self.threads, "NUM_STREAMS": 1}
        if self.model["type"] == "float32":
            options["INFERENCE_PRECISION_HINT"] = "bf16" if self.variant == "bf16" else "f32"
        self.compiled = self.core.compile_model(self.network, "CPU", options)
        self.request = self.compiled.create_infer_request()

    def take_input(self, value):
        self.value = self.module.Tensor(value)
        self.request.set_input_tensor(self.value)

    def fill(self):
        """The request reads the tensor it was given and leaves it as it is."""

    def invoke(self):
        self.request.infer(share_outputs=True)  # else each run would copy its outputs

    def output(self):
        scale, zero = self.model["output_quant"]
        raw = self.request.get_output_tensor(0).data.astype(np.float64)
        return (raw - zero) * scale

    def version(self):
        return self.module.__version__.split("-")[0]

    def load_streams(self, model, streams):
        """For a queue of requests that fills `streams` processors, as OpenVINO advises for throughput."""
        self.open(model)
        self.prepare({"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_NUM_THREADS": streams, "NUM_STREAMS": streams})
        self.queue = self.module.AsyncInferQueue(self.compiled, streams)

    def take_stream_inputs(self, value):
        self.values = [self.module.Tensor(value) for _ in range(len(self.queue))]
        for request, tensor in zip(self.queue, self.values):
            request.set_input_tensor(tensor)

    def rate(self, seconds):
        """Inferences per second."""
        for _ in range(len(self.queue)):
            self.queue.start_async()
        self.queue.wait_all()
        begin, count = time.perf_counter(), 0
        while time.perf_counter() - begin < seconds:
            self.queue.start_async()
            count += 1
        self.queue.wait_all()
        return count / (time.perf_counter() - begin)

    def remarks(self):
        """What the convolutions are computed in."""
        counts = {}
        for node in self.compiled.get_runtime_model().get_ops():
            facts = node.get_rt_info()
            if facts["layerType"].astype(str) in ("Convolution", "FullyConnected"):
                kind = facts["primitiveType"].astype(str).rsplit("_", 1)[-1].lower()
                counts[kind] = counts.get(kind, 0) + 1
        return "convolutions and products in " + ", ".join(
            "%s (%d)" % (kind, counts[kind]) for kind in sorted(counts, key=counts.get, reverse=True))


class OnnxRuntime:
    """ONNX Runtime on the network that onnx_network.py made of the same file."""

    def __init__(self, variant, threads):
        import onnxruntime
        self.module, self.threads = onnxruntime, threads

    def open(self, model):
        """Reading and preparing are one."""
        if "onnx" not in model:
            raise RuntimeError(model["onnx_missing"])
        self.model = model

    def prepare(self):
        options = self.module.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        self.session = self.module.InferenceSession(self.model["onnx"], options, providers=["CPUExecutionProvider"])

    def take_input(self, value):
        self.binding = self.session.io_binding()
        self.value = self.module.OrtValue.ortvalue_from_numpy(value)
        self.binding.bind_ortvalue_input(self.session.get_inputs()[0].name, self.value)
        self.binding.bind_output(self.session.get_outputs()[0].name)

    def fill(self):
        """The session reads the value it was given and leaves it as it is."""

    def invoke(self):
        self.session.run_with_iobinding(self.binding)

    def output(self):
        return self.binding.copy_outputs_to_cpu()[0].astype(np.float64)

    def version(self):
        return self.module.__version__

    def remarks(self):
        return "static quantisation, unsigned activations, signed weights per channel" if "onnx_input_quant" in \
            self.model else ""


FAMILIES = {"mobilenet.c": Ours, "litert": LiteRT, "openvino": OpenVINO, "onnxruntime": OnnxRuntime}


def make(name, threads):
    """The engine called FAMILY or FAMILY:VARIANT."""
    family, _, variant = name.partition(":")
    return FAMILIES[family](variant, threads)


class Copies:
    """Several of an engine with one thread each, at the same time: the way to throughput of engines that have no other.
    Python holds none of them up, for each gives the interpreter's lock back while it computes."""

    def __init__(self, name):
        self.name = name

    def load_streams(self, model, streams):
        self.engines = [make(self.name, 1) for _ in range(streams)]
        for engine in self.engines:
            engine.open(model)
            engine.prepare()

    def take_stream_inputs(self, value):
        for engine in self.engines:
            engine.take_input(value)

    def rate(self, seconds):
        """Inferences per second, with the filling of the inputs."""
        rates = [0.0] * len(self.engines)
        together = threading.Barrier(len(self.engines))

        def run(place, engine):
            together.wait()
            begin, count, now = time.perf_counter(), 0, 0
            while now < begin + seconds:
                engine.fill()
                engine.invoke()
                count, now = count + 1, time.perf_counter()
            rates[place] = count / (now - begin)
        threads = [threading.Thread(target=run, args=pair) for pair in enumerate(self.engines)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(rates)

    def version(self):
        return self.engines[0].version()


def make_streams(name):
    """The engine called `name` in its best mode for throughput."""
    return make(name, 1) if FAMILIES[name.partition(":")[0]] is OpenVINO else Copies(name)
