"""Learning from outcomes: which messages the local model answers well."""
