"""LiteLLM's proxy in front of the model backend at BACKEND, on a free port of this machine, until standard input ends.

Usage: litellm_proxy.py BACKEND KEY [MODEL...]. The name of a model says in which dialect the proxy asks the backend, whatever
dialect it is asked in: `by-responses`, `by-chat` and `by-messages`; `as-is` leaves that to the proxy. Further models are
asked for by their own names, as OpenAI's are.
"""

import asyncio
import json
import os
import sys
import tempfile

backend, key, *models = sys.argv[1:]

# How LiteLLM names a kind of provider. The third takes the address without the version.
MODELS = {
    "as-is": ("openai/sim-model", backend),
    "by-responses": ("openai/responses/sim-model", backend),
    "by-chat": ("hosted_vllm/sim-model", backend),
    "by-messages": ("anthropic/sim-model", backend.removesuffix("/v1")),
}
MODELS.update({name: ("openai/" + name, backend) for name in models})
CONFIG = {
    "model_list": [
        {"model_name": name, "litellm_params": {"model": model, "api_base": base, "api_key": key}}
        for name, (model, base) in MODELS.items()
    ],
    "general_settings": {"master_key": key},
    # Without it a field that only one dialect has, such as prompt_cache_key, is an error.
    "litellm_settings": {"drop_params": True, "telemetry": False},
}

# It would ask the net for prices.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"


async def main(config):
    os.environ["CONFIG_FILE_PATH"] = config
    import uvicorn
    from litellm.proxy.proxy_server import app

    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():
        await asyncio.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    print(f"listening on http://127.0.0.1:{port}/v1", file=out, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await serving


# The address is the first that is printed: whatever the proxy says goes to standard error.
out, sys.stdout = sys.stdout, sys.stderr
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "config.yaml")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(CONFIG, file)  # JSON is YAML.
    asyncio.run(main(path))
