"""Layer-wise pruning solvers in PyTorch: the speed and accuracy peers of `secateurs`.

Every solver takes one weight matrix `W [d_output, d_input]` in f32, the calibration statistics of its input and a
`Target`, and returns the pruned weight. They follow the published algorithms, including the authors' choice of
primitives (a full sort for thresholds, `topk` inside N:M groups, f64 `eigh` in ALPS) and their off-by-one thresholds,
so that their numbers are those a user of the original code would get.
"""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Target:
    """A fraction of zeros, or `keep` of every `group` consecutive inputs."""

    sparsity: float
    keep: int = 0
    group: int = 0

    @classmethod
    def pattern(cls, text):
        keep, group = (int(part) for part in text.split(":"))
        if not 0 < keep < group:
            raise ValueError(f"pattern {text}: expected KEEP:GROUP with 0 < KEEP < GROUP")
        return cls(1 - keep / group, keep, group)

    @property
    def is_grouped(self):
        return self.group > 0

    def __str__(self):
        return f"{self.keep}:{self.group}" if self.is_grouped else f"{self.sparsity:g}"


class InputNorms:
    """Running mean over sequences of the squared l2 norm of every input column."""

    def __init__(self, d_input):
        self.mean_square = torch.zeros(d_input)
        self.n_sequences = 0

    def add(self, x):
        """`x [n_tokens, d_input]`, one sequence."""
        self.mean_square *= self.n_sequences / (self.n_sequences + 1)
        self.n_sequences += 1
        self.mean_square += torch.linalg.vector_norm(x, dim=0) ** 2 / self.n_sequences

    @property
    def norms(self):
        return self.mean_square.sqrt()


class Gram:
    """Running `X^T X`, summed over the tokens and averaged over the sequences."""

    def __init__(self, d_input):
        self.matrix = torch.zeros(d_input, d_input)
        self.n_sequences = 0

    def add(self, x):
        """`x [n_tokens, d_input]`, one sequence."""
        self.matrix *= self.n_sequences / (self.n_sequences + 1)
        self.n_sequences += 1
        x = x * (1 / self.n_sequences) ** 0.5
        self.matrix += x.t() @ x


# Masks. `True` is pruned.


def lowest_of_each_group(metric, target):
    groups = metric.reshape(metric.shape[0], -1, target.group)
    lowest = groups.topk(target.group - target.keep, dim=-1, largest=False).indices
    return torch.zeros_like(groups, dtype=torch.bool).scatter_(-1, lowest, True).reshape(metric.shape)


def below_threshold(metric, target):
    """The comparison of magnitude pruning, SparseGPT and RIA: one entry more than asked, and all its ties."""
    threshold = torch.sort(metric.flatten()).values[int(metric.numel() * target.sparsity)]
    return metric <= threshold


def lowest_of_each_row(metric, target):
    order = torch.sort(metric, dim=-1, stable=True).indices
    lowest = order[:, : int(metric.shape[1] * target.sparsity)]
    return torch.zeros_like(metric, dtype=torch.bool).scatter_(1, lowest, True)


def mask_of_tensor(metric, target):
    return lowest_of_each_group(metric, target) if target.is_grouped else below_threshold(metric, target)


# Solvers that only choose a mask.


def random(weight, _statistics, target):
    metric = torch.rand_like(weight)
    return weight.masked_fill(mask_of_tensor(metric, target), 0)


def magnitude(weight, _statistics, target):
    """One threshold per tensor."""
    return weight.masked_fill(mask_of_tensor(weight.abs(), target), 0)


def wanda(weight, norms, target):
    """Sun et al. 2023, arXiv 2306.11695: `|W_ij| ||X_j||`, compared within an output row."""
    metric = weight.abs() * norms.norms
    pruned = lowest_of_each_group(metric, target) if target.is_grouped else lowest_of_each_row(metric, target)
    return weight.masked_fill(pruned, 0)


def ria(weight, norms, target):
    """Zhang et al. 2024 (ICLR): relative importance times the square root of the activation norm, per tensor."""
    size = weight.abs()
    relative = size / size.sum(dim=0) + size / size.sum(dim=1, keepdim=True)
    metric = relative * norms.norms**0.5
    return weight.masked_fill(mask_of_tensor(metric, target), 0)


# Solvers that update the surviving weights.


def sparsegpt(weight, gram, target, block_size=128, damping=0.01):
    """Frantar and Alistarh 2023, arXiv 2301.00774, without quantisation."""
    weight = weight.clone()
    d_input = weight.shape[1]
    hessian = 2 * gram.matrix
    diagonal = torch.arange(d_input)
    dead = hessian.diagonal() == 0
    hessian[dead, dead] = 1
    weight[:, dead] = 0
    hessian[diagonal, diagonal] += damping * hessian.diagonal().mean()
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(hessian))
    upper = torch.linalg.cholesky(inverse, upper=True)

    for start in range(0, d_input, block_size):
        end = min(start + block_size, d_input)
        block = weight[:, start:end].clone()
        factor = upper[start:end, start:end]
        pivots = factor.diagonal()
        kept = torch.zeros_like(block)
        errors = torch.zeros_like(block)
        if target.is_grouped:
            pruned = torch.zeros_like(block, dtype=torch.bool)
        else:
            pruned = below_threshold(block**2 / pivots**2, target)

        for i in range(end - start):
            column = block[:, i]
            if target.is_grouped and i % target.group == 0:
                metric = block[:, i : i + target.group] ** 2 / pivots[i : i + target.group] ** 2
                lowest = metric.topk(target.group - target.keep, dim=1, largest=False).indices
                pruned.scatter_(1, i + lowest, True)
            survivor = column.masked_fill(pruned[:, i], 0)
            error = (column - survivor) / pivots[i]
            kept[:, i] = survivor
            errors[:, i] = error
            block[:, i:] -= torch.outer(error, factor[i, i:])

        weight[:, start:end] = kept
        weight[:, end:] -= errors @ upper[start:end, end:]
    return weight


