"""Faults caused in a running `firstline serve`, each with what the customer reads and what is stored.

    python -m bench.faults provider     some 125 ways in which a cloud server misbehaves
    python -m bench.faults database     locked, full, stopped and killed databases; ends of the process; junk input
    python -m bench.faults kills        the process killed repeatedly while conversations are being answered

Each prints a table, and exits with status 1 when a row fails.
"""
