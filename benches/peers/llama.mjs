// llama.cpp: how fast it reads a prompt and decodes after it.
//
//     npm install node-llama-cpp
//     node llama.mjs MODEL.gguf THREADS PROMPT_TOKENS NEW_TOKENS REPEATS
//
// Prints one JSON object with the medians in tokens per second. The prompt is of no meaning, as in `secateurs bench`.

import { getLlama, LlamaLogLevel } from "node-llama-cpp";

const [modelPath, ...sizes] = process.argv.slice(2);
const [threads, promptTokens, newTokens, repeats] = sizes.map(Number);
if (!modelPath || sizes.length !== 4) {
    console.error("usage: node llama.mjs MODEL.gguf THREADS PROMPT_TOKENS NEW_TOKENS REPEATS");
    process.exit(2);
}

const llama = await getLlama({ gpu: false, build: "never", maxThreads: threads, logLevel: LlamaLogLevel.error });
const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
const contextSize = promptTokens + newTokens + 8;
const context = await model.createContext({ contextSize, batchSize: promptTokens, threads, flashAttention: true });
const sequence = context.getSequence();
const vocabulary = model.fileInfo.metadata.tokenizer.ggml.tokens.length;
const prompt = Array.from({ length: promptTokens }, (_, index) => (Math.imul(index, 2654435761) >>> 0) % vocabulary);

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const prefill = [];
const decode = [];
for (let repeat = 0; repeat < repeats; repeat++) {
    await sequence.clearHistory();
    let start = performance.now();
    await sequence.evaluateWithoutGeneratingNewTokens(prompt);
    prefill.push((1000 * promptTokens) / (performance.now() - start));
    // Every token asks for logits and a greedy choice, so that the output matrix is read as well.
    const generated = sequence.evaluate([prompt[0]], { temperature: 0, yieldEogToken: true });
    await generated.next();
    start = performance.now();
    for (let index = 0; index < newTokens; index++) await generated.next();
    decode.push((1000 * newTokens) / (performance.now() - start));
}
console.log(JSON.stringify({ prefill_tokens_per_second: median(prefill), decode_tokens_per_second: median(decode) }));
process.exit(0);
