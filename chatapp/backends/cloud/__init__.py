"""Any OpenAI-compatible server, whatever its habits."""
