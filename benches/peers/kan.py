"""PyTorch's time for the networks of `benches/kan.rs`, in milliseconds: best of the repetitions.

usage: python benches/peers/kan.py [threads]

`dense splines` evaluates all basis functions by the recursion on whole tensors and multiplies once (the formulation of
efficient-kan), `gaussian` does so with eight bumps and a layer norm (that of fast-kan), `per edge` keeps the output of
every edge (that of pykan without its symbolic branch). All are written from the formulas.
"""

import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

REPETITIONS = 9


def recursion(x, knots, degree):
    """[batch, d_input] to [batch, d_input, n_basis]; knots [d_input, n_knots]."""
    x = x.unsqueeze(-1)
    values = ((x >= knots[:, :-1]) & (x < knots[:, 1:])).to(x.dtype)
    for k in range(1, degree + 1):
        left = (x - knots[:, : -(k + 1)]) / (knots[:, k:-1] - knots[:, : -(k + 1)])
        right = (knots[:, k + 1 :] - x) / (knots[:, k + 1 :] - knots[:, 1:-k])
        values = left * values[..., :-1] + right * values[..., 1:]
    return values


class Splines(nn.Module):
    def __init__(self, d_input, d_output, n_intervals, degree=3):
        super().__init__()
        step = 2 / n_intervals
        knots = torch.arange(-degree, n_intervals + degree + 1) * step - 1
        self.register_buffer("knots", knots.expand(d_input, -1).contiguous())
        self.degree = degree
        self.base = nn.Parameter(torch.randn(d_output, d_input) * d_input**-0.5)
        self.coefficients = nn.Parameter(0.1 * torch.randn(d_output, d_input, n_intervals + degree))

    def forward(self, x):
        basis = recursion(x, self.knots, self.degree).flatten(1)
        return F.linear(F.silu(x), self.base) + F.linear(basis, self.coefficients.flatten(1))


class PerEdge(Splines):
    def forward(self, x):
        basis = recursion(x, self.knots, self.degree)
        edges = torch.einsum("bim,oim->bio", basis, self.coefficients) + F.silu(x).unsqueeze(-1) * self.base.T
        return edges.sum(1)


class Gaussian(nn.Module):
    def __init__(self, d_input, d_output, n_centres=8):
        super().__init__()
        self.norm = nn.LayerNorm(d_input)
        self.register_buffer("centres", torch.linspace(-2, 2, n_centres))
        self.distance = 4 / (n_centres - 1)
        self.base = nn.Linear(d_input, d_output)
        self.weight = nn.Parameter(0.1 * torch.randn(d_output, d_input * n_centres))

    def forward(self, x):
        bumps = torch.exp(-(((self.norm(x).unsqueeze(-1) - self.centres) / self.distance) ** 2))
        return F.linear(bumps.flatten(1), self.weight) + self.base(F.silu(x))


def best(run, repetitions):
    run()
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def peak_memory():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


def step_memory(step):
    """Memory that a step takes over what is resident before, MiB."""
    with open("/proc/self/clear_refs", "w") as peak:
        peak.write("5")
    before = peak_memory()
    step()
    return peak_memory() - before


def report(name, model, repetitions=REPETITIONS):
    x = 2 * torch.rand(100, 1000) - 1
    with torch.no_grad():
        forward = best(lambda: model(x), repetitions)

    def step():
        model.zero_grad()
        model(x).sum().backward()

    memory = step_memory(step)
    both = best(step, repetitions)
    print(f"{name:20} forward {forward:8.2f}  forward_backward {both:8.2f}  {memory:7.0f} MiB a step", flush=True)


def main():
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    report("mlp", nn.Sequential(nn.Linear(1000, 9000), nn.ReLU(), nn.Linear(9000, 1)))
    report("gaussian", nn.Sequential(Gaussian(1000, 1000), Gaussian(1000, 1)))
    for n_intervals in (5, 20):
        model = nn.Sequential(Splines(1000, 1000, n_intervals), Splines(1000, 1, n_intervals))
        report(f"dense splines, {n_intervals}", model)
    report("per edge, 5", nn.Sequential(PerEdge(1000, 1000, 5), PerEdge(1000, 1, 5)), 2)


main()
