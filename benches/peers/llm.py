"""PyTorch peer of `secateurs` for LLaMA-architecture models: export, evaluate and prune on the CPU in f32.

    python llm.py export MODEL.gguf FOLDER
    python llm.py eval MODEL --text TEXT
    python llm.py prune MODEL --method wanda --sparsity 0.5 --text CALIBRATION --eval-text TEXT

MODEL is a GGUF file or a folder that transformers opens. `eval` and `prune` print one JSON object.
"""

import argparse
import json
import math
import resource
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import gguf
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from solvers import METHODS, Target

# Loading.

GGUF_BLOCK = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}
GGUF_TOP = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
CONTROL_TOKEN = 3


def load(path):
    """The model in f32 and its tokenizer."""
    if Path(path).is_file():
        return load_gguf(path)
    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    return model.eval(), AutoTokenizer.from_pretrained(path)


def load_gguf(path):
    reader = gguf.GGUFReader(path)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    if fields["general.architecture"] != "llama":
        sys.exit(f"{path}: architecture {fields['general.architecture']}, expected llama")
    config = gguf_config(fields, {tensor.name for tensor in reader.tensors})
    model = LlamaForCausalLM(config)
    state = {}
    for tensor in reader.tensors:
        value = torch.from_numpy(gguf.quants.dequantize(tensor.data, tensor.tensor_type).copy()).float()
        if "attn_q." in tensor.name:
            value = unpermute(value, config.num_attention_heads)
        elif "attn_k." in tensor.name:
            value = unpermute(value, config.num_key_value_heads)
        state[hf_name(tensor.name)] = value
    if config.tie_word_embeddings:
        state["lm_head.weight"] = state["model.embed_tokens.weight"]
    model.load_state_dict(state)
    model.tie_weights()
    return model.eval(), gguf_tokenizer(fields)


def gguf_config(fields, tensor_names):
    def get(name):
        return fields[f"llama.{name}"]

    tokens = {name: fields.get(f"tokenizer.ggml.{name}_token_id") for name in ("bos", "eos", "padding")}
    return LlamaConfig(
        vocab_size=len(fields["tokenizer.ggml.tokens"]),
        hidden_size=get("embedding_length"),
        intermediate_size=get("feed_forward_length"),
        num_hidden_layers=get("block_count"),
        num_attention_heads=get("attention.head_count"),
        num_key_value_heads=get("attention.head_count_kv"),
        max_position_embeddings=get("context_length"),
        rms_norm_eps=get("attention.layer_norm_rms_epsilon"),
        rope_parameters={"rope_type": "default", "rope_theta": get("rope.freq_base")},
        tie_word_embeddings="output.weight" not in tensor_names,
        bos_token_id=tokens["bos"],
        eos_token_id=tokens["eos"],
        pad_token_id=tokens["padding"],
        dtype="float32",
    )


def hf_name(name):
    if name.startswith("blk."):
        _, index, part, suffix = name.split(".")
        return f"model.layers.{index}.{GGUF_BLOCK[part]}.{suffix}"
    part, suffix = name.split(".")
    return f"{GGUF_TOP[part]}.{suffix}"


