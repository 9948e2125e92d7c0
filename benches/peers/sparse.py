"""PyTorch peer of the benchmark `sparse`: dense products of one vector with the matrices of Llama-2-7B.

    python sparse.py --threads 2 [--ggml FOLDER]

FOLDER holds the shared libraries of llama.cpp, such as node_modules/@node-llama-cpp/linux-x64/bins/linux-x64. Every product takes the next of enough copies to fill 1 GiB, so that weights come from memory. Prints one JSON object with the
median milliseconds of each element type and the read bandwidth in GB/s. Run `cargo xtask bench sparse` on the same machine, with
RAYON_NUM_THREADS set to the same number, beside it.
"""

import argparse
import ctypes
import json
import statistics
import time
from pathlib import Path

import torch

SHAPES = [(4096, 4096), (4096, 11008)]
RESIDENT = 1 << 30


def median_ms(run, repeats):
    times = []
    for index in range(repeats):
        start = time.perf_counter()
        run(index)
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def product_ms(shape, dtype):
    size = shape[0] * shape[1] * torch.empty(0, dtype=dtype).element_size()
    matrices = [torch.rand(shape).to(dtype) for _ in range(-(-RESIDENT // size))]
    x = torch.rand(shape[1]).to(dtype)
    return median_ms(lambda index: matrices[index % len(matrices)] @ x, 5 * len(matrices))


class Ggml:
    """Dense products by ggml, through its C interface."""

    TYPES = {"f32": (0, 4), "f16": (1, 2)}

    class InitParams(ctypes.Structure):
        _fields_ = [("mem_size", ctypes.c_size_t), ("mem_buffer", ctypes.c_void_p), ("no_alloc", ctypes.c_bool)]

    def __init__(self, folder, processor):
        pointer, integer = ctypes.c_void_p, ctypes.c_int
        self.base = ctypes.CDLL(str(folder / "libggml-base.so"), mode=ctypes.RTLD_GLOBAL)
        self.cpu = ctypes.CDLL(str(folder / f"libggml-cpu-{processor}.so"))
        signatures = {
            "ggml_init": [self.InitParams],
            "ggml_new_tensor_2d": [pointer, integer, ctypes.c_int64, ctypes.c_int64],
            "ggml_mul_mat": [pointer] * 3,
            "ggml_new_graph": [pointer],
            "ggml_get_data": [pointer],
        }
        for name, arguments in signatures.items():
            function = getattr(self.base, name)
            function.restype, function.argtypes = pointer, arguments
        self.base.ggml_build_forward_expand.argtypes = [pointer] * 2
        self.base.ggml_free.argtypes = [pointer]
        self.cpu.ggml_graph_compute_with_ctx.argtypes = [pointer, pointer, integer]
        self.cpu.ggml_cpu_init()

    def product_ms(self, shape, name, threads):
        """One graph with enough products to read 1 GiB; its time divided by their number."""
        type_, bytes_ = self.TYPES[name]
        size = shape[0] * shape[1] * bytes_
        n_matrices = -(-RESIDENT // size)
        context = self.base.ggml_init(self.InitParams((size + 8 * sum(shape) + 65536) * n_matrices + (1 << 22), None, False))
        graph = self.base.ggml_new_graph(context)
        for _ in range(n_matrices):
            weights = self.base.ggml_new_tensor_2d(context, type_, shape[1], shape[0])
            x = self.base.ggml_new_tensor_2d(context, 0, shape[1], 1)
            # 0x3c3c.. is about 1.06 as f16 and 0.011 as f32.
            ctypes.memset(self.base.ggml_get_data(weights), 0x3C, size)
            ctypes.memset(self.base.ggml_get_data(x), 0x3C, 4 * shape[1])
            self.base.ggml_build_forward_expand(graph, self.base.ggml_mul_mat(context, weights, x))
        milliseconds = median_ms(lambda _: self.cpu.ggml_graph_compute_with_ctx(context, graph, threads), 9)
        self.base.ggml_free(context)
        return milliseconds / n_matrices


def read_bandwidth():
    words = torch.ones(RESIDENT // 4, dtype=torch.float32)
    return RESIDENT / median_ms(lambda _: words.sum(), 9) / 1e6


@torch.inference_mode()
def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ggml", type=Path, help="folder with the shared libraries of llama.cpp")
    parser.add_argument("--processor", default="haswell", help="which libggml-cpu-PROCESSOR.so")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    report = {"torch": torch.__version__, "threads": arguments.threads, "read_gb_per_second": read_bandwidth()}
    for shape in SHAPES:
        for dtype in (torch.float32, torch.bfloat16, torch.float16):
            name = f"{shape[0]}x{shape[1]} {str(dtype).removeprefix('torch.')}"
            report[name] = product_ms(shape, dtype)
        for name in Ggml.TYPES if arguments.ggml else []:
            ggml = Ggml(arguments.ggml, arguments.processor)
            report[f"{shape[0]}x{shape[1]} ggml {name}"] = ggml.product_ms(shape, name, arguments.threads)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