def l_admm(weight, gram, target, iterations=20, mask_iterations=15, damping=0.1, rho=1.0, gradual=True):
    """Boza 2024, arXiv 2401.02938: layer-wise ADMM whose mask grows on a cubic schedule."""
    scale = gram.matrix.diagonal().sqrt() + 1e-8
    matrix = gram.matrix / torch.outer(scale, scale)
    weight = weight * scale
    diagonal = torch.arange(matrix.shape[0])
    matrix[diagonal, diagonal] += damping * matrix.diagonal().mean()
    y = weight @ matrix
    matrix[diagonal, diagonal] += rho
    inverse = torch.inverse(matrix)
    dual = torch.zeros_like(weight)
    kept = torch.ones_like(weight)

    for iteration in range(iterations):
        if iteration < mask_iterations:
            sparsity = target.sparsity
            if gradual:
                sparsity *= 1 - (1 - (iteration + 1) / mask_iterations) ** 3
            kept = _l_admm_kept(weight + dual, sparsity, target)
        z = (weight + dual) * kept
        dual = dual + weight - z
        weight = (y + rho * (z - dual)) @ inverse
    return (weight + dual) * kept / scale


def _l_admm_kept(weight, sparsity, target):
    metric = weight.abs()
    if target.is_grouped:
        # The best `keep` of a group are out of reach of the threshold.
        metric = metric.masked_fill(~lowest_of_each_group(metric, target), torch.inf)
    n_pruned = int(metric.numel() * sparsity)
    if n_pruned == 0:
        return torch.ones_like(weight)
    lowest = torch.topk(metric.flatten(), n_pruned, largest=False, sorted=False).indices
    return torch.ones_like(weight).flatten().scatter_(0, lowest, 0).reshape(weight.shape)


def l_admm_constant(weight, gram, target):
    """The schedule of the released code: the final sparsity from the first iteration on."""
    return l_admm(weight, gram, target, gradual=False)


def alps(weight, gram, target, rho=0.1, max_iterations=300, update_every=3, switch_iteration=30):
    """Meng et al. 2024, arXiv 2406.07831: ADMM with a growing penalty, then conjugate gradients on the support."""
    matrix = gram.matrix.clone()
    diagonal = torch.arange(matrix.shape[0])
    matrix[diagonal, diagonal] += 0.01 * matrix.diagonal().mean()
    scale = matrix.diagonal().sqrt() + 1e-8
    matrix = matrix / torch.outer(scale, scale)
    b = weight * scale
    right = b @ matrix
    eigenvalues, eigenvectors = torch.linalg.eigh(matrix.double())

    def inverse(rho):
        return ((eigenvectors / (eigenvalues + rho)) @ eigenvectors.t()).float()

    n_kept = round((1 - target.sparsity) * b.numel())
    b_start, d_start = b, _alps_project(b, n_kept, target)
    d, v = d_start, torch.zeros_like(b)
    support = d != 0
    growing = False
    shifted_inverse = inverse(rho)

    for iteration in range(max_iterations):
        b = (right - v + rho * d) @ shifted_inverse
        d = _alps_project((v + rho * b) / rho, n_kept, target)
        v = v + rho * (b - d)
        if (iteration + 1) % update_every != 0:
            continue
        previous, support = support, d != 0
        changes = (support != previous).sum().item()
        if changes / n_kept > 0.1:
            growing, rho = True, rho * 1.3
        elif changes / n_kept > 0.005:
            growing, rho = True, rho * 1.2
        elif changes >= 1:
            if growing:
                rho *= 1.1
            else:
                rho /= 5
                b, d, v = b_start, d_start, torch.zeros_like(b)
        elif growing:
            break
        else:
            rho /= 5
        rho = min(rho, 1e6)
        shifted_inverse = inverse(rho)
        if iteration >= switch_iteration and changes / n_kept < 3e-4:
            break

    return _alps_refine(_alps_project(b, n_kept, target), matrix, right) / scale


def _alps_project(b, n_kept, target):
    if target.is_grouped:
        return b.masked_fill(lowest_of_each_group(b**2, target), 0)
    best = torch.topk((b**2).flatten(), n_kept, sorted=False).indices
    flat = b.flatten()
    return torch.zeros_like(flat).scatter_(0, best, flat[best]).reshape(b.shape)


def _alps_refine(b, matrix, right, iterations=10, tolerance=1e-4):
    """Conjugate gradients for `b @ matrix = right` on the support of `b`, every output row with its own step."""
    support = b != 0
    residual = (right - b @ matrix) * support
    direction = residual
    square = (residual**2).sum(dim=1, keepdim=True)
    start = residual.norm()
    for _ in range(iterations):
        product = (direction @ matrix) * support
        curvature = (direction * product).sum(dim=1, keepdim=True)
        step = square / curvature.masked_fill(curvature == 0, 1e-8)
        b = b + step * direction
        residual = residual - step * product
        if residual.norm() < tolerance * start:
            break
        next_square = (residual**2).sum(dim=1, keepdim=True)
        direction = residual + next_square / square.masked_fill(square == 0, 1e-8) * direction
        square = next_square
    return b


# The statistics a method needs, `None` if it looks at the weights only.
METHODS = {
    "random": (random, None),
    "magnitude": (magnitude, None),
    "wanda": (wanda, InputNorms),
    "ria": (ria, InputNorms),
    "sparsegpt": (sparsegpt, Gram),
    "l-admm": (l_admm, Gram),
    "l-admm-constant": (l_admm_constant, Gram),
    "alps": (alps, Gram),
}