def unpermute(weight, n_heads):
    """GGUF rotates adjacent pairs of a head, transformers its two halves."""
    d_output, d_input = weight.shape
    pairs = weight.reshape(n_heads, d_output // n_heads // 2, 2, d_input)
    return pairs.transpose(1, 2).reshape(d_output, d_input).contiguous()


def gguf_tokenizer(fields):
    """Byte-level BPE of the GPT-2 kind; SmolLM splits digits first."""
    tokens = fields["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    steps = [pre_tokenizers.ByteLevel(add_prefix_space=False)]
    if fields["tokenizer.ggml.pre"] == "smollm":
        steps.insert(0, pre_tokenizers.Digits(individual_digits=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    tokenizer.decoder = decoders.ByteLevel()
    kinds = fields["tokenizer.ggml.token_type"]
    special = [token for token, kind in zip(tokens, kinds) if kind == CONTROL_TOKEN]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=tokens[fields["tokenizer.ggml.bos_token_id"]],
        eos_token=tokens[fields["tokenizer.ggml.eos_token_id"]],
        chat_template=fields.get("tokenizer.chat_template"),
    )


def first_windows(tokenizer, text_path, window, n_windows):
    """`[n_windows, window]` token ids: no special tokens, no overlap. Python reads CRLF line ends as LF."""
    text = Path(text_path).read_text(encoding="utf-8")
    ids = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    if len(ids) < window * n_windows:
        sys.exit(f"{text_path}: {len(ids)} tokens, {n_windows} windows of {window} need {window * n_windows}")
    return torch.tensor(ids[: window * n_windows]).reshape(n_windows, window)


# Perplexity.


@torch.inference_mode()
def evaluate(model, windows):
    """exp of the mean over windows of the mean next-token loss, with the time of the forwards and losses."""
    start = time.perf_counter()
    losses = []
    for ids in windows:
        logits = model(ids[None], use_cache=False).logits[0]
        losses.append(torch.nn.functional.cross_entropy(logits[:-1], ids[1:]).item())
    seconds = time.perf_counter() - start
    return {
        "perplexity": math.exp(sum(losses) / len(losses)),
        "seconds": seconds,
        "tokens_per_second": windows.numel() / seconds,
    }


# Pruning.


@torch.no_grad()
def prune_blocks(model, windows, method, target, layers):
    """Block by block: statistics through the dense block, prune, forward again through the pruned block.

    Methods without statistics need no forwards.
    """
    solver, statistics_type = METHODS[method]
    seconds = {"statistics": 0.0, "solve": 0.0}
    decoder = model.model
    hidden = []
    if statistics_type is not None:
        hidden = [decoder.embed_tokens(ids[None]) for ids in windows]
        position_ids = torch.arange(windows.shape[1])[None]
        rotary = decoder.rotary_emb(hidden[0], position_ids)

    def forward(block, x):
        return block(x, attention_mask=None, position_ids=position_ids, position_embeddings=rotary)

    for index in range(layers.stop):
        block = decoder.layers[index]
        if index in layers:
            linears = {name: m for name, m in block.named_modules() if isinstance(m, torch.nn.Linear)}
            statistics = dict.fromkeys(linears)
            if statistics_type is not None:
                statistics = {name: statistics_type(linear.in_features) for name, linear in linears.items()}
                with recording(linears, statistics, seconds):
                    for x in hidden:
                        forward(block, x)
            start = time.perf_counter()
            for name, linear in linears.items():
                linear.weight.copy_(solver(linear.weight, statistics[name], target))
            seconds["solve"] += time.perf_counter() - start
        hidden = [forward(block, x) for x in hidden]
        print(f"block {index}: solve {seconds['solve']:.2f} s so far", file=sys.stderr, flush=True)
    return seconds


@contextmanager
def recording(linears, statistics, seconds):
    """While it lasts, every input of a Linear goes into its statistics."""
    hooks = [
        linear.register_forward_pre_hook(recorder(statistics[name], seconds)) for name, linear in linears.items()
    ]
    yield
    for hook in hooks:
        hook.remove()


def recorder(statistics, seconds):
    def record(_linear, inputs):
        start = time.perf_counter()
        statistics.add(inputs[0].reshape(-1, inputs[0].shape[-1]))
        seconds["statistics"] += time.perf_counter() - start

    return record


def zero_fraction(model, layers):
    linears = [m for i in layers for m in model.model.layers[i].modules() if isinstance(m, torch.nn.Linear)]
    zeros = sum((linear.weight == 0).sum().item() for linear in linears)
    return zeros / sum(linear.weight.numel() for linear in linears)


def block_range(text, n_blocks):
    """`first..end` without `end`, either of them optional."""
    if text is None:
        return range(n_blocks)
    first, end = text.split("..")
    return range(int(first or 0), min(int(end or n_blocks), n_blocks))


def peak_rss_bytes():
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


# Commands.


def export_command(arguments):
    model, tokenizer = load_gguf(arguments.gguf)
    model.save_pretrained(arguments.out)
    tokenizer.save_pretrained(arguments.out)


def eval_command(arguments):
    model, tokenizer = load(arguments.model)
    windows = first_windows(tokenizer, arguments.text, arguments.window, arguments.windows)
    report = evaluate(model, windows)
    print_report(arguments, report | {"peak_rss_bytes": peak_rss_bytes()})


def prune_command(arguments):
    target = Target.pattern(arguments.pattern) if arguments.pattern else Target(arguments.sparsity)
    load_start = time.perf_counter()
    model, tokenizer = load(arguments.model)
    windows = first_windows(tokenizer, arguments.text, arguments.window, arguments.windows)
    layers = block_range(arguments.layers, len(model.model.layers))
    torch.manual_seed(arguments.seed)

    start = time.perf_counter()
    seconds = prune_blocks(model, windows, arguments.method, target, layers)
    report = {
        "method": arguments.method,
        "pattern": str(target),
        "sparsity": zero_fraction(model, layers),
        "blocks": len(layers),
        "load_seconds": start - load_start,
        "solve_seconds": seconds["solve"],
        "statistics_seconds": seconds["statistics"],
        "total_seconds": time.perf_counter() - start,
        "peak_rss_bytes": peak_rss_bytes(),
    }
    if arguments.out:
        model.save_pretrained(arguments.out)
        tokenizer.save_pretrained(arguments.out)
    if arguments.eval_text:
        windows = first_windows(tokenizer, arguments.eval_text, arguments.window, arguments.eval_windows)
        result = evaluate(model, windows)
        report["perplexity"] = result["perplexity"]
        report["eval_seconds"] = result["seconds"]
    print_report(arguments, report)


def print_report(arguments, report):
    print(json.dumps(report | {"threads": arguments.threads, "torch": torch.__version__}))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)

    export = commands.add_parser("export", help="dequantise a GGUF file to an f32 transformers folder")
    export.add_argument("gguf")
    export.add_argument("out")
    export.set_defaults(run=export_command)

    evaluation = commands.add_parser("eval", help="perplexity and speed")
    evaluation.add_argument("model")
    evaluation.add_argument("--text", required=True)
    evaluation.add_argument("--window", type=int, default=1024)
    evaluation.add_argument("--windows", type=int, default=8)
    evaluation.set_defaults(run=eval_command)

    prune = commands.add_parser("prune", help="prune block by block and report times and perplexity")
    prune.add_argument("model")
    prune.add_argument("--method", choices=METHODS, required=True)
    amount = prune.add_mutually_exclusive_group(required=True)
    amount.add_argument("--sparsity", type=float, help="fraction of zeros")
    amount.add_argument("--pattern", help="KEEP:GROUP, for example 2:4")
    prune.add_argument("--text", required=True, help="calibration text")
    prune.add_argument("--window", type=int, default=1024)
    prune.add_argument("--windows", type=int, default=16)
    prune.add_argument("--layers", help="FIRST..END, blocks to prune (END excluded); later blocks are not run")
    prune.add_argument("--seed", type=int, default=0, help="of the random method")
    prune.add_argument("--eval-text")
    prune.add_argument("--eval-windows", type=int, default=8)
    prune.add_argument("--out", help="folder for the pruned model")
    prune.set_defaults(run=prune_command)

    for command in (export, evaluation, prune):
        command.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    arguments.run(arguments)


if __name__ == "__main__":
    main()
