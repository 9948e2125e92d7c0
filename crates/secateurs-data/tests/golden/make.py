"""Makes the expected values in this folder with independent implementations.

    pip install gguf==0.19.0 numpy regex==2026.5.9 sentencepiece==0.2.3 tokenizers==0.23.3
    python make.py

blocks.json       random blocks of every encoding, decoded by the package `gguf`
splits.json       texts cut into words by the package `regex`
byte_level.json   a small byte-level BPE vocabulary trained here, and ids from the package `tokenizers`
sentencepiece.json  a small SentencePiece vocabulary trained here, and ids from the package `sentencepiece`
"""

import io
import json

import gguf
import numpy as np
import regex
import sentencepiece
import tokenizers
from gguf import GGMLQuantizationType as Q

TEXTS = [
    "Hello world",
    "Hello  world, it's 2024!  ",
    "\n\n = Robert Boulter = \n\n\n He'll earn $1,234.50 (12345678) on 3.14.\t\tTabs\r\n",
    "naïve café — 東京 ١٢٣ 😀 e\u0301 ∑x² ½",
    "",
    " ",
    "THE END. They'RE here'S fn_main(x)=>y+1;",
]

TRAINING = [
    "the quick brown fox jumps over the lazy dog in 1984 and 2001 . it 's a test , isn 't it ?",
    "hello world , hello there ; the end of the beginning is the beginning of the end .",
    "pruning removes weights ; the weights that remain must absorb the error of those removed .",
    "he earned 1,234 dollars and she earned 5,678 dollars ; they were here in the winter .",
]


def blocks():
    random = np.random.default_rng(20)
    out = {}
    # Positions of the half-precision scales in each block.
    scales = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
              "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}
    for name, positions in scales.items():
        kind = Q[name]
        values, size = gguf.GGML_QUANT_SIZES[kind]
        n = 4 if values == 32 else 2
        data = random.integers(0, 256, (n, size), dtype=np.uint8)
        for row in data:
            for position in positions:
                scale = np.float16(random.normal() * 10.0 ** random.integers(-6, 2))
                row[position:position + 2] = np.frombuffer(scale.tobytes(), np.uint8)
        decoded = gguf.quants.dequantize(data, kind).astype("<f4")
        out[name] = {"bytes": data.tobytes().hex(), "values": decoded.tobytes().hex()}
    return out


def splits():
    gpt2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"
    patterns = {
        "gpt-2": [gpt2],
        "smollm": [r"\p{N}", gpt2],
        "llama-bpe": [r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
                      r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"],
        "default": [r"[\p{P}\$\+<=>\^~\|]+", gpt2, r"\p{N}+", r"[0-9][0-9][0-9]"],
    }

    def cut(words, pattern):
        for word in words:
            end = 0
            for match in regex.finditer(pattern, word):
                if match.start() > end:
                    yield word[end:match.start()]
                if match.end() > match.start():
                    yield match.group()
                end = match.end()
            if end < len(word):
                yield word[end:]

    out = {}
    for name, steps in patterns.items():
        out[name] = []
        for text in TEXTS:
            words = [text] if text else []
            for step in steps:
                words = list(cut(words, step))
            out[name].append(words)
    return {"texts": TEXTS, "words": out}


def byte_level():
    from tokenizers import decoders, models, pre_tokenizers, trainers
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>"]
    trainer = trainers.BpeTrainer(vocab_size=379, special_tokens=special, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(TRAINING, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    texts = TEXTS + ["<|im_start|>the end<|endoftext|> of it"]
    ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    return {"tokens": tokens, "token_type": [3 if t in special else 1 for t in tokens], "merges": merges,
            "texts": texts, "ids": ids}


def sentence_piece():
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TRAINING), model_writer=model, model_type="bpe", vocab_size=400, byte_fallback=True,
        character_coverage=1.0, split_digits=True, normalization_rule_name="identity", remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True, minloglevel=2)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    n = processor.vocab_size()
    kind = lambda i: (2 if processor.is_unknown(i) else 3 if processor.is_control(i) else
                      6 if processor.is_byte(i) else 1)
    texts = [text for text in TEXTS if text]
    return {"tokens": [processor.id_to_piece(i) for i in range(n)],
            "scores": [processor.get_score(i) for i in range(n)],
            "token_type": [kind(i) for i in range(n)],
            "texts": texts, "ids": [processor.encode(text) for text in texts]}


def write(name, value):
    with open(name, "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")


write("blocks.json", blocks())
write("splits.json", splits())
write("byte_level.json", byte_level())
write("sentencepiece.json", sentence_piece())
