"""An encoder of the shipped one's kind, with random weights: for what must be exported and tuned, not make sense."""

import json
import shutil
from pathlib import Path


def write_tiny_encoder(folder: Path, *, wide: int = 48, layers: int = 2) -> Path:
    """A sentence-transformers model in the shipped one's form and with its vocabulary, narrow and untaught."""
    import torch
    from safetensors.torch import save_file
    from transformers import AutoModel, BertConfig

    from router.encoder.encoder import shipped_model as shipped_encoder

    shutil.copytree(shipped_encoder(), folder, ignore=shutil.ignore_patterns("*.safetensors", "*.bin", "*.onnx"))
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_size": wide, "intermediate_size": 2 * wide}
    config |= {"num_hidden_layers": layers, "num_attention_heads": 4}
    (folder / "config.json").write_text(json.dumps(config))
    torch.manual_seed(1)
    made = AutoModel.from_config(BertConfig.from_pretrained(folder))
    save_file(made.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
    pooling = folder / "1_Pooling" / "config.json"
    pooling.write_text(json.dumps(json.loads(pooling.read_text()) | {"word_embedding_dimension": wide}))
    return folder
