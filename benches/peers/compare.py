"""`secateurs` against the PyTorch peer: same model, texts and threads, in one run.

    python compare.py path/to/secateurs --model MODEL --calibration TEXT --text TEXT --threads 2

Both programs run as fresh processes, one after the other, ours first. MODEL is a GGUF file or a transformers folder,
and both read the same one. The texts are copied with LF line ends first, so that both read the same bytes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

PEER = Path(__file__).with_name("llm.py")
METHODS = ["magnitude", "wanda", "ria", "sparsegpt", "l-admm", "alps"]


def main():
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        arguments.text = with_lf(arguments.text, scratch / "eval.txt")
        arguments.calibration = with_lf(arguments.calibration, scratch / "calibration.txt")
        print(f"threads {arguments.threads}, best of {arguments.repeats}; ratios are peer / ours, above 1 is ours faster")
        records = [compare_eval(arguments)]
        print_eval(records[0])
        print_header()
        for method in arguments.methods:
            for target in arguments.targets:
                records.append(compare_prune(arguments, method, target, scratch / "pruned"))
                print_prune(records[-1])
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(records, indent=2) + "\n")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("secateurs", help="the binary")
    parser.add_argument("--model", required=True)
    parser.add_argument("--calibration", required=True, help="calibration text")
    parser.add_argument("--text", required=True, help="evaluation text")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--methods", type=lambda text: text.split(","), default=METHODS)
    parser.add_argument(
        "--targets", type=lambda text: text.split(","), default=["0.5", "2:4"], help="sparsities and KEEP:GROUP patterns"
    )
    parser.add_argument("--window", type=int, default=1024)
    parser.add_argument("--windows", type=int, default=16, help="of calibration")
    parser.add_argument("--eval-windows", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=1, help="runs per program; the fastest counts")
    parser.add_argument("--json", help="file for all reports")
    return parser.parse_args()


def with_lf(source, destination):
    destination.write_bytes(Path(source).read_bytes().replace(b"\r\n", b"\n"))
    return str(destination)


def compare_eval(arguments):
    ours, peer = [], []
    for _ in range(arguments.repeats):
        ours.append(our_eval(arguments, arguments.model))
        peer.append(run_peer(arguments, "eval", arguments.model, *eval_options(arguments)))
    speed = "tokens_per_second"
    return {"command": "eval", "ours": max(ours, key=lambda r: r[speed]), "peer": max(peer, key=lambda r: r[speed])}


def compare_prune(arguments, method, target, out):
    amount = ["--pattern" if ":" in target else "--sparsity", target]
    window = ["--window", arguments.window, "--windows", arguments.windows]
    ours, peer = [], []
    for repeat in range(arguments.repeats):
        destination = f"{out}-{method}-{target.replace(':', '-')}-{repeat}"
        options = ["--method", method, *amount]
        ours.append(
            run_ours(
                arguments, "prune", arguments.model, *options, *our_calibration(arguments, method), "-o", destination
            )
        )
        evaluation = our_eval(arguments, destination)
        ours[-1]["perplexity"] = evaluation["perplexity"]
        peer.append(
            run_peer(
                arguments,
                "prune",
                arguments.model,
                *options,
                *window,
                *("--text", arguments.calibration),
                *("--eval-text", arguments.text, "--eval-windows", arguments.eval_windows),
            )
        )

    def solve_seconds(report):
        return report["solve_seconds"]

    return {
        "command": "prune",
        "method": method,
        "target": target,
        "ours": min(ours, key=solve_seconds),
        "peer": min(peer, key=solve_seconds),
    }


def our_calibration(arguments, method):
    """Options that calibrate `method`; secateurs refuses them where nothing would be observed."""
    if method in ("random", "magnitude"):
        return []
    return ["--calibration", arguments.calibration, "--window", arguments.window, "--windows", arguments.windows]


def our_eval(arguments, model):
    return run_ours(arguments, "eval", model, *eval_options(arguments))


def eval_options(arguments):
    return ["--text", arguments.text, "--window", arguments.window, "--windows", arguments.eval_windows]


def run_ours(arguments, *words):
    environment = os.environ | {"RAYON_NUM_THREADS": str(arguments.threads)}
    return run([arguments.secateurs, *words, "--json"], environment)


def run_peer(arguments, *words):
    threads = str(arguments.threads)
    environment = os.environ | {"OMP_NUM_THREADS": threads}
    return run([sys.executable, PEER, *words, "--threads", threads], environment)


def run(words, environment):
    words = [str(word) for word in words]
    done = subprocess.run(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}\nended with {done.returncode}:\n{done.stderr[-2000:]}")
    return report_of(words, done.stdout)


def report_of(words, stdout):
    """The whole output, or its last line if log lines precede the report."""
    for text in (stdout, stdout.strip().rpartition("\n")[2]):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            continue
    sys.exit(f"{' '.join(words)}\nprinted no JSON report:\n{stdout[-2000:]}")


# Tables.

COLUMNS = "{:<16} {:>6} {:>10} {:>10} {:>7} {:>10} {:>10} {:>7} {:>8} {:>8} {:>11} {:>11}"


def print_eval(record):
    ours, peer = record["ours"], record["peer"]
    ratio = ours["tokens_per_second"] / peer["tokens_per_second"]
    print(
        f"eval: perplexity ours {ours['perplexity']:.4f}, peer {peer['perplexity']:.4f}; "
        f"tokens/s ours {ours['tokens_per_second']:.1f}, peer {peer['tokens_per_second']:.1f}, ratio {ratio:.2f}"
    )


def print_header():
    names = ["method", "target", "solve ours", "solve peer", "ratio", "total ours", "total peer", "ratio"]
    print(COLUMNS.format(*names, "MiB ours", "MiB peer", "ppl ours", "ppl peer"))


def print_prune(record):
    ours, peer = record["ours"], record["peer"]
    cells = [record["method"], record["target"]]
    for name in ("solve_seconds", "total_seconds"):
        ratio = peer[name] / ours[name] if ours[name] > 0 else float("inf")
        cells += [f"{ours[name]:.3f}", f"{peer[name]:.3f}", f"{ratio:.2f}"]
    cells += [f"{report['peak_rss_bytes'] / 2**20:.0f}" for report in (ours, peer)]
    cells += [f"{report['perplexity']:.3f}" for report in (ours, peer)]
    print(COLUMNS.format(*cells), flush=True)


if __name__ == "__main__":
    main()
