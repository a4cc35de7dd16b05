# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Making models and measuring them: convert(), quantize() and evaluate().

They run the command `mobilenet` included in the package, so their results equal the command's byte for byte, and a
damaged file cannot harm the calling program."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from . import _library as lib
from . import errors
from .classifier import Labels
from .photos import Photo, decode

Progress = Callable[[str, int, int], object]
"""Called with the stage, the number of photos done, and their total: `progress("evaluating", 30, 100)`. An exception
that it raises ends the work and propagates."""

Photos = Union[str, "os.PathLike[str]", Sequence[Photo]]
"""The path of a folder, which is searched with the folders in it, or photos."""


def command() -> str:
    """The path of the command `mobilenet`: the package's own, else the one in $PATH. Raises MissingFileError."""
    folder = lib.folder()
    candidates = [] if folder is None else [folder / "mobilenet", folder.parent / "bin" / "mobilenet"]
    for path in candidates:
        if os.access(path, os.X_OK) and path.is_file():
            return str(path)
    found = shutil.which("mobilenet")
    if found is None:
        raise errors.MissingFileError(
            "the command mobilenet is missing: install the package's wheel, or put the command into a folder of $PATH"
        )
    return found


_PROGRESS = re.compile(r"^progress: (.*) (\d+)/(\d+)$")


