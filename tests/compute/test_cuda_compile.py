"""Every kernel compiles for a GPU, without a warning and without a GPU: NVRTC needs no driver."""

from __future__ import annotations

import ast
import ctypes
import importlib.util
import re
from functools import cache
from pathlib import Path

import pytest

from radiomics_mammo.compute.device import source
from tests.support.cuhost.module import KERNEL

PACKAGE = Path(__file__).parents[2] / "radiomics_mammo"
ARCHITECTURES = ("compute_75", "compute_80", "compute_90")
MODULES = {
    paths[-1]: paths
    for paths in (
        ("engines/upload.cu",),
        ("compute/fold.cu",),
        ("features/shared/neighbours.cu",),
        ("features/shared/sizes.cuh", "features/shared/sizes.cu"),
        ("features/firstorder/firstorder.cu",),
        ("features/glcm/entries.cuh", "features/glcm/dense.cu"),
        ("features/glcm/entries.cuh", "features/glcm/sparse.cu"),
        ("features/glcm/entries.cuh", "features/glcm/reduce.cu"),
        ("features/glcm/entries.cuh", "features/glcm/mcc.cu"),
        ("features/shared/sizes.cuh", "features/glrlm/glrlm.cu"),
        ("features/shared/sizes.cuh", "features/glszm/glszm.cu"),
        ("features/ngtdm/ngtdm.cu",),
        ("features/shape2d/shape2d.cu",),
    )
}
"""Each module of kernels with the files that its launch layer puts before it."""


def options() -> tuple[str, ...]:
    """What the engine itself compiles with, read from its text: importing it takes CuPy."""
    for node in ast.parse((PACKAGE / "compute/cupy_device.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "OPTIONS":
            return ast.literal_eval(node.value)
    raise LookupError("compute/cupy_device.py has no OPTIONS")


@cache
def nvrtc() -> ctypes.CDLL:
    """NVIDIA's compiler; skips where it is not installed."""
    spec = importlib.util.find_spec("nvidia")
    places = spec.submodule_search_locations or [] if spec else []
    found = sorted(path for place in places for path in Path(place).glob("*/lib/libnvrtc.so.*"))
    if not found:
        pytest.skip("NVRTC is not installed: pip install nvidia-cuda-nvrtc")
    return ctypes.CDLL(str(found[-1]))


def compiled(text: str, architecture: str) -> tuple[bool, str, str]:
    """Whether a text compiles, what NVRTC says, and the PTX."""
    library, program = nvrtc(), ctypes.c_void_p()

    def read(what: str) -> str:
        size = ctypes.c_size_t()
        assert getattr(library, f"nvrtcGet{what}Size")(program, ctypes.byref(size)) == 0
        buffer = ctypes.create_string_buffer(max(size.value, 1))
        assert getattr(library, f"nvrtcGet{what}")(program, buffer) == 0
        return buffer.value.decode()

    assert library.nvrtcCreateProgram(ctypes.byref(program), text.encode(), b"module.cu", 0, None, None) == 0
    try:
        flags = [flag.encode() for flag in (*options(), f"--gpu-architecture={architecture}")]
        failed = library.nvrtcCompileProgram(program, len(flags), (ctypes.c_char_p * len(flags))(*flags))
        return not failed, read("ProgramLog").strip(), "" if failed else read("PTX")
    finally:
        library.nvrtcDestroyProgram(ctypes.byref(program))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("name", MODULES)
def test_every_module_compiles_without_a_warning(name, architecture):
    text = source(*MODULES[name]).text
    good, log, ptx = compiled(text, architecture)
    assert good, log
    assert not log
    assert f".target sm_{architecture.removeprefix('compute_')}" in ptx
    entries = re.findall(r"\.visible \.entry (\w+)\(", ptx)
    assert entries
    assert sorted(entries) == sorted(KERNEL.findall(text))


def test_every_file_of_kernels_is_a_module():
    assert set(MODULES) == {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.cu")}
    headers = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.cuh")}
    assert headers == {"compute/common.cuh"} | {path for paths in MODULES.values() for path in paths[:-1]}


def test_modules_are_put_together_as_the_engine_does():
    used = {paths for path in PACKAGE.rglob("*.py") for paths in modules_named_in(path)}
    assert used == set(MODULES.values())


def modules_named_in(path: Path) -> set[tuple[str, ...]]:
    """The files of each module that a file asks for: ``source("a.cuh", "b.cu")``, or ``source(*NAMES)``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "source":
            names: list[str] = []
            for argument in node.args:
                if isinstance(argument, ast.Starred):
                    assert isinstance(argument.value, ast.Name), (
                        f"{path.name}: a module's files are a constant of the file"
                    )
                    names += ast.literal_eval(constants[argument.value.id])
                else:
                    names.append(ast.literal_eval(argument))
            found.add(tuple(names))
    return found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('extern "C" __global__ void k(int* a) { a[0] = missing; }', "missing"),
        ('extern "C" __global__ void k(int* a) { int unused; a[0] = 1; }', "unused"),
        ('#line 7 "here.cu"\nextern "C" __global__ void k(int* a) { std::sort(a, a); }', r"here\.cu\(7\)"),
        ("#include <cuda_runtime.h>\n__global__ void k() { printf(0); }", "printf|cuda_runtime"),
    ],
)
def test_mistakes_and_warnings_are_told(text, says):
    assert re.search(says, compiled(text, "compute_90")[1])


def test_products_and_sums_stay_apart():
    text = 'extern "C" __global__ void k(double* a) { a[0] = a[1] * a[2] + a[3]; }'
    ptx = compiled(text, "compute_90")[2]
    assert "fma" not in ptx
    assert "mul.rn.f64" in ptx or "mul.f64" in ptx
