"""Writes files with the layout of pykan's checkpoints, and what such a network gives, from the formula of its layer.

Run in this folder with PyTorch; the files are kept so that the tests need no Python.
"""

import json

import torch

WIDTH, GRID, DEGREE, ARITY = [[3, 0], [2, 1], [1, 0]], 4, 3, 2
torch.manual_seed(7)


def basis(x, knots):
    """Cox and de Boor's recursion: x [batch, inputs], knots [inputs, n] to [batch, inputs, n - DEGREE - 1]."""
    x, t = x[:, :, None], knots[None]
    values = ((x >= t[:, :, :-1]) & (x < t[:, :, 1:])).to(x.dtype)
    for d in range(1, DEGREE + 1):
        left = (x - t[:, :, : -d - 1]) / (t[:, :, d:-1] - t[:, :, : -d - 1]) * values[:, :, :-1]
        right = (t[:, :, d + 1 :] - x) / (t[:, :, d + 1 :] - t[:, :, 1:-d]) * values[:, :, 1:]
        values = left + right
    return values


def layer_state(number, inputs, width):
    subnodes, nodes = width[0] + ARITY * width[1], sum(width)
    interior = torch.sort(torch.rand(inputs, GRID - 1) * 1.8 - 0.9).values
    interior = torch.linspace(-1, 1, GRID + 1)[None].repeat(inputs, 1) * 0.7 + 0.3 * torch.cat(
        [-torch.ones(inputs, 1), interior, torch.ones(inputs, 1)], 1
    )
    steps = torch.arange(1, DEGREE + 1)[None] * 2 / GRID
    knots = torch.cat([interior[:, :1] - steps.flip(1), interior, interior[:, -1:] + steps], 1)
    mask = torch.ones(inputs, subnodes)
    mask[0, 0] = 0
    return {
        f"act_fun.{number}.grid": knots,
        f"act_fun.{number}.coef": torch.randn(inputs, subnodes, GRID + DEGREE),
        f"act_fun.{number}.scale_base": torch.randn(inputs, subnodes),
        f"act_fun.{number}.scale_sp": torch.rand(inputs, subnodes) + 0.5,
        f"act_fun.{number}.mask": mask,
        f"symbolic_fun.{number}.mask": torch.zeros(subnodes, inputs),
        f"symbolic_fun.{number}.affine": torch.zeros(subnodes, inputs, 4),
        f"node_bias_{number}": torch.randn(nodes),
        f"node_scale_{number}": torch.rand(nodes) + 0.5,
        f"subnode_bias_{number}": torch.randn(subnodes),
        f"subnode_scale_{number}": torch.rand(subnodes) + 0.5,
    }


FUNCTIONS = {"0": torch.zeros_like, "sin": torch.sin, "x^2": torch.square, "gaussian": lambda u: torch.exp(-u * u)}
# The functions of edges with formulas, by layer, input and subnode.
SYMBOLIC = {(0, 2, 1): "sin", (0, 1, 3): "x^2", (1, 0, 0): "gaussian"}


def make_symbolic(state):
    """Puts formulas in the place of some splines, as pykan's `fix_symbolic` does."""
    for number, input, subnode in SYMBOLIC:
        state[f"act_fun.{number}.mask"][input, subnode] = 0
        state[f"symbolic_fun.{number}.mask"][subnode, input] = 1
        state[f"symbolic_fun.{number}.affine"][subnode, input] = torch.randn(4)


def names(number, inputs, subnodes, symbolic):
    """The names as PyYAML writes them."""
    rows = [[SYMBOLIC.get((number, i, j), "0") if symbolic else "0" for i in range(inputs)] for j in range(subnodes)]
    lines = [f"symbolic.funs_name.{number}:"]
    for row in rows:
        quoted = [f"'{name}'" if name == "0" else name for name in row]
        lines += [f"- - {quoted[0]}"] + [f"  - {name}" for name in quoted[1:]]
    return "\n".join(lines)


def forward(state, x, symbolic):
    for number, width in enumerate(WIDTH[1:]):
        edge = {name: state[f"act_fun.{number}.{name}"] for name in ["grid", "coef", "scale_base", "scale_sp", "mask"]}
        spline = torch.einsum("bim,iom->bio", basis(x, edge["grid"]), edge["coef"])
        phi = edge["mask"] * (
            edge["scale_base"] * torch.nn.functional.silu(x)[:, :, None] + edge["scale_sp"] * spline
        )
        sums = phi.sum(1)
        for (layer, input, subnode), function in SYMBOLIC.items() if symbolic else []:
            if layer == number:
                a, b, c, d = state[f"symbolic_fun.{number}.affine"][subnode, input]
                sums[:, subnode] += c * FUNCTIONS[function](a * x[:, input] + b) + d
        u = state[f"subnode_scale_{number}"] * sums + state[f"subnode_bias_{number}"]
        products = u[:, width[0] :].reshape(len(x), width[1], ARITY).prod(2)
        v = torch.cat([u[:, : width[0]], products], 1)
        x = state[f"node_scale_{number}"] * v + state[f"node_bias_{number}"]
    return x


CONFIG = """affine_trainable: {affine}
auto_save: true
base_fun_name: silu
ckpt_path: ./model
grid: {grid}
grid_eps: 0.02
grid_range:
- -1
- 1
k: {degree}
mult_arity: {arity}
round: 0
sb_trainable: true
sp_trainable: true
state_id: 0
{names}
symbolic_enabled: true
width:
{width}
"""


def save(name, dtype, symbolic=False):
    state = {}
    for number, width in enumerate(WIDTH[1:]):
        state.update(layer_state(number, sum(WIDTH[number]), width))
    if symbolic:
        make_symbolic(state)
    state = {name: tensor.to(dtype) for name, tensor in state.items()}
    # pykan's knots are views after an update of the grid; strides must be followed.
    grid = state["act_fun.0.grid"]
    state["act_fun.0.grid"] = grid.t().contiguous().t()
    torch.save(state, f"{name}_state")
    width = "\n".join(f"- - {sums}\n  - {products}" for sums, products in WIDTH)
    layers = enumerate(zip(WIDTH, WIDTH[1:]))
    functions = [names(number, sum(w), v[0] + ARITY * v[1], symbolic) for number, (w, v) in layers]
    text = CONFIG.format(affine="false", grid=GRID, degree=DEGREE, arity=ARITY, width=width, names="\n".join(functions))
    with open(f"{name}_config.yml", "w") as file:
        file.write(text)
    # Some rows lie beyond the knots.
    x = torch.rand(20, WIDTH[0][0], dtype=torch.float64) * 6 - 3
    wide = {name: tensor.double() for name, tensor in state.items()}
    with open(f"{name}_values.json", "w") as file:
        json.dump({"x": x.flatten().tolist(), "y": forward(wide, x, symbolic).flatten().tolist()}, file)


save("double", torch.float64)
save("single", torch.float32)
save("symbolic", torch.float64, symbolic=True)
