"""The browser's and the programs' way in: pages, socket, API."""
