# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Compiles models with Vela, whose Python runs this, as npu.py asks for: each line of standard input is a JSON list of
Vela's arguments, each answer a JSON string: empty, or what went wrong. Vela keeps what it knows of a model in globals,
so that each model has a process."""

import json
import os
import sys

from ethosu.vela import vela


def compile_model(arguments, pipe):
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    try:
        vela.main(arguments)
        answer = ""
    except BaseException as reason:  # Vela ends with SystemExit, too
        answer = "%s: %s" % (type(reason).__name__, reason) if not isinstance(reason, SystemExit) or reason.code else ""
    os.write(pipe, answer.encode()[:4000])
    os._exit(0)


for line in sys.stdin:
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        compile_model(json.loads(line), send)
    os.close(send)
    with os.fdopen(receive) as answers:
        answer = answers.read()
    _, status = os.waitpid(child, 0)
    print(json.dumps(answer if status == 0 else "Vela died"), flush=True)
