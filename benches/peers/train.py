"""`secateurs` beside PyTorch: one training step of a Llama on the CPU, in f32, in turns.

    python train.py path/to/secateurs --model FOLDER --text train.txt --threads 2 --batch 4 --window 256

Ours is a step of `prune --method elsa`: forward, backward, clipping, penalty, Adam. The peer is eager PyTorch with the model of
transformers: forward, backward, clipping, AdamW (`foreach`), without any penalty. The first step of each program is left out;
medians over the rest and over the rounds are printed, and the peak memory of each process.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path


def main():
    arguments = parse_arguments()
    if arguments.peer:
        return peer(arguments)
    results = {}
    for round_ in range(arguments.rounds):
        for name, run in (("secateurs elsa", ours), ("secateurs elsa-l", ours_l), ("PyTorch eager", torch_process)):
            print(f"round {round_ + 1}: {name}", file=sys.stderr)
            results.setdefault(name, []).append(run(arguments))
    print_table(arguments, results)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("secateurs", help="the binary")
    parser.add_argument("--model", required=True, help="a folder that both programs read")
    parser.add_argument("--text", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--window", type=int, default=256)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def print_table(arguments, results):
    n_tokens = arguments.batch * arguments.window
    print(f"{arguments.threads} threads, {arguments.batch} x {arguments.window} tokens a step, "
          f"{arguments.rounds} rounds of {arguments.steps - 1} steps\n")
    print("| program | s per step | tokens/s | rounds | over PyTorch | peak MiB |")
    print("|---|---|---|---|---|---|")
    medians = {name: statistics.median(r["seconds"] for r in rounds) for name, rounds in results.items()}
    for name, rounds in results.items():
        seconds = medians[name]
        every = " ".join(f"{n_tokens / r['seconds']:.0f}" for r in rounds)
        ratio = medians["PyTorch eager"] / seconds
        peak = max(r["peak"] for r in rounds) / 2**20
        print(f"| {name} | {seconds:.2f} | {n_tokens / seconds:.0f} | {every} | {ratio:.2f} | {peak:.0f} |")


def ours(arguments, method="elsa"):
    with tempfile.TemporaryDirectory() as folder:
        recipe = Path(folder) / "recipe.toml"
        out = Path(folder) / "out"
        recipe.write_text(f"""method = "{method}"
sparsity = 0.9
[training]
texts = ["{Path(arguments.text).resolve()}"]
window = {arguments.window}
batch-size = {arguments.batch}
steps = {arguments.steps}
passes = 1000
""")
        command = [arguments.secateurs, "prune", arguments.model, "--recipe", recipe, "-o", out, "--json", "--quiet"]
        environment = dict(os.environ, RAYON_NUM_THREADS=str(arguments.threads))
        report = json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)
        log = json.loads((out / "training.json").read_text())
    return {"seconds": statistics.median(log["step_seconds"][1:]), "peak": report["peak_rss_bytes"]}


def ours_l(arguments):
    return ours(arguments, "elsa-l")


def torch_process(arguments):
    output = subprocess.run([sys.executable, __file__, *sys.argv[1:], "--peer"], check=True, capture_output=True)
    return json.loads(output.stdout)


def peer(arguments):
    import resource
    import time

    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(arguments.threads)
    model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32)
    model.config.use_cache = False
    model.train()
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    ids = tokenizer(Path(arguments.text).read_text(), add_special_tokens=False)["input_ids"]
    n_tokens = arguments.batch * arguments.window
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-4, betas=(0.9, 0.95), weight_decay=0.0, foreach=True)
    seconds = []
    for step in range(arguments.steps):
        start = step * n_tokens % max(1, len(ids) - n_tokens)
        batch = torch.tensor(ids[start:start + n_tokens]).reshape(arguments.batch, arguments.window)
        started = time.perf_counter()
        loss = model(input_ids=batch, labels=batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        float(loss)
        seconds.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": statistics.median(seconds[1:]), "peak": peak}))


if __name__ == "__main__":
    main()
