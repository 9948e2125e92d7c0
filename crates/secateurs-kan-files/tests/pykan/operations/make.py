"""Saves small networks after pykan's own operations, and what pykan computes for each.

Run in this folder with pykan 0.2.8 and PyTorch 2.9; the files are kept so that the tests need no Python.
"""

import contextlib
import io
import json
import os
import tempfile

import numpy as np
import torch
from kan import KAN

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
ROWS = torch.rand(8, 4, generator=torch.Generator().manual_seed(3)) * 2.4 - 1.2
LISTS = [[], [], []]
NAMES = ["sin", "x^2", "tanh"]


def network(width, **settings):
    kan = KAN(width=width, **(dict(grid=2, k=2, seed=1, auto_save=False) | settings))
    # Splines that are more than noise.
    with torch.no_grad():
        for layer in kan.act_fun:
            layer.coef.copy_(torch.randn(layer.coef.shape, generator=torch.Generator().manual_seed(5)))
    kan(ROWS[:, : kan.width_in[0]])
    return kan


def formulas(width):
    """A network with formulas on all edges, as those that expand have."""
    kan = network(width, mult_arity=[list(arities) for arities in LISTS])
    for layer in range(kan.depth):
        for i in range(kan.width_in[layer]):
            for j in range(kan.width_out[layer + 1]):
                name = NAMES[(i + j) % 3]
                kan.fix_symbolic(layer, i, j, name, fit_params_bool=False, random=True, log_history=False)
    return kan


def prune_input():
    return network([3, 2, 1]).prune_input(active_inputs=[0, 2])


def prune_input_and_node():
    kan = network([3, [2, 2], 1]).prune_input(active_inputs=[2, 1])
    kan(ROWS[:, :3])
    return kan.prune_node(active_neurons_id=[[1, 3]])


def prune_input_of_zero():
    return network([3, 2, 1], base_fun="zero").prune_input(active_inputs=[1, 2])


def prune():
    return network([3, 3, 1]).prune(node_th=0.45, edge_th=0.2)


def arities():
    kan = network([2, [1, 2], 1], mult_arity=[[], [2, 3], []], affine_trainable=True)
    with torch.no_grad():
        for numbers in kan.node_scale + kan.node_bias + kan.subnode_scale + kan.subnode_bias:
            numbers.add_(torch.rand_like(numbers))
    return kan


def expand_width():
    kan = formulas([2, 1, 1])
    kan.expand_width(1, 1)
    kan.expand_width(1, 2, sum_bool=False, mult_arity=[3, 2])
    return kan


def expand_depth():
    kan = formulas([2, 1, 2])
    kan.expand_depth()
    return kan


def perturb():
    kan = formulas([2, 1, 1])
    kan.expand_width(1, 1)
    kan.cache_data = ROWS[:, :2]
    kan.perturb(mag=0.5)
    return kan


def auto_symbolic():
    kan = network([2, 2, 1])
    kan.remove_edge(0, 0, 1, log_history=False)
    kan(ROWS[:, :2])
    kan.auto_symbolic(lib=["x", "x^2", "sin", "0"], verbose=0)
    return kan


def speed():
    kan = network([2, 1, 1])
    kan.fix_symbolic(0, 1, 0, "sin", log_history=False)
    return kan.speed()


def refine():
    return network([2, 1, 1]).refine(3)


def degrees_and_numpy():
    return network([np.int64(2), (1, 1), np.int64(1)], k=[3, 1], grid=[2, 3])


def both():
    kan = network([2, 1, 1])
    kan.fix_symbolic(0, 1, 0, "sin", log_history=False)
    kan.set_mode(0, 1, 0, "ns")
    return kan


def identity():
    return network([2, 1, 1], base_fun="identity").prune_input(active_inputs=[1])


def in_place():
    return network([2, 1, 1], base_fun=torch.nn.SiLU(inplace=True))


def own_function():
    kan = network([2, 1, 1])
    kan.fix_symbolic(0, 1, 0, lambda u: u + 1, fit_params_bool=False, log_history=False)
    return kan


READ = [prune_input, prune_input_and_node, prune_input_of_zero, prune, arities, expand_width, expand_depth, perturb]
READ += [auto_symbolic, speed, refine, degrees_and_numpy]
REFUSED = [both, identity, in_place, own_function]

folder = os.getcwd()
for operation in READ + REFUSED:
    # pykan writes its history into the working folder.
    with tempfile.TemporaryDirectory() as scratch, contextlib.redirect_stdout(io.StringIO()):
        os.chdir(scratch)
        os.mkdir("model")
        open("model/history.txt", "w").close()
        kan = operation()
        os.chdir(folder)
    kan.saveckpt(operation.__name__)
    os.remove(f"{operation.__name__}_cache_data")
    if operation in [identity, in_place]:
        # Refused for what the settings say.
        os.remove(f"{operation.__name__}_state")
    if operation in REFUSED:
        continue
    # A file says nothing of which inputs were left: a network of it takes those in its first layer.
    x = ROWS[:, : kan.width_in[0]]
    kan.input_id = torch.arange(x.shape[1])
    with torch.no_grad(), open(f"{operation.__name__}_values.json", "w") as file:
        json.dump({"x": x.flatten().tolist(), "y": kan(x).flatten().tolist()}, file)
