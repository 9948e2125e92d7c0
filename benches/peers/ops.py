"""PyTorch's time for the operations of `benches/ops.rs`, in milliseconds: best of the repetitions.

usage: python benches/peers/ops.py [threads]
"""

import sys
import time

import torch
import torch.nn.functional as F

REPETITIONS = 9


def best(run):
    run()
    times = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def report(name, operation, *inputs):
    with torch.no_grad():
        forward = best(lambda: operation(*inputs))
    leaves = [x.detach().requires_grad_() for x in inputs]

    def step():
        for leaf in leaves:
            leaf.grad = None
        operation(*leaves).sum().backward()

    print(f"{name:24} forward {forward:8.2f}  forward_backward {best(step):8.2f}")


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat((-x[..., half:], x[..., :half]), -1) * sin


def main():
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    r = torch.randn
    cos, sin = r(1024, 64), r(1024, 64)
    targets = torch.randint(0, 49152, (1024,))
    q, k, v = (r(1, 1024, heads, 64).transpose(1, 2) for heads in (9, 3, 3))
    report("linear_up", F.linear, r(1024, 576), r(1536, 576))
    report("linear_down", F.linear, r(1024, 1536), r(576, 1536))
    report("rms_norm", lambda x, w: F.rms_norm(x, (576,), w, 1e-5), r(1, 1024, 576), r(576))
    report("swiglu", lambda gate, up: F.silu(gate) * up, r(1024, 1536), r(1024, 1536))
    report("rope", lambda x: rotate(x, cos, sin), r(1, 1024, 9, 64).transpose(1, 2))
    report(
        "causal_attention",
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True),
        q, k, v,
    )
    report("cross_entropy", lambda x: F.cross_entropy(x, targets[:128], reduction="none"), r(128, 49152))
    report(
        "linear_cross_entropy",
        lambda x, head: F.cross_entropy(F.linear(x, head), targets, reduction="none"),
        r(1024, 576), r(49152, 576) * 0.04,
    )


if __name__ == "__main__":
    main()