def _run(arguments: Sequence[str], inputs: Sequence["lib.PathLike"], progress: Optional[Progress]) -> str:
    """Runs the command and gives what it printed. `inputs` are the files that it reads."""
    environment = dict(os.environ)
    if progress is not None:
        environment["MOBILENET_PROGRESS"] = "lines"
    sentences: List[str] = []
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as printed:
        with subprocess.Popen(
            [command(), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.PIPE,
            env=environment,
            encoding="utf-8",
            errors="replace",
        ) as process:
            try:
                assert process.stderr is not None
                for line in process.stderr:
                    step = _PROGRESS.match(line)
                    if step is None:
                        sentences.append(line.rstrip("\n"))
                    elif progress is not None:
                        progress(step[1], int(step[2]), int(step[3]))
            except BaseException:
                process.kill()
                raise
        if process.returncode != 0:
            raise _failure(process.returncode, sentences, inputs)
        printed.seek(0)
        return printed.read()


def _failure(code: int, sentences: List[str], inputs: Sequence["lib.PathLike"]) -> errors.MobileNetError:
    said = [line[len("mobilenet: ") :] for line in sentences if line.startswith("mobilenet: ")]
    sentence = said[-1] if said else " ".join(sentences) or f"the command mobilenet ended with {code} and said nothing"
    if code == 1 and any(not os.path.exists(path) for path in inputs):
        return errors.MissingFileError(sentence)
    error = errors.CommandError(sentence)
    error.exit_code = code
    return error


def _text(path: "lib.PathLike") -> str:
    """A path as an argument, which no option can be taken for."""
    lib.encode(path)
    text = os.fspath(path)
    return "./" + text if text.startswith("-") else text


def _write_pixels(photo: Photo, path: Path) -> None:
    pixels = decode(photo)
    height, width, _ = pixels.shape
    with open(path, "wb") as file:
        file.write(b"P6\n%d %d\n255\n" % (width, height))
        file.write(pixels.tobytes())


@contextmanager
def _folder_of(photos: Photos) -> "Iterator[Tuple[str, List[str]]]":
    """A folder with all photos, and their names in it where they were given one by one."""
    if isinstance(photos, (str, os.PathLike)):
        yield _text(photos), []
        return
    if len(photos) == 0:
        raise errors.ArgumentError("there are no photos in an empty list")
    with tempfile.TemporaryDirectory(prefix="mobilenet-") as folder:
        names = []
        for i, photo in enumerate(photos):
            if isinstance(photo, (str, os.PathLike)):
                if not os.path.exists(photo):
                    raise errors.MissingFileError(f"{os.fspath(photo)}: no such photo")
                name = f"{i:06d}{os.path.splitext(photo)[1]}"
                os.symlink(os.path.abspath(photo), os.path.join(folder, name))
            else:
                name = f"{i:06d}.ppm"
                _write_pixels(photo, Path(folder, name))
            names.append(name)
        yield folder, names


@contextmanager
def _labels_file(labels: Optional[Labels]) -> "Iterator[List[str]]":
    if labels is None:
        yield []
    elif isinstance(labels, (str, os.PathLike)):
        yield ["--labels", _text(labels)]
    else:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
            file.writelines(f"{label}\n" for label in labels)
            file.flush()
            yield ["--labels", file.name]


def _flags(values: Mapping[str, Any]) -> List[str]:
    """Options of the command: True is a flag, None and False are left out."""
    flags: List[str] = []
    for name, value in values.items():
        if value is True:
            flags.append(f"--{name}")
        elif value is not None and value is not False:
            flags += [f"--{name}", str(value)]
    return flags


def convert(
    source: "lib.PathLike",
    output: "lib.PathLike",
    *,
    size: Optional[int] = None,
    scores: bool = False,
    labels: Optional[Labels] = None,
) -> None:
    """Writes the float `.tflite` model of a Keras (`.h5`, `.keras`), PyTorch (`.pth`, `.safetensors`) or ONNX file.

    `size`: height and width of the input, if the file leaves them open. `scores`: bare weights end in scores instead
    of a softmax. `labels`: names of the classes, to store in the model.

    Raises MissingFileError, CommandError."""
    with _labels_file(labels) as named:
        flags = _flags({"size": size, "scores": scores})
        _run(["convert", _text(source), "-o", _text(output), *flags, *named], [source], None)


def quantize(
    source: "lib.PathLike",
    output: "lib.PathLike",
    *,
    images: Optional[Photos] = None,
    data_free: bool = False,
    optimize: bool = False,
    limit: Optional[int] = None,
    method: Optional[str] = None,
    per_tensor: bool = False,
    io: Optional[str] = None,
    seed: Optional[int] = None,
    jobs: Optional[int] = None,
    labels: Optional[Labels] = None,
    progress: Optional[Progress] = None,
) -> str:
    """Writes the int8 `.tflite` model of weights or of a float model, and returns the command's report.

    `images`: a hundred photos like those the model is for; or `data_free`. `optimize`: learns how to round weights.
    `limit`: take only so many photos. `method`: "minmax", "percentile" or "mse". `per_tensor`: one scale for the weights
    of a layer. `io`: type of input and output, "int8", "uint8" or "float32". `jobs`: photos at the same time.

    Raises MissingFileError, CommandError."""
    options = {
        "data-free": data_free,
        "optimize": optimize,
        "limit": limit,
        "method": method,
        "per-tensor": per_tensor,
        "io": io,
        "seed": seed,
        "jobs": jobs,
    }
    arguments = ["quantize", _text(source), "-o", _text(output), *_flags(options)]
    inputs: List["lib.PathLike"] = [source]
    with _labels_file(labels) as named:
        if images is None:
            return _run(arguments + named, inputs, progress)
        with _folder_of(images) as (folder, _):
            return _run([*arguments, *named, "--images", folder], [*inputs, folder], progress)


@dataclass(frozen=True)
class Share:
    """A number of photos out of a total."""

    count: int
    of: int
    share: float
    interval: Tuple[float, float]
    """95 % of such intervals hold what more photos would show."""


@dataclass(frozen=True)
class Evaluation:
    """The results of evaluate()."""

    evaluated: int
    """Photos that were read."""
    top1: Optional[Share]
    """None: the class of no photo is known."""
    top5: Optional[Share]
    """None, too, where there are no more than five classes."""
    images_per_second: float
    unreadable: List[str]
    """Sentences about photos that were left out."""
    report: Dict[str, Any]
    """All that `mobilenet evaluate --json` prints."""


def _share(model: Mapping[str, Any], key: str) -> Optional[Share]:
    found = model.get(key)
    if found is None:
        return None
    low, high = found["interval95"]
    return Share(found["count"], found["of"], found["share"], (low, high))


def evaluate(
    model: "lib.PathLike",
    images: Photos,
    *,
    truth: "Optional[lib.PathLike | Sequence[int]]" = None,
    compare: "Optional[lib.PathLike]" = None,
    limit: Optional[int] = None,
    jobs: Optional[int] = None,
    labels: Optional[Labels] = None,
    progress: Optional[Progress] = None,
) -> Evaluation:
    """Measures the accuracy of a model.

    `truth`: the number of the class of each photo in the list `images`; or a text file with a path and a class in
    each line. Without it classes are given by the names of files or folders, as described in `mobilenet evaluate
    --help`. `compare`: evaluate this model as well, and compare the two (in `report`).

    Raises MissingFileError, CommandError, ArgumentError."""
    arguments = ["evaluate", "-m", _text(model), "--json"]
    arguments += _flags({"limit": limit, "jobs": jobs, "compare": None if compare is None else _text(compare)})
    inputs: List["lib.PathLike"] = [path for path in (model, compare) if path is not None]
    with _labels_file(labels) as named, _folder_of(images) as (folder, names):
        arguments += [*named, "--images", folder]
        if truth is not None:
            arguments += ["--truth", _truth(truth, names, folder)]
        report = json.loads(_run(arguments, [*inputs, folder], progress))
    return Evaluation(
        evaluated=report["evaluated"],
        top1=_share(report["model"], "top1"),
        top5=_share(report["model"], "top5"),
        images_per_second=report["images_per_second"],
        unreadable=[str(one) for one in report["unreadable"]],
        report=report,
    )


def _truth(truth: "lib.PathLike | Sequence[int]", names: List[str], folder: str) -> str:
    if isinstance(truth, (str, os.PathLike)):
        return _text(truth)
    if len(truth) != len(names):
        raise errors.ArgumentError(f"there are {len(names)} photos in a list and {len(truth)} classes")
    path = os.path.join(folder, "truth.txt")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"{name} {int(number)}\n" for name, number in zip(names, truth))
    return path
