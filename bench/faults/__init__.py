"""Faults caused for real against a running `firstline serve`, each with what the customer reads and what is stored.

    python -m bench.faults provider     some ninety ways in which a cloud server misbehaves
    python -m bench.faults database     locked, full, stopped and killed databases; ends of the process; junk input
    python -m bench.faults kills        the process killed again and again, with conversations amid their answers

Each prints a table, and ends with status 1 when a row is not as it must be.
"""
