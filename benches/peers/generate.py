"""`secateurs` beside llama.cpp and PyTorch: prefill and decoding of one model, in one run.

    python generate.py path/to/secateurs --threads 2 --ours DENSE PACKED .. --llama MODEL.gguf .. --torch FOLDER

Every program is started anew in every round, all of them in turn, so that a slow minute of the machine strikes all; the medians
over the rounds are printed. `--llama` needs `npm install node-llama-cpp` beside `llama.mjs` (or in `--node-modules`).
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main():
    arguments = parse_arguments()
    results = {}
    for round_ in range(arguments.rounds):
        for name, run in programs(arguments):
            print(f"round {round_ + 1}: {name}", file=sys.stderr)
            results.setdefault(name, []).append(run())
    print(f"{arguments.threads} threads, {arguments.prompt_tokens} prompt tokens, {arguments.new_tokens} new tokens, "
          f"medians of {arguments.rounds} rounds\n")
    print("| model | prefill tokens/s | decode tokens/s | least to most | MiB per token | of bandwidth |")
    print("|---|---|---|---|---|---|")
    for name, rounds in results.items():
        print_row(name, rounds)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(results, indent=2) + "\n")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("secateurs", help="the binary")
    parser.add_argument("--ours", nargs="*", default=[], help="folders, dense or packed")
    parser.add_argument("--llama", nargs="*", default=[], help="GGUF files")
    parser.add_argument("--torch", help="a transformers folder")
    parser.add_argument("--node-modules", default=str(HERE), help="folder that has node_modules")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--prompt-tokens", type=int, default=512)
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", help="file for all figures")
    return parser.parse_args()


def programs(arguments):
    for model in arguments.ours:
        yield f"secateurs {Path(model).name}", lambda: run_ours(arguments, model)
    for model in arguments.llama:
        yield f"llama.cpp {Path(model).stem}", lambda: run_llama(arguments, model)
    if arguments.torch:
        for dtype in ("float32", "bfloat16"):
            yield f"PyTorch {dtype}", lambda: run_torch(arguments, dtype)


def run_ours(arguments, model):
    command = [arguments.secateurs, "bench", model, "--json", "--repeats", "1"]
    command += ["--threads", arguments.threads, "--prompt-tokens", arguments.prompt_tokens]
    report = run([*command, "--new-tokens", arguments.new_tokens])
    return report["models"][0]


def run_llama(arguments, model):
    # A script finds packages beside itself only.
    script = Path(arguments.node_modules) / "llama.mjs"
    if not script.exists():
        script.write_text((HERE / "llama.mjs").read_text())
    sizes = [arguments.threads, arguments.prompt_tokens, arguments.new_tokens, 1]
    return run(["node", script, model, *sizes])


def run_torch(arguments, dtype):
    sizes = [arguments.threads, arguments.prompt_tokens, arguments.new_tokens]
    return run([sys.executable, "-c", TORCH, arguments.torch, dtype, *sizes])


def run(command):
    command = [str(word) for word in command]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command[:3])} failed:\n{done.stderr}")
    return json.loads(done.stdout[done.stdout.index("{"):])


TORCH = """
import json, sys, time, torch
from transformers import AutoModelForCausalLM
model, dtype, threads, prompt, new = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
torch.set_num_threads(threads)
model = AutoModelForCausalLM.from_pretrained(model, dtype=getattr(torch, dtype)).eval()
tokens = (torch.arange(prompt) * 2654435761 % model.config.vocab_size)[None]
with torch.inference_mode():
    model(tokens[:, :32])
    start = time.perf_counter()
    out = model(tokens, use_cache=True, logits_to_keep=1)
    prefill = prompt / (time.perf_counter() - start)
    token = out.logits[:, -1:].argmax(-1)
    start = time.perf_counter()
    for _ in range(new):
        out = model(token, past_key_values=out.past_key_values, use_cache=True)
        token = out.logits[:, -1:].argmax(-1)
    decode = new / (time.perf_counter() - start)
print(json.dumps({"prefill_tokens_per_second": prefill, "decode_tokens_per_second": decode}))
"""


def print_row(name, rounds):
    def median(key):
        return statistics.median(row[key] for row in rounds)

    decode = [row["decode_tokens_per_second"] for row in rounds]
    cells = [name, f"{median('prefill_tokens_per_second'):.0f}", f"{statistics.median(decode):.1f}"]
    cells.append(f"{min(decode):.1f} to {max(decode):.1f}")
    if "bytes_per_token" in rounds[0]:
        cells += [f"{median('bytes_per_token') / 2**20:.0f}", f"{100 * median('bandwidth_share'):.0f} %"]
    else:
        cells += ["", ""]
    print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
