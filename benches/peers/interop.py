"""Opens a packed model with compressed-tensors and compares every weight with the unpacked one; writes one for us to read.

    python -m pip install --target OLD --no-deps compressed-tensors==0.9.4
    secateurs pack PRUNED --format bitmap --compressed-tensors -o packed
    secateurs pack packed --format dense -o dense
    PYTHONPATH=OLD python interop.py packed dense --write theirs
    secateurs compare dense theirs

0.14.0.1 is the last version that reads `sparse-bitmask`; newer ones dropped it, and transformers then takes random weights. `--values` of both commands must be a float type.
"""

import argparse
import json
import shutil
from pathlib import Path

import compressed_tensors
import torch
from compressed_tensors.compressors.base import BaseCompressor
from compressed_tensors.config import CompressionFormat
from safetensors import safe_open
from safetensors.torch import save_file


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packed")
    parser.add_argument("dense")
    parser.add_argument("--write", help="folder for the dense model as compressed-tensors packs it")
    arguments = parser.parse_args()
    config = json.loads((Path(arguments.packed) / "config.json").read_text())
    sparsity = config["quantization_config"]["sparsity_config"]
    assert sparsity["format"] == CompressionFormat.sparse_bitmask.value
    compressor = BaseCompressor.load_from_registry(sparsity["format"])
    opened = dict(compressor.decompress(arguments.packed))
    with safe_open(Path(arguments.dense) / "model.safetensors", "pt") as dense:
        packed = {name.removesuffix(".compressed") + ".weight" for name in names(arguments.packed) if name.endswith(".compressed")}
        for name in sorted(packed):
            assert torch.equal(opened[name], dense.get_tensor(name)), name
    print(f"compressed-tensors {compressed_tensors.__version__} reads {len(packed)} matrices, all the same to the bit")
    if arguments.write:
        write(compressor, arguments)


def write(compressor, arguments):
    shutil.copytree(arguments.packed, arguments.write, ignore=shutil.ignore_patterns("*.safetensors"))
    with safe_open(Path(arguments.dense) / "model.safetensors", "pt") as dense:
        tensors = {name: dense.get_tensor(name) for name in dense.keys()}
    blocks = {name: weight for name, weight in tensors.items() if name.startswith("model.layers.") and weight.ndim == 2}
    rest = {name: weight for name, weight in tensors.items() if name not in blocks}
    save_file(compressor.compress(blocks) | rest, Path(arguments.write) / "model.safetensors")


def names(folder):
    with safe_open(Path(folder) / "model.safetensors", "pt") as tensors:
        return list(tensors.keys())


if __name__ == "__main__":
    main()
