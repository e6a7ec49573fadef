"""llama.cpp's server with a tiny model of random weights, made on the spot, until standard input ends.

It knows single bytes and a few words, and says them in no order at all: only the wire is of interest here.
"""

import asyncio
import os
import sys
import tempfile

import gguf
import numpy

WORDS = ["▁wings", "▁and", "▁silence", "▁the", "▁model", "▁answers", "▁before", "▁it", "▁ends", "▁ü", "▁—", "▁🪽"]
SPECIAL = ["<unk>", "<s>", "</s>"]
END = SPECIAL.index("</s>")
WIDTH, HEADS, CONTEXT = 32, 2, 32768


def tokens():
    """Text, score and kind of each token; bytes stand in for whatever has no token of its own."""
    kinds = gguf.TokenType
    yield from zip(SPECIAL, [0.0] * 3, [kinds.UNKNOWN, kinds.CONTROL, kinds.CONTROL])
    yield from ((f"<0x{byte:02X}>", 0.0, kinds.BYTE) for byte in range(256))
    yield from ((word, -1.0, kinds.NORMAL) for word in WORDS)


def write_model(path):
    texts, scores, kinds = zip(*tokens())
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("random")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(2 * WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([text.encode() for text in texts])
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(END)
    dice = numpy.random.default_rng(1)

    def add(name, *shape):
        weights = dice.standard_normal(shape) if len(shape) == 2 else numpy.ones(shape)
        if name == "output.weight":
            # The end comes soon, and words more often than bytes that are no text.
            weights[END] *= 3
            weights[-len(WORDS):] *= 4
        writer.add_tensor(name, weights.astype(numpy.float32))

    add("token_embd.weight", len(texts), WIDTH)
    add("output.weight", len(texts), WIDTH)
    add("output_norm.weight", WIDTH)
    for part in ("attn_norm", "ffn_norm"):
        add(f"blk.0.{part}.weight", WIDTH)
    for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
        add(f"blk.0.{part}.weight", WIDTH, WIDTH)
    for part in ("ffn_gate", "ffn_up"):
        add(f"blk.0.{part}.weight", 2 * WIDTH, WIDTH)
    add("blk.0.ffn_down.weight", WIDTH, 2 * WIDTH)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


async def main(path):
    import uvicorn
    from llama_cpp.server.app import create_app
    from llama_cpp.server.settings import ModelSettings, ServerSettings

    write_model(path)
    model = ModelSettings(model=path, model_alias="random", n_ctx=CONTEXT, n_threads=1, seed=1, verbose=False)
    app = create_app(server_settings=ServerSettings(), model_settings=[model])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():
        await asyncio.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    print(f"listening on http://127.0.0.1:{port}/v1", file=out, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await serving


# The address is the first that is printed: whatever the server says goes to standard error.
out, sys.stdout = sys.stdout, sys.stderr
with tempfile.TemporaryDirectory() as folder:
    asyncio.run(main(os.path.join(folder, "random.gguf")))
