"""PyTorch peer of the benchmark `sparse`: dense products of one vector with the matrices of Llama-2-7B.

    python sparse.py --threads 2

Every product takes the next of enough copies to fill 1 GiB, so that weights come from memory. Prints one JSON object with the
median milliseconds of each element type and the read bandwidth in GB/s. Run `cargo xtask bench sparse` on the same machine, with
RAYON_NUM_THREADS set to the same number, beside it.
"""

import argparse
import json
import statistics
import time

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


def read_bandwidth():
    words = torch.ones(RESIDENT // 4, dtype=torch.float32)
    return RESIDENT / median_ms(lambda _: words.sum(), 9) / 1e6


@torch.inference_mode()
def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    report = {"torch": torch.__version__, "threads": arguments.threads, "read_gb_per_second": read_bandwidth()}
    for shape in SHAPES:
        for dtype in (torch.float32, torch.bfloat16, torch.float16):
            name = f"{shape[0]}x{shape[1]} {str(dtype).removeprefix('torch.')}"
            report[name] = product_ms(shape, dtype)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
