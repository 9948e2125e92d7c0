"""Prompts and batches of `secateurs` beside PyTorch, in one run.

    python prefill.py path/to/secateurs --threads 2 --torch FOLDER --ours DENSE PACKED .. [--level avx2]

Both programs run in every round, in turns, for every length of a prompt and for a batch; the medians over the rounds and the ratios
to PyTorch in f32 are printed. `--level avx2` keeps both to AVX2 on a processor that has more: `SECATEURS_SIMD` for one,
`ATEN_CPU_CAPABILITY`, `ONEDNN_MAX_CPU_ISA` and `MKL_ENABLE_INSTRUCTIONS` for the other.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

AVX2 = {
    "SECATEURS_SIMD": "avx2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}


def main():
    arguments = parse_arguments()
    environment = os.environ | {"OMP_NUM_THREADS": str(arguments.threads)}
    if arguments.level == "avx2":
        environment |= AVX2
    print(f"{arguments.threads} threads, {arguments.level or 'all instruction sets'}, medians of {arguments.rounds} rounds\n")
    print("| case | model | tokens/s | least to most | over PyTorch |")
    print("|---|---|---|---|---|")
    for case in cases(arguments):
        results = {}
        for _ in range(arguments.rounds):
            results.setdefault("PyTorch f32", []).append(run_torch(arguments, case, environment))
            for binary in arguments.secateurs:
                for model in arguments.ours:
                    name = f"{Path(binary).name} {Path(model).name}"
                    results.setdefault(name, []).append(run_ours(arguments, binary, model, case, environment))
        print_rows(case, results)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("secateurs", nargs="+", help="binaries")
    parser.add_argument("--ours", nargs="+", required=True, help="folders, dense or packed")
    parser.add_argument("--torch", required=True, help="a transformers folder")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--lengths", type=int, nargs="*", default=[512, 1024])
    parser.add_argument("--batches", type=int, nargs="*", default=[16])
    parser.add_argument("--batch-length", type=int, default=64, help="prompt tokens of each sequence of a batch")
    parser.add_argument("--new-tokens", type=int, default=32, help="of each sequence of a batch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3, help="within a round; their median counts")
    parser.add_argument("--level", choices=["avx2"], help="the only instruction set")
    return parser.parse_args()


def cases(arguments):
    for length in arguments.lengths:
        yield {"batch": 1, "prompt": length, "new": 1, "key": "prefill_tokens_per_second"}
    for batch in arguments.batches:
        sizes = {"batch": batch, "prompt": arguments.batch_length, "new": arguments.new_tokens}
        yield sizes | {"key": "prefill_tokens_per_second"}
        yield sizes | {"key": "decode_tokens_per_second"}


def run_ours(arguments, binary, model, case, environment):
    command = [binary, "bench", model, "--json", "--repeats", arguments.repeats, "--threads", arguments.threads]
    command += ["--prompt-tokens", case["prompt"], "--new-tokens", case["new"]]
    if case["batch"] > 1:
        command += ["--batch", case["batch"]]
    return run(command, environment)["models"][0][case["key"]]


def run_torch(arguments, case, environment):
    sizes = [arguments.threads, case["batch"], case["prompt"], case["new"], arguments.repeats]
    return run([sys.executable, "-c", TORCH, arguments.torch, *sizes], environment)[case["key"]]


def run(command, environment):
    command = [str(word) for word in command]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command[:3])} failed:\n{done.stderr}")
    return json.loads(done.stdout[done.stdout.index("{"):])


TORCH = """
import json, statistics, sys, time, torch
from transformers import AutoModelForCausalLM
model, threads, batch, prompt, new, repeats = sys.argv[1], *map(int, sys.argv[2:])
torch.set_num_threads(threads)
model = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
tokens = (torch.arange(prompt) * 2654435761 % model.config.vocab_size).repeat(batch, 1)
prefill, decode = [], []
with torch.inference_mode():
    model(tokens[:, :32])
    for _ in range(repeats):
        start = time.perf_counter()
        out = model(tokens, use_cache=True, logits_to_keep=1)
        prefill.append(batch * prompt / (time.perf_counter() - start))
        token = out.logits[:, -1:].argmax(-1).reshape(batch, 1)
        start = time.perf_counter()
        for _ in range(new):
            out = model(token, past_key_values=out.past_key_values, use_cache=True)
            token = out.logits[:, -1:].argmax(-1).reshape(batch, 1)
        decode.append(batch * new / (time.perf_counter() - start))
medians = {"prefill_tokens_per_second": prefill, "decode_tokens_per_second": decode}
print(json.dumps({key: statistics.median(values) for key, values in medians.items()}))
"""


def print_rows(case, results):
    what = case["key"].split("_")[0]
    name = f"{what}, {case['prompt']} tokens"
    if case["batch"] > 1:
        name = f"{what}, {case['batch']} sequences of {case['prompt']} tokens"
    torch = statistics.median(results["PyTorch f32"])
    for model, rounds in results.items():
        median = statistics.median(rounds)
        spread = f"{min(rounds):.0f} to {max(rounds):.0f}"
        print(f"| {name} | {model} | {median:.0f} | {spread} | {median / torch:.2f} |", flush=True)


if __name__ == "__main__":
    main()
